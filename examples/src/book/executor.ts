import { Context, type Future, Pending } from "pollux";
import type { Parker } from "./parker.ts";

/** A task: a future, and what wakes it. */
class Job extends Context {
  readonly future: Future<unknown>;
  private readonly queue: Job[];
  private isQueued: boolean;

  constructor(future: Future<unknown>, queue: Job[]) {
    super();
    this.future = future;
    this.queue = queue;
    this.isQueued = false;
  }

  override wake(): void {
    if (this.isQueued) return;
    this.isQueued = true;
    this.queue.push(this);
  }

  /** Whether it has ended. */
  poll(): boolean {
    // Before the poll: a wake that comes during it queues the job again.
    this.isQueued = false;
    return this.future.poll(this) !== Pending;
  }
}

/**
 * A whole executor, for a thread that does nothing else: polls what was woken, and with nothing to poll, stops the thread until
 * somebody wakes it. It knows no reactor, but two moments to meet one at.
 */
export class Executor {
  private readonly parker: Parker;
  private readonly queue: Job[];
  private left: number;

  constructor(parker: Parker) {
    this.parker = parker;
    this.queue = [];
    this.left = 0;
  }

  spawn(future: Future<unknown>): void {
    this.left++;
    new Job(future, this.queue).wake();
  }

  /**
   * Returns when all tasks have ended.
   *
   * @param beforePark - sends what tasks have asked for meanwhile
   * @param afterPark - wakes those whose answers have come
   */
  run(beforePark: () => void, afterPark: () => void): void {
    while (this.left > 0) {
      for (let job: Job | undefined; (job = this.queue.shift()); ) if (job.poll()) this.left--;
      if (this.left === 0) return;
      beforePark();
      this.parker.park();
      afterPark();
    }
  }
}
