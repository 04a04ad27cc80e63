import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { checkSize } from "./check.ts";
import { Pipe } from "./pipe.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

class SimplexReader extends Reader {
  private readonly pipe: Pipe;

  constructor(pipe: Pipe) {
    super();
    this.pipe = pipe;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.pipe.pollRead(cx, buf);
  }

  override cancelRead(): void {
    this.pipe.cancelRead();
  }

  override close(): void {
    this.pipe.abandon();
  }
}

class SimplexWriter extends Writer {
  private readonly pipe: Pipe;

  constructor(pipe: Pipe) {
    super();
    this.pipe = pipe;
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.pipe.pollWrite(cx, buf);
  }

  override get isWriteVectored(): boolean {
    return true;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.pipe.pollWriteVectored(cx, bufs);
  }

  /** What was written can be read: nothing is held back. */
  override pollFlush(): Poll<void> {
    return undefined;
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.pipe.pollEnd(cx);
  }

  override cancelWrite(): void {
    this.pipe.cancelWrite();
  }

  override close(): void {
    this.pipe.end();
  }
}

/**
 * A stream of bytes in memory, in one direction. A writer waits while `capacity` bytes have not been read. When the
 * writer is shut down or closed, the reader reads what is there, and then the end; when the reader is closed, writes fail
 * with `ClosedError`.
 *
 * @param capacity - bytes, 1 or more
 * @throws TypeError, RangeError if it is no such number
 *
 * @example
 * ```ts
 * const [reader, writer] = simplex(64);
 * yield* writer.writeAll(Uint8Array.of(1, 2, 3));
 * writer.close();
 * console.log(yield* reader.readToEnd()); // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 */
export function simplex(capacity: number): [Reader, Writer] {
  const pipe = new Pipe(checkSize("capacity", capacity, 1));
  return [new SimplexReader(pipe), new SimplexWriter(pipe)];
}
