import { requireFuture } from "../combine/require-future.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { BaseStream } from "./base-stream.ts";
import { FuturePool } from "./future-pool.ts";

/**
 * Futures that run at the same time, within the task that polls them, and whose values come in the order in which they
 * are there. More can be added at any time. `Stream.from` puts the adapters on it.
 *
 * A failure is thrown, and the others go on. It gives `End` when it is empty, and values again when it is filled again.
 * A future that was woken is polled, and no other. (For tasks of their own there is `JoinSet`.)
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
 *   const futures = new FuturesUnordered([late(20), late(10)]);
 *   futures.push(late(30));
 *   for (let ms; (ms = yield* futures.next()) !== End; ) console.log(ms); // 10, then 20, then 30
 * });
 * await run(main());
 * ```
 */
export class FuturesUnordered<T> extends BaseStream<T> {
  private readonly pool: FuturePool;

  /** @throws TypeError if something else than a future is given */
  constructor(futures: Iterable<Future<T>> = []) {
    super();
    this.pool = new FuturePool();
    for (const future of futures) this.push(future);
  }

  /** Adds a future, which is its own from then on. */
  push(future: Future<T>): void {
    this.pool.push(requireFuture(future, "FuturesUnordered", 0));
    this.pool.wakePoller();
  }

  /** Futures that have not ended. */
  get len(): number {
    return this.pool.size;
  }

  get isEmpty(): boolean {
    return this.pool.size === 0;
  }

  override pollNext(cx: Context): Poll<T | End> {
    if (this.pool.size === 0) {
      this.pool.forgetPoller();
      return End;
    }
    this.pool.beginPass(cx);
    const member = this.pool.advance(cx);
    // Only futures of a `T` were added.
    return member === null ? Pending : (member.take() as T);
  }

  /** Cancels all futures at the same time. It can be filled again when that has ended. */
  override cancel(cx: Context): Poll<void> {
    return this.pool.cancel(cx);
  }

  override inspectNext(): Inspection {
    return { op: "FuturesUnordered", futures: this.pool.polled(), any: true };
  }
}
