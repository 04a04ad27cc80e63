import type { Context, Waker } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { ByteQueue } from "./byte-queue.ts";

/**
 * Bytes on their way from a writer to a reader, in memory, `capacity` of them at most: what `simplex` and `duplex` are
 * made of.
 *
 * Invariants: a reader waits only while there are no bytes, a writer only while there is no room.
 *
 * @internal
 */
export class Pipe {
  private readonly queue = new ByteQueue();
  private readonly capacity: number;
  private reader: Waker | null = null;
  private writer: Waker | null = null;
  /** Nothing more will be written. */
  private ended = false;
  /** Nothing more will be read. */
  private abandoned = false;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    if (this.abandoned) throw new ClosedError("the stream");
    const { queue } = this;
    if (queue.length > 0) {
      const size = queue.moveTo(buf);
      this.wakeWriter();
      return size;
    }
    if (this.ended) return 0;
    cx.refundBudget();
    this.reader = cx.waker;
    return Pending;
  }

  pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    this.check();
    if (buf.length === 0) return 0;
    const room = this.capacity - this.queue.length;
    if (room === 0) return this.wait(cx);
    const size = Math.min(room, buf.length);
    this.queue.append(size === buf.length ? buf : buf.subarray(0, size));
    this.wakeReader();
    return size;
  }

  pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    this.check();
    const { queue } = this;
    const before = queue.length;
    for (const buf of bufs) {
      const room = this.capacity - queue.length;
      if (buf.length > 0 && room === 0) {
        if (queue.length === before) return this.wait(cx);
        break;
      }
      queue.append(buf.length > room ? buf.subarray(0, room) : buf);
    }
    if (queue.length > before) this.wakeReader();
    return queue.length - before;
  }

  private wait(cx: Context): Pending {
    cx.refundBudget();
    this.writer = cx.waker;
    return Pending;
  }

  /** The reader reads what is there, and then the end. */
  pollEnd(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    this.end();
    return undefined;
  }

  cancelRead(): void {
    this.reader = null;
  }

  cancelWrite(): void {
    this.writer = null;
  }

  /** By the writer. */
  end(): void {
    this.ended = true;
    this.wakeReader();
    this.wakeWriter();
  }

  /** By the reader: what is on its way is lost, and writes fail. */
  abandon(): void {
    this.abandoned = true;
    this.wakeReader();
    this.wakeWriter();
  }

  private check(): void {
    if (this.ended) throw new ClosedError("the write side of the stream");
    if (this.abandoned) throw new ClosedError("the other end of the stream");
  }

  private wakeReader(): void {
    const { reader } = this;
    this.reader = null;
    reader?.wake();
  }

  private wakeWriter(): void {
    const { writer } = this;
    this.writer = null;
    writer?.wake();
  }
}
