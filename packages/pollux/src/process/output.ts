import { tryJoin } from "../combine/try-join.ts";
import { co } from "../core/coroutine.ts";
import type { Future } from "../core/future.ts";
import type { LimitOptions } from "../io/limit.ts";
import type { Reader } from "../io/reader.ts";
import type { Writer } from "../io/writer.ts";
import type { ExitStatus } from "./exit-status.ts";

/** What a process has written, and how it has ended. */
export interface Output {
  readonly status: ExitStatus;
  /** Empty if it was no pipe. */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** A process with its pipes. */
interface Piped {
  readonly stdin: Writer | null;
  readonly stdout: Reader | null;
  readonly stderr: Reader | null;
  wait(): Future<ExitStatus>;
}

/** A child need not read all of its input. */
const feed = co(function* input(stdin: Writer | null, bytes: Uint8Array) {
  if (stdin === null) return;
  try {
    yield* stdin.writeAll(bytes);
    yield* stdin.shutdown();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
});

const readWhole = co(function* readOutput(reader: Reader | null, options: LimitOptions) {
  return reader === null ? new Uint8Array(0) : yield* reader.readToEnd(options);
});

/** @internal */
export const collectOutput: (child: Piped, input: Uint8Array, options: LimitOptions) => Future<Output> = co(
  function* output(child: Piped, input: Uint8Array, options: LimitOptions) {
    const [, stdout, stderr, status] = yield* tryJoin(
      feed(child.stdin, input),
      readWhole(child.stdout, options),
      readWhole(child.stderr, options),
      child.wait(),
    );
    return { status, stdout, stderr };
  },
);
