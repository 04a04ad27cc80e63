import type { Context } from "../core/context.ts";
import { WriteZeroError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncSeek, SeekFrom } from "./async-seek.ts";
import type { AsyncWrite } from "./async-write.ts";
import { BUFFER_SIZE, type BufferOptions } from "./buf-reader.ts";
import { ByteQueue } from "./byte-queue.ts";
import { checkSize } from "./check.ts";
import { checkSeek, Seek } from "./seek.ts";
import { firstOf, Writer } from "./writer.ts";

/**
 * Puts a buffer before a writer, so that small writes are gathered into few large ones: of `capacity` bytes, unless
 * `flush` comes before. A write that is at least as large goes to the writer directly. The writer is its own from then on.
 *
 * Call `flush` or `shutdown` at the end: what is in the buffer when it is closed is lost.
 *
 * @typeParam W - the writer
 *
 * @example
 * ```ts
 * const bytes = new BytesWriter();
 * const writer = new BufWriter(bytes);
 * for (let i = 0; i < 3; i++) yield* writer.writeAll(Uint8Array.of(i));
 * console.log(bytes.bytes.length); // 0
 * yield* writer.flush();
 * console.log(bytes.bytes); // Uint8Array(3) [ 0, 1, 2 ]
 * ```
 */
export class BufWriter<W extends AsyncWrite = AsyncWrite> extends Writer {
  /** What is written to: it does not have yet what is in the buffer. */
  readonly inner: W;
  private readonly capacity: number;
  private readonly buffered = new ByteQueue();

  /** @throws TypeError, RangeError for options that make no sense */
  constructor(inner: W, options: BufferOptions = {}) {
    super();
    this.inner = inner;
    this.capacity = checkSize("capacity", options.capacity ?? BUFFER_SIZE, 1);
  }

  /** What was not handed on yet, without a copy: valid until the next use of the writer. */
  get buffer(): Uint8Array {
    return this.buffered.view();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    const { buffered, capacity } = this;
    if (buffered.length + buf.length > capacity && this.pollEmpty(cx) === Pending) return Pending;
    if (buf.length >= capacity) return this.inner.pollWrite(cx, buf);
    if (!cx.takeBudget()) return Pending;
    buffered.append(buf);
    return buf.length;
  }

  override get isWriteVectored(): boolean {
    return true;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    const { buffered, capacity, inner } = this;
    if (!inner.isWriteVectored) return this.pollGather(cx, bufs);
    const size = bufs.reduce((sum, { length }) => sum + length, 0);
    if (buffered.length + size > capacity && this.pollEmpty(cx) === Pending) return Pending;
    if (size >= capacity) return inner.pollWriteVectored(cx, bufs);
    if (!cx.takeBudget()) return Pending;
    for (const buf of bufs) buffered.append(buf);
    return size;
  }

  /** Where the writer takes one buffer at a time: those that fit are joined. */
  private pollGather(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    const { buffered, capacity } = this;
    const first = firstOf(bufs);
    if (first.length >= capacity) return this.pollWrite(cx, first);
    if (buffered.length + first.length > capacity && this.pollEmpty(cx) === Pending) return Pending;
    if (!cx.takeBudget()) return Pending;
    let size = 0;
    for (const buf of bufs) {
      if (buffered.length + buf.length > capacity) break;
      buffered.append(buf);
      size += buf.length;
    }
    return size;
  }

  /** Hands all that is in the buffer on. What was handed on before a `Pending` or a failure is no longer in it. */
  private pollEmpty(cx: Context): Poll<void> {
    const { buffered } = this;
    while (buffered.length > 0) {
      const size = this.inner.pollWrite(cx, buffered.view());
      if (size === Pending) return Pending;
      if (size === 0) throw new WriteZeroError();
      buffered.advance(size);
    }
    return undefined;
  }

  override pollFlush(cx: Context): Poll<void> {
    return this.pollEmpty(cx) === Pending ? Pending : this.inner.pollFlush(cx);
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.pollEmpty(cx) === Pending ? Pending : this.inner.pollShutdown(cx);
  }

  override cancelWrite(): void {
    this.inner.cancelWrite();
  }

  /** Closes the writer. What is in the buffer is lost: `flush` or `shutdown` before. */
  override close(): void {
    this.buffered.clear();
    this.inner.close();
  }

  /** As `AsyncSeek` has it, where the writer can. */
  pollSeek(this: BufWriter<W & AsyncSeek>, cx: Context, offset: number, from: SeekFrom): Poll<number> {
    // Polled again, it has nothing to hand on any more.
    return this.pollEmpty(cx) === Pending ? Pending : this.inner.pollSeek(cx, offset, from);
  }

  /**
   * Hands on what is in the buffer, moves to another position, where the writer can, and gives it in bytes from the start.
   *
   * **Cancel safety.** Nothing is lost of what was written, but nobody knows where the writer is then.
   *
   * @throws TypeError, RangeError for arguments that make no sense
   */
  seek(this: BufWriter<W & AsyncSeek>, offset: number, from: SeekFrom = "start"): Future<number> {
    checkSeek(offset, from);
    return new Seek(this, offset, from);
  }
}
