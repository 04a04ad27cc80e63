import { TlsError } from "pollux";

/** Whether it is what a stream fails with when the other side does: an error of the system, of TLS, or that it is closed. @internal */
export function isOfStream(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }; // Any property of an error may be there.
  return (
    error instanceof TlsError ||
    typeof syscall === "string" ||
    (typeof code === "string" && OF_STREAMS.has(code))
  );
}

const OF_STREAMS: ReadonlySet<string> = new Set([
  "POLLUX_CLOSED",
  "POLLUX_UNEXPECTED_EOF",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
]);
