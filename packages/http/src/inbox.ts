import { Buffer } from "node:buffer";
import { LF } from "./octets.ts";

/** Enough for the heads of most requests: it is what an idle connection holds. */
const FIRST_SIZE = 1024;

/**
 * The bytes that have arrived on a connection and were not taken yet, in one piece of memory.
 *
 * @example
 * ```ts
 * const inbox = new Inbox();
 * inbox.push(Buffer.from("hello"));
 * const buf = new Uint8Array(4);
 * console.log(inbox.take(buf), inbox.length); // 4 1
 * ```
 */
export class Inbox {
  /** @internal */
  buf: Buffer;
  /** What is there begins here … @internal */
  start: number;
  /** … and ends here. @internal */
  end: number;

  constructor() {
    this.buf = EMPTY;
    this.start = 0;
    this.end = 0;
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Copies bytes behind those that are there. */
  push(bytes: Uint8Array, size: number = bytes.length): void {
    if (this.buf.length - this.end < size) this.makeRoom(size);
    if (size === bytes.length) this.buf.set(bytes, this.end);
    else this.buf.set(bytes.subarray(0, size), this.end);
    this.end += size;
  }

  private makeRoom(size: number): void {
    const { buf, start, length } = this;
    if (length + size > buf.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_SIZE, buf.length * 2, length + size));
      larger.set(buf.subarray(start, this.end));
      this.buf = larger;
    } else {
      buf.copyWithin(0, start, this.end);
    }
    this.start = 0;
    this.end = length;
  }

  /** Takes at most `buf.length` bytes out, and gives their number. */
  take(buf: Uint8Array, limit: number = buf.length): number {
    const size = Math.min(limit, buf.length, this.length);
    buf.set(this.buf.subarray(this.start, this.start + size));
    this.skip(size);
    return size;
  }

  /** @internal */
  skip(size: number): void {
    this.start += size;
    if (this.start === this.end) {
      this.start = 0;
      this.end = 0;
      // One large message is no reason to hold its memory for the whole life of the connection.
      if (this.buf.length > 65_536) this.buf = EMPTY;
    }
  }

  /**
   * How many bytes there are before the next line feed, counting from the start, looking from `from` on; -1 if there is
   * none yet.
   *
   * @internal
   */
  lineFeed(from: number): number {
    const { buf, start, end } = this;
    for (let at = start + from; at < end; at++) if (buf[at] === LF) return at - start;
    return -1;
  }
}

const EMPTY = Buffer.alloc(0);
