import { ClosedError } from "../core/errors.ts";
import type { Duplex } from "../io/duplex.ts";
import type { NodeTlsSocket } from "../node/node-types.ts";
import { TlsError } from "./tls-error.ts";
import { TlsTransport } from "./tls-transport.ts";

interface Failure {
  readonly error: unknown;
  reported: boolean;
}

/**
 * What is known of one connection, from before its handshake to its end: how it has come out, and what is told meanwhile.
 *
 * @internal
 */
export class Session {
  readonly transport: TlsTransport;
  /** The name that the client asked for, on its side. */
  readonly servername: string | null;
  /** How the handshake has ended. */
  outcome: { readonly socket: NodeTlsSocket } | { readonly error: unknown } | null;
  /** See `TlsStream.sessionTicket`. */
  ticket: Uint8Array | undefined;
  /** Whether what is under TLS has ended before TLS has. */
  isTruncated: boolean;
  private hasEnded: boolean;
  private socket: NodeTlsSocket | null;
  /** Of TLS, since the handshake. Node tells of it once, and goes on as if nothing more came. */
  private failure: Failure | null;
  private isClosed: boolean;

  constructor(inner: Duplex, servername: string | null) {
    this.servername = servername;
    this.outcome = null;
    this.ticket = undefined;
    this.isTruncated = false;
    this.hasEnded = false;
    this.socket = null;
    this.failure = null;
    this.isClosed = false;
    this.transport = new TlsTransport(inner, () => {
      this.isTruncated = !this.hasEnded;
    });
  }

  /** Listens to what the socket tells. */
  follow(socket: NodeTlsSocket): void {
    this.socket = socket;
    // Whoever reads or writes is told; without a listener, one that nobody waits for would end the process.
    socket.on("error", (error) => this.fail(error));
    socket.on("session", (ticket) => {
      this.ticket = ticket;
    });
    // Node's end looks the same with and without the peer's `close_notify`. It comes here in the very call in which it is
    // read, so before the end of what is under TLS is.
    const push = socket.push.bind(socket);
    socket.push = (chunk, encoding) => {
      if (chunk === null) this.hasEnded = true;
      return push(chunk, encoding);
    };
  }

  succeed(socket: NodeTlsSocket): void {
    this.settle({ socket });
  }

  fail(error: unknown): void {
    if (this.outcome === null) this.settle({ error });
    // What Node says of what `close` has given up is nobody's.
    else if (!this.isClosed) this.failure ??= { error: asTlsError(error), reported: false };
  }

  /** Throws what TLS has failed with since the handshake. */
  requireSound(): void {
    if (this.failure !== null && !this.isClosed) throw this.report(this.failure);
  }

  /** What an operation fails with that has met an error of Node's stream. */
  failureOf(error: unknown): unknown {
    if (isOurs(error)) return error;
    this.fail(error);
    return this.failure === null ? error : this.report(this.failure);
  }

  /** A failure itself the first time, and as a cause from then on. */
  private report(failure: Failure): unknown {
    if (failure.reported) return new ClosedError("this TLS stream", { cause: failure.error });
    failure.reported = true;
    return failure.error;
  }

  /** Closes the stream under TLS. */
  close(): void {
    this.isClosed = true;
    this.transport.close();
  }

  /** Gives up what there is, with the stream. */
  abandon(): void {
    this.socket?.destroy();
    this.transport.stream.destroy();
    this.close();
  }

  private settle(outcome: { readonly socket: NodeTlsSocket } | { readonly error: unknown }): void {
    this.outcome ??= outcome;
    this.transport.reading.wake();
  }
}

/** What Node's TLS fails with; errors of our own are what they are. */
function asTlsError(error: unknown): unknown {
  return isOurs(error) ? error : new TlsError("TLS", error);
}

function isOurs(error: unknown): boolean {
  const { code } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  return code?.startsWith("POLLUX_") === true;
}
