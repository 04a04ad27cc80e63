import { Pending, type Poll } from "../../src/core/poll.ts";
import type { ByteQueue } from "../../src/io/byte-queue.ts";
import type { Codec } from "../../src/io/codec.ts";

/** Whole numbers of so many bytes, the most significant first. */
export class UintCodec implements Codec<number> {
  decodes = 0;
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  decode(queue: ByteQueue): Poll<number> {
    this.decodes++;
    if (queue.length < this.size) return Pending;
    const value = queue.uintAt(0, this.size, false);
    queue.advance(this.size);
    return value;
  }

  encode(value: number, queue: ByteQueue): void {
    queue.appendUint(value, this.size, false);
  }
}
