import { requireFuture } from "../combine/require-future.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import type { End } from "../core/stream-source.ts";
import { BaseStream } from "./base-stream.ts";
import { OrderedPool } from "./ordered-pool.ts";

/**
 * As {@link FuturesUnordered}, with the values in the order in which the futures were added; what is there before its turn
 * is kept. A failure is thrown when it is its turn.
 *
 * @typeParam T - what the futures resolve to
 *
 * @example
 * ```ts
 * const late = co(function* (ms: number) {
 *   yield* sleep(ms);
 *   return ms;
 * });
 * const main = co(function* () {
 *   const futures = new FuturesOrdered([late(20), late(10)]);
 *   futures.pushFront(late(30));
 *   console.log(yield* Stream.from(futures).collect()); // [30, 20, 10]
 * });
 * await run(main());
 * ```
 */
export class FuturesOrdered<T> extends BaseStream<T> {
  private readonly pool: OrderedPool;

  /** @throws TypeError if something else than a future is given */
  constructor(futures: Iterable<Future<T>> = []) {
    super();
    this.pool = new OrderedPool();
    for (const future of futures) this.pushBack(future);
  }

  /** Adds a future whose value comes after those of all others. */
  pushBack(future: Future<T>): void {
    this.pool.pushBack(requireFuture(future, "FuturesOrdered", 0));
    this.pool.wakePoller();
  }

  /** Adds a future whose value comes before those of all others. */
  pushFront(future: Future<T>): void {
    this.pool.pushFront(requireFuture(future, "FuturesOrdered", 0));
    this.pool.wakePoller();
  }

  /** Futures whose value was not given yet, those included that have it already. */
  get len(): number {
    return this.pool.size;
  }

  get isEmpty(): boolean {
    return this.pool.size === 0;
  }

  override pollNext(cx: Context): Poll<T | End> {
    // Only futures of a `T` were added.
    return this.pool.pollNext(cx) as Poll<T | End>;
  }

  /**
   * Cancels all futures at the same time, and disposes of values that were there before their turn, if they are
   * `Disposable`. It can be filled again when that has ended.
   */
  override cancel(cx: Context): Poll<void> {
    return this.pool.cancel(cx);
  }

  override inspectNext(): Inspection {
    return { op: "FuturesOrdered", futures: this.pool.polled(), any: true };
  }
}
