import type { Future } from "../core/future.ts";
import { type Child, Rejected } from "./child.ts";
import { Join } from "./join.ts";
import type { FutureRecord, ValueOf, ValuesOf, ValuesOfRecord } from "./types.ts";

/** Waits for all, or for the first that fails. */
class TryJoin<T> extends Join<T> {
  protected override decides(child: Child): boolean {
    return child.state === Rejected;
  }
}

/**
 * Waits for all of the futures at the same time, within this task, and gives their values; at the first failure it
 * cancels the others, with the failure as the reason, waits for their cleanup, and throws the failure as it is.
 *
 * Values that nobody receives because of a failure are disposed of if they are `Disposable`.
 *
 * **Cancel safety.** As `join`.
 *
 * @throws TypeError if something else than a future is given
 * @throws what the first future to fail fails with
 * @throws CleanupError if the cleanup of another one failed too; its `cause` is the failure
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   try {
 *     yield* tryJoin(sleep(60_000), failed(new Error("no luck")));
 *   } catch (error) {
 *     console.log(error); // Error: no luck
 *   }
 * });
 * await run(main());
 * ```
 */
export function tryJoin<F extends readonly Future<unknown>[]>(...futures: F): Future<ValuesOf<F>>;
export function tryJoin<R extends FutureRecord<R>>(futures: R): Future<ValuesOfRecord<R>>;
export function tryJoin(...args: unknown[]): Future<unknown> {
  return new TryJoin("tryJoin").arguments(args);
}

/**
 * Waits for all futures of a list, or for the first failure: as {@link tryJoin}, with the values in the order of the
 * list.
 *
 * **Cancel safety.** As `join`.
 *
 * @param futures - read to its end at the call
 * @throws TypeError if something else than a future is in it
 * @throws what the first future to fail fails with
 * @throws CleanupError if the cleanup of another one failed too; its `cause` is the failure
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const squares = yield* tryJoinAll([1, 2, 3].map((n) => ready(n * n)));
 *   console.log(squares); // [1, 4, 9]
 * });
 * await run(main());
 * ```
 */
export function tryJoinAll<const F extends readonly Future<unknown>[]>(futures: F): Future<ValuesOf<F>>;
export function tryJoinAll<F extends Future<unknown>>(futures: Iterable<F>): Future<ValueOf<F>[]>;
export function tryJoinAll(futures: Iterable<Future<unknown>>): Future<unknown> {
  return new TryJoin("tryJoinAll").list(futures);
}
