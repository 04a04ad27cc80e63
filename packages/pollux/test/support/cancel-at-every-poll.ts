import { Cleanup } from "../../src/core/cleanup.ts";
import type { Context } from "../../src/core/context.ts";
import { Future } from "../../src/core/future.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";

/** Wraps a future: cancels it in place of its `n`-th poll (1 is before the first), and then resolves to "cancelled". */
class CancelAt<T> extends Future<{ cancelled: false; value: T } | { cancelled: true }> {
  #left: number;
  readonly #future: Future<T>;
  #cleanup: Cleanup | null = null;

  constructor(future: Future<T>, n: number) {
    super();
    this.#future = future;
    this.#left = n;
  }

  override poll(cx: Context): Poll<{ cancelled: false; value: T } | { cancelled: true }> {
    if (this.#cleanup === null && --this.#left > 0) {
      const poll = this.#future.poll(cx);
      return poll === Pending ? Pending : { cancelled: false, value: poll };
    }
    this.#cleanup ??= new Cleanup(this.#future, "cancel-at-every-poll", "the operation under test");
    return this.#cleanup.poll(cx) === Pending ? Pending : { cancelled: true };
  }
}

/**
 * Runs an operation again and again, cancelling it before its first, second, third … poll, until a run ends by itself.
 *
 * @param attempt - builds a fresh world, runs the operation with `cancelAt(op)` in place of `op` (in a task, among
 *   whatever else it needs), and checks afterwards that nothing leaked, no wake was lost, no permit or value vanished
 * @returns how many polls the operation needed when it was left alone
 */
export async function cancelAtEveryPoll(
  attempt: (
    cancelAt: <T>(operation: Future<T>) => Future<{ cancelled: false; value: T } | { cancelled: true }>,
  ) => Promise<void>,
  limit = 1000,
): Promise<number> {
  for (let n = 1; n <= limit; n++) {
    let ended = false;
    let used = 0;
    await attempt((operation) => {
      used++;
      return new Observed(new CancelAt(operation, n), (outcome) => {
        ended = !outcome.cancelled;
      });
    });
    if (used !== 1) throw new Error(`the attempt must call cancelAt exactly once, it did ${used} times`);
    if (ended) return n - 1;
  }
  throw new Error(`the operation had not ended by itself after ${limit} polls`);
}

class Observed<T> extends Future<T> {
  readonly #inner: Future<T>;
  readonly #see: (value: T) => void;

  constructor(inner: Future<T>, see: (value: T) => void) {
    super();
    this.#inner = inner;
    this.#see = see;
  }

  override poll(cx: Context): Poll<T> {
    const poll = this.#inner.poll(cx);
    if (poll !== Pending) this.#see(poll);
    return poll;
  }

  override cancel(cx: Context): Poll<void> {
    return this.#inner.cancel(cx);
  }
}
