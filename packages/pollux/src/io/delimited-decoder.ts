import { TooLongError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { ByteQueue } from "./byte-queue.ts";
import type { Decoder } from "./codec.ts";

/**
 * Frames of bytes that end with a delimiter, out of a queue that others may take bytes out of too. One that is too long is
 * an error, and is left out up to its end.
 *
 * @internal
 */
export class DelimitedDecoder implements Decoder<Uint8Array> {
  private readonly delimiters: Uint8Array;
  private readonly limit: number;
  /** Bytes of the queue among which there is no delimiter, if nothing was taken out since `taken`. */
  private searched = 0;
  /** `queue.taken` when this was last used. */
  private taken = 0;
  /** A frame that has been too long is read over, up to its end. */
  private discarding = false;

  constructor(delimiters: Uint8Array, limit: number) {
    this.delimiters = delimiters;
    this.limit = limit;
  }

  decode(queue: ByteQueue): Poll<Uint8Array> {
    if (this.taken !== queue.taken) this.searched = 0;
    let end = this.find(queue, this.searched);
    if (this.discarding) {
      this.discarding = end < 0;
      this.consume(queue, end < 0 ? queue.length : end + 1);
      end = this.find(queue, 0);
    }
    if (end >= 0) return this.give(queue, end, end + 1);
    this.searched = queue.length;
    this.taken = queue.taken;
    if (queue.length <= this.limit) return Pending;
    this.discarding = true;
    return this.give(queue, queue.length, queue.length);
  }

  decodeEnd(queue: ByteQueue): Poll<Uint8Array> {
    const frame = this.decode(queue);
    if (frame !== Pending || queue.length === 0) return frame;
    return this.give(queue, queue.length, queue.length);
  }

  /** Where the first delimiter is, from `from` on; or -1. */
  private find(queue: ByteQueue, from: number): number {
    const { delimiters } = this;
    if (delimiters.length === 1) return queue.indexOf(delimiters[0] ?? 0, from);
    const { bytes, start, end } = queue;
    for (let i = start + from; i < end; i++) if (delimiters.includes(bytes[i] ?? 0)) return i - start;
    return -1;
  }

  private give(queue: ByteQueue, length: number, taken: number): Uint8Array {
    if (length > this.limit) {
      this.consume(queue, taken);
      throw new TooLongError("the frame", this.limit);
    }
    const frame = queue.view().slice(0, length);
    this.consume(queue, taken);
    return frame;
  }

  private consume(queue: ByteQueue, size: number): void {
    queue.advance(size);
    this.taken = queue.taken;
    this.searched = 0;
  }
}
