import type { Context } from "../core/context.ts";
import { WriteZeroError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";
import type { AsyncWrite } from "./async-write.ts";

const NOTHING = new Uint8Array(0);

/**
 * Bytes on their way from a reader to a writer, through a buffer.
 *
 * What the writer holds back is flushed whenever the reader has nothing, since the other side may wait for just that
 * before it answers.
 *
 * @internal
 */
export class Transfer {
  /** Bytes that the writer has taken over. */
  copied = 0;
  private readonly size: number;
  /** Made when it is needed: what is never copied costs no memory. */
  private buf: Uint8Array = NOTHING;
  /** What was read and is to be written: `buf` from `start` to `end`. */
  private start = 0;
  private end = 0;
  private hasEnded = false;
  /** Whether the writer may hold something back. */
  private unflushed = false;

  constructor(size: number) {
    this.size = size;
  }

  /** What was read and not written. */
  get unwritten(): Uint8Array {
    return this.buf.subarray(this.start, this.end);
  }

  /** Ready once the reader has ended, and all was written and flushed. */
  poll(cx: Context, reader: AsyncRead, writer: AsyncWrite): Poll<void> {
    for (;;) {
      while (this.start < this.end) {
        const size = writer.pollWrite(cx, this.unwritten);
        if (size === Pending) return Pending;
        if (size === 0) throw new WriteZeroError();
        this.start += size;
        this.copied += size;
        this.unflushed = true;
      }
      if (this.hasEnded) return this.pollFlush(cx, writer);
      // Of its own: a reader and a writer that ask for none must not keep others from running.
      if (!cx.takeBudget()) return Pending;
      if (this.buf.length === 0) this.buf = new Uint8Array(this.size);
      const size = reader.pollRead(cx, this.buf);
      if (size === Pending) {
        cx.refundBudget();
        this.pollFlush(cx, writer);
        return Pending;
      }
      this.start = 0;
      this.end = size;
      if (size === 0) this.hasEnded = true;
    }
  }

  private pollFlush(cx: Context, writer: AsyncWrite): Poll<void> {
    if (!this.unflushed) return undefined;
    if (writer.pollFlush(cx) === Pending) return Pending;
    this.unflushed = false;
    return undefined;
  }
}
