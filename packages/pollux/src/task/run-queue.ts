import type { Task } from "./task.ts";

/**
 * The runnable tasks, first in, first out: a ring buffer that doubles when it is full.
 *
 *        head            tail
 *         v               v
 *     [ . T T T T T T T T . . . ]        size = (tail - head) & mask
 *
 * An array and not links through the tasks: to queue a young task is then one write into old memory, which V8's
 * garbage collector has to be told of, instead of two.
 *
 * Invariants: the capacity is a power of two and always larger than the size; free places hold `undefined`.
 */
export class RunQueue {
  private ring: (Task | undefined)[] = new Array(64).fill(undefined);
  private mask = 63;
  private head = 0;
  private tail = 0;

  push(task: Task): void {
    this.ring[this.tail] = task;
    this.tail = (this.tail + 1) & this.mask;
    if (this.tail === this.head) this.grow();
  }

  get size(): number {
    return (this.tail - this.head) & this.mask;
  }

  /** The task that {@link shift} would give. */
  peek(): Task | undefined {
    return this.ring[this.head];
  }

  shift(): Task | undefined {
    const task = this.ring[this.head];
    if (task === undefined) return undefined;
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & this.mask;
    return task;
  }

  /** Full: the tasks come to stand in order from the start of a ring of twice the size. */
  private grow(): void {
    const size = this.ring.length;
    this.ring = [
      ...this.ring.slice(this.head),
      ...this.ring.slice(0, this.head),
      ...new Array(size).fill(undefined),
    ];
    this.mask = 2 * size - 1;
    this.head = 0;
    this.tail = size;
  }
}
