import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";
import type { AsyncSeek, SeekFrom } from "./async-seek.ts";
import { BufferedReader } from "./buffered-reader.ts";
import { ByteQueue } from "./byte-queue.ts";
import { checkSize } from "./check.ts";
import { checkSeek, Seek } from "./seek.ts";
import { readSideOf } from "./side.ts";

/** Options of a buffer around a stream. */
export interface BufferOptions {
  /** In bytes; 16 KiB unless said otherwise. */
  capacity?: number;
}

/** @internal */
export const BUFFER_SIZE = 16_384;

/**
 * Puts a buffer before a reader: it is read in pieces of up to `capacity` bytes, and lines and delimiters can be looked
 * for. The buffer grows beyond that while a line is longer. The reader is its own from then on: it is closed with it.
 *
 * @typeParam R - the reader
 *
 * @example
 * ```ts
 * const [a, b] = duplex(64);
 * yield* b.writeAll(new TextEncoder().encode("hello\nworld\n"));
 * const reader = new BufReader(a);
 * console.log(yield* reader.readLine()); // "hello"
 * reader.close();
 * ```
 */
export class BufReader<R extends AsyncRead = AsyncRead> extends BufferedReader {
  /** What is read from: it is behind what is in the buffer. */
  readonly inner: R;
  private readonly capacity: number;

  /** @throws TypeError, RangeError for options that make no sense */
  constructor(inner: R, options: BufferOptions = {}) {
    super(new ByteQueue(), readSideOf(inner));
    this.inner = inner;
    this.capacity = checkSize("capacity", options.capacity ?? BUFFER_SIZE, 1);
  }

  override pollMore(cx: Context): Poll<boolean> {
    const { buffered, capacity } = this;
    const size = this.inner.pollRead(cx, buffered.space(capacity).subarray(0, capacity));
    if (size === Pending) return Pending;
    buffered.commit(size);
    return size > 0;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    // Nothing is gained by a copy.
    if (this.buffered.length > 0 || buf.length < this.capacity) return super.pollRead(cx, buf);
    return this.inner.pollRead(cx, buf);
  }

  override cancelRead(): void {
    this.inner.cancelRead();
  }

  /** Closes the reader; what is buffered is lost. */
  override close(): void {
    this.consume(this.buffered.length);
    this.inner.close();
  }

  /** As `AsyncSeek` has it, where the reader can. */
  pollSeek(this: BufReader<R & AsyncSeek>, cx: Context, offset: number, from: SeekFrom): Poll<number> {
    // The reader is ahead of us by what is buffered, which stays until it has moved.
    const ahead = from === "current" ? this.buffered.length : 0;
    const position = this.inner.pollSeek(cx, offset - ahead, from);
    if (position !== Pending) {
      this.buffered.clear();
    }
    return position;
  }

  /**
   * Moves to another position, where the reader can, and gives it in bytes from the start. What is buffered is forgotten.
   *
   * **Cancel safety.** Not safe: nobody knows where the reader is then.
   *
   * @throws TypeError, RangeError for arguments that make no sense
   *
   * @example
   * ```ts
   * const reader = new BufReader(new Cursor(Uint8Array.of(1, 2, 3, 4)));
   * yield* reader.seek(-1, "end");
   * console.log(yield* reader.readToEnd()); // Uint8Array(1) [ 4 ]
   * ```
   */
  seek(this: BufReader<R & AsyncSeek>, offset: number, from: SeekFrom = "start"): Future<number> {
    checkSeek(offset, from);
    return new Seek(this, offset, from);
  }
}
