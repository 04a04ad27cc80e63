import { TooLongError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { ByteQueue } from "./byte-queue.ts";

/**
 * Finds frames that end with a delimiter. One that is too long is an error, and is left out up to its end.
 *
 * @internal
 */
export abstract class DelimitedDecoder<T> {
  private readonly limit: number;
  private readonly what: string;
  /** Bytes of the queue among which there is no delimiter: no byte is looked at twice. */
  private searched = 0;
  /** A frame that has been too long is read over, up to its end. */
  private discarding = false;

  constructor(limit: number, what: string) {
    this.limit = limit;
    this.what = what;
  }

  /** Where the first delimiter is, from `from` on; or -1. */
  protected abstract find(queue: ByteQueue, from: number): number;
  /** A frame of the bytes before a delimiter. */
  protected abstract frame(bytes: Uint8Array): T;
  /** A frame of the bytes at the end, behind which no delimiter came. */
  protected abstract last(bytes: Uint8Array): T;

  /** Whether the bytes at the end are a frame. */
  protected isLast(_bytes: Uint8Array): boolean {
    return true;
  }

  decode(queue: ByteQueue): Poll<T> {
    for (;;) {
      const end = this.find(queue, Math.min(this.searched, queue.length));
      if (end < 0) {
        this.searched = queue.length;
        if (this.discarding) this.forget(queue, queue.length);
        else if (queue.length > this.limit) {
          this.forget(queue, queue.length);
          this.discarding = true;
          throw new TooLongError(this.what, this.limit);
        }
        return Pending;
      }
      if (this.discarding) {
        this.discarding = false;
        this.forget(queue, end + 1);
        continue;
      }
      try {
        if (end > this.limit) throw new TooLongError(this.what, this.limit);
        return this.frame(queue.view().subarray(0, end));
      } finally {
        this.forget(queue, end + 1);
      }
    }
  }

  decodeEnd(queue: ByteQueue): Poll<T> {
    const frame = this.decode(queue);
    if (frame !== Pending || queue.length === 0) return frame;
    const bytes = queue.view();
    if (!this.isLast(bytes)) return Pending;
    try {
      return this.last(bytes);
    } finally {
      this.forget(queue, queue.length);
    }
  }

  private forget(queue: ByteQueue, size: number): void {
    queue.advance(size);
    this.searched = 0;
  }
}
