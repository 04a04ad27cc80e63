import { checkBytes } from "./check.ts";

const NOTHING = new Uint8Array(0);

/** The least that a queue allocates. */
const SMALLEST = 64;

/** So many free bytes may be searched along with those that are there. */
const SEARCHED_IN_VAIN = 256;

/**
 * Bytes, first in, first out, in one piece of memory that grows: what codecs decode from and encode into.
 *
 *        start            end
 *         v                v
 *     [ . T T T T T T T T T . . . ]
 *
 * To take bytes out moves `start` and copies nothing. Memory that has become free at the front is used again.
 *
 * @example
 * ```ts
 * const queue = new ByteQueue();
 * queue.append(new TextEncoder().encode("hello world"));
 * console.log(queue.indexOf(32)); // 5
 * console.log(new TextDecoder().decode(queue.take(5))); // "hello"
 * queue.advance(1);
 * console.log(queue.length); // 5
 * ```
 */
export class ByteQueue {
  /** @internal */
  bytes: Uint8Array;
  /** @internal */
  start = 0;
  /** @internal */
  end = 0;
  /**
   * Bytes that were ever taken out: who remembers something of what is in it sees by this whether it still holds.
   * @internal
   */
  taken = 0;
  /** Whether `bytes` is somebody else's, and so is not written to: it has nothing behind `end`. */
  private borrowed = false;

  /**
   * @param capacity - bytes to make room for from the beginning
   * @throws TypeError, RangeError if it is no such number
   */
  constructor(capacity = 0) {
    if (typeof capacity !== "number")
      throw new TypeError(`capacity must be a number, not ${typeof capacity}`);
    if (!(Number.isInteger(capacity) && capacity >= 0))
      throw new RangeError(`capacity must be a whole number of bytes, 0 or more, not ${capacity}`);
    this.bytes = capacity === 0 ? NOTHING : new Uint8Array(capacity);
  }

  /**
   * A queue that has these bytes, which are not copied and must stay as they are.
   *
   * @throws TypeError if `bytes` is no `Uint8Array`
   */
  static of(bytes: Uint8Array): ByteQueue {
    checkBytes(bytes, "ByteQueue.of");
    const queue = new ByteQueue();
    queue.bytes = bytes;
    queue.end = bytes.length;
    queue.borrowed = true;
    return queue;
  }

  /** Bytes that are in it. */
  get length(): number {
    return this.end - this.start;
  }

  /** Bytes that it can hold before it has to grow. */
  get capacity(): number {
    return this.bytes.length;
  }

  /** All that is in it, without a copy: valid until the queue is used again. */
  view(): Uint8Array {
    return this.bytes.subarray(this.start, this.end);
  }

  /**
   * One byte, counted from the front.
   *
   * @throws RangeError if there are not so many
   */
  at(index: number): number {
    const byte = index >= 0 && index < this.length ? this.bytes[this.start + index] : undefined;
    if (byte === undefined)
      throw new RangeError(`there is no byte at ${index}: the queue has ${this.length} of them`);
    return byte;
  }

  /** Where `byte` comes first, counted from the front; -1 if it is not there from `from` on. */
  indexOf(byte: number, from = 0): number {
    const first = this.start + from;
    if (this.bytes.length - this.end > SEARCHED_IN_VAIN) {
      const found = this.bytes.subarray(first, this.end).indexOf(byte);
      return found < 0 ? -1 : found + from;
    }
    // What is found behind the end does not count. It costs less than to make a view.
    const found = this.bytes.indexOf(byte, first);
    return found < 0 || found >= this.end ? -1 : found - this.start;
  }

  /**
   * Puts bytes, which are copied, at the end.
   *
   * @throws TypeError if `bytes` is no `Uint8Array`
   */
  append(bytes: Uint8Array): void {
    checkBytes(bytes, "append");
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.end);
    this.end += bytes.length;
  }

  /**
   * Puts a whole number at the end.
   *
   * @param size - in bytes, 1 to 8
   */
  appendUint(value: number, size: number, littleEndian: boolean): void {
    this.reserve(size);
    let rest = value;
    for (let i = 0; i < size; i++) {
      this.bytes[this.end + (littleEndian ? i : size - 1 - i)] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    this.end += size;
  }

  /**
   * A whole number, counted from the front; the nearest that there is, if it is larger than `Number.MAX_SAFE_INTEGER`.
   *
   * @param size - in bytes, 1 to 8
   */
  uintAt(index: number, size: number, littleEndian: boolean): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.at(index + (littleEndian ? size - 1 - i : i));
    return value;
  }

  /**
   * The free memory behind the end, at least so many bytes of it: write to its beginning, and {@link commit}.
   * Valid until the queue is used again.
   */
  space(least: number): Uint8Array {
    this.reserve(least);
    return this.bytes.subarray(this.end);
  }

  /** Takes over what was written into {@link space}. */
  commit(size: number): void {
    if (!(size >= 0 && this.end + size <= this.bytes.length))
      throw new RangeError(`${size} bytes cannot have been written into ${this.bytes.length - this.end}`);
    this.end += size;
  }

  /** Makes room for so many more bytes. */
  reserve(more: number): void {
    const { length, bytes } = this;
    if (this.end + more <= bytes.length) return;
    // To move what is there pays only if it is less than what was taken out since the last time.
    if (!this.borrowed && length + more <= bytes.length && length <= this.start) {
      bytes.copyWithin(0, this.start, this.end);
    } else {
      const grown = new Uint8Array(Math.max(length + more, length * 2, SMALLEST));
      grown.set(this.view());
      this.bytes = grown;
      this.borrowed = false;
    }
    this.start = 0;
    this.end = length;
  }

  /**
   * Takes bytes out and forgets them.
   *
   * @throws RangeError if there are not so many
   */
  advance(size: number): void {
    this.check(size);
    this.start += size;
    this.taken += size;
    if (this.start === this.end && !this.borrowed) {
      this.start = 0;
      this.end = 0;
    }
  }

  /**
   * Takes bytes out, as a copy.
   *
   * @throws RangeError if there are not so many
   */
  take(size: number): Uint8Array {
    this.check(size);
    const taken = this.bytes.slice(this.start, this.start + size);
    this.advance(size);
    return taken;
  }

  /** Moves bytes to the beginning of `buf`, as many as fit, and gives their number. */
  moveTo(buf: Uint8Array): number {
    const { start } = this;
    const size = Math.min(this.length, buf.length);
    if (size === 1) buf[0] = this.at(0);
    else buf.set(this.bytes.subarray(start, start + size));
    this.advance(size);
    return size;
  }

  /** Forgets all. The memory stays. */
  clear(): void {
    this.advance(this.length);
  }

  private check(size: number): void {
    if (!(size >= 0 && size <= this.length))
      throw new RangeError(`${size} bytes cannot be taken out of ${this.length}`);
  }
}
