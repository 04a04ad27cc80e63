import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";
import type { AsyncWrite } from "./async-write.ts";
import { Duplex } from "./duplex.ts";

/**
 * A reader and a writer as one stream; made by {@link duplexOf}.
 *
 * @typeParam R - the reader
 * @typeParam W - the writer
 */
export class Joined<R extends AsyncRead, W extends AsyncWrite> extends Duplex {
  readonly reader: R;
  readonly writer: W;

  /** @internal */
  constructor(reader: R, writer: W) {
    super();
    this.reader = reader;
    this.writer = writer;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.reader.pollRead(cx, buf);
  }

  override cancelRead(): void {
    this.reader.cancelRead();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.writer.pollWrite(cx, buf);
  }

  override get isWriteVectored(): boolean {
    return this.writer.isWriteVectored;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.writer.pollWriteVectored(cx, bufs);
  }

  override pollFlush(cx: Context): Poll<void> {
    return this.writer.pollFlush(cx);
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.writer.pollShutdown(cx);
  }

  override cancelWrite(): void {
    this.writer.cancelWrite();
  }

  override close(): void {
    try {
      this.reader.close();
    } finally {
      this.writer.close();
    }
  }
}

/**
 * Puts a reader and a writer together to one stream, such as the two ends of a process, or a buffered reader and a
 * buffered writer. Both are closed with it.
 *
 * @example
 * ```ts
 * const stream = duplexOf(new Cursor(Uint8Array.of(1, 2)), new BytesWriter());
 * console.log(yield* stream.readToEnd()); // Uint8Array(2) [ 1, 2 ]
 * yield* stream.writeAll(Uint8Array.of(3));
 * console.log(stream.writer.bytes); // Uint8Array(1) [ 3 ]
 * ```
 */
export function duplexOf<R extends AsyncRead, W extends AsyncWrite>(reader: R, writer: W): Joined<R, W> {
  return new Joined(reader, writer);
}
