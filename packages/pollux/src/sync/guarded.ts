import { ClosedError, WouldBlockError } from "../core/errors.ts";
import { PermitQueue } from "./permit-queue.ts";

/** A value and the permits to use it: what the guards of a lock refer to. */
export class Guarded<T> extends PermitQueue {
  value: T;
  /** All the permits that there are. */
  readonly total: number;

  constructor(kind: string, name: string | undefined, permits: number, value: T) {
    super(kind, name, permits);
    this.value = value;
    this.total = permits;
  }

  /**
   * Takes permits now.
   *
   * @param wait - the method that would wait for them
   * @throws WouldBlockError if they are not there, or others wait
   * @throws ClosedError once the value was taken out
   */
  takeNow(count: number, wait: string): void {
    if (this.closed) throw new ClosedError(`the ${this.describe()}`);
    if (this.tryTakeNow(count)) return;
    throw new WouldBlockError(`the ${this.describe()} is in use: wait with \`${wait}\``);
  }

  /** Takes the value out and closes the queue: `count` is all the permits, so nobody uses the value and nobody waits. */
  takeOut(count: number, wait: string): T {
    this.takeNow(count, wait);
    const value = this.value;
    this.value = undefined as T; // Nobody gets a guard any more, so nobody sees that it is gone.
    this.close();
    return value;
  }
}
