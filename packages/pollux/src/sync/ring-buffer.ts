/** Slots of a ring that has just been made, or has run empty after it had grown large. */
const SMALL = 16;

/** A ring that holds no value keeps at most this many slots. */
const KEPT = 1024;

/**
 * A queue of values, first in, first out, that doubles when it is full.
 *
 *        head             head + size
 *         v               v
 *     [ . T T T T T T T T . . . ]        slot = (head + i) & mask
 *
 * Invariants: the number of slots is a power of two; free slots hold `undefined`.
 */
export class RingBuffer<T> {
  size = 0;
  private slots: (T | undefined)[] = new Array(SMALL).fill(undefined);
  private mask = SMALL - 1;
  private head = 0;

  push(value: T): void {
    if (this.size > this.mask) this.grow();
    this.slots[(this.head + this.size) & this.mask] = value;
    this.size++;
  }

  /** Takes the oldest value; there must be one. */
  shift(): T {
    const head = this.head;
    // A slot below `size` holds a value, be it `undefined` itself.
    const value = this.slots[head] as T;
    this.slots[head] = undefined;
    this.head = (head + 1) & this.mask;
    if (--this.size === 0 && this.mask >= KEPT) this.shrink();
    return value;
  }

  /** The oldest value; there must be one. */
  peek(): T {
    // As in `shift`.
    return this.slots[this.head] as T;
  }

  private grow(): void {
    const { slots, head } = this;
    const free = new Array<undefined>(slots.length).fill(undefined);
    this.slots = [...slots.slice(head), ...slots.slice(0, head), ...free];
    this.mask = this.slots.length - 1;
    this.head = 0;
  }

  /** A burst that is over must not hold its memory for as long as the queue lives. */
  private shrink(): void {
    this.slots = new Array(SMALL).fill(undefined);
    this.mask = SMALL - 1;
    this.head = 0;
  }
}
