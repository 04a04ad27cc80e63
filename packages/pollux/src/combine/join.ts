import { isThenable } from "../core/adopted.ts";
import type { Future } from "../core/future.ts";
import type { Child } from "./child.ts";
import { Combinator } from "./combinator.ts";
import { requireFuture } from "./require-future.ts";
import type { FutureRecord, ValueOf, ValuesOf, ValuesOfRecord } from "./types.ts";

/** Waits for all. */
export class Join<T> extends Combinator<T> {
  private keyed = false;

  protected override decides(_child: Child): boolean {
    return false;
  }

  /** Takes the futures of a list; gives their values as an array. */
  list(futures: Iterable<Future<unknown>>): this {
    this.addAll(futures, this.what);
    return this;
  }

  /** Takes what `join(a, b)` or `join({ a, b })` was called with; gives the values in the same form. */
  arguments(args: readonly unknown[]): this {
    const [first] = args;
    // Whatever else it is: `list` says what is wrong with it.
    if (
      args.length !== 1 ||
      typeof first !== "object" ||
      first === null ||
      Symbol.iterator in first ||
      isThenable(first)
    ) {
      return this.list(args as Future<unknown>[]);
    }
    this.keyed = true;
    for (const [key, future] of Object.entries(first)) this.add(requireFuture(future, this.what, key), key);
    return this;
  }

  protected override outcome(): T {
    const values: unknown[] = [];
    for (let child = this.first; child !== null; child = child.sibling) {
      values.push(this.keyed ? [child.key, child.value] : child.value);
    }
    // The overloads of `join` and `tryJoin` say which of the two it is.
    return (this.keyed ? Object.fromEntries(values as [string, unknown][]) : values) as T;
  }
}

/**
 * Waits for all of the futures at the same time, within this task, and gives their values.
 *
 * If some fail, the others still run to their end; then the first failure is thrown as it is, the further ones are in
 * `furtherErrors(error)`, and values that nobody receives are disposed of if they are `Disposable`. To end the others
 * at the first failure, use `tryJoin`.
 *
 * Futures that were woken are polled, in the order of their wakes, and no others.
 *
 * **Cancel safety.** Cancels all futures at the same time and waits for their cleanup. Values that were there already
 * are lost; those that are `Disposable` are disposed of.
 *
 * @throws TypeError if something else than a future is given
 * @throws what the first future to fail fails with
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const [a, b] = yield* join(ready(1), ready("one"));
 *   const { number, word } = yield* join({ number: ready(2), word: ready("two") });
 *   console.log(a, b, number, word); // 1 one 2 two
 * });
 * await run(main());
 * ```
 */
export function join<F extends readonly Future<unknown>[]>(...futures: F): Future<ValuesOf<F>>;
export function join<R extends FutureRecord<R>>(futures: R): Future<ValuesOfRecord<R>>;
export function join(...args: unknown[]): Future<unknown> {
  return new Join("join").arguments(args);
}

/**
 * Waits for all futures of a list, however many: as {@link join}, with the values in the order of the list.
 *
 * **Cancel safety.** As `join`.
 *
 * @param futures - read to its end at the call
 * @throws TypeError if something else than a future is in it
 * @throws what the first future to fail fails with
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const squares = yield* joinAll([1, 2, 3].map((n) => ready(n * n)));
 *   console.log(squares); // [1, 4, 9]
 * });
 * await run(main());
 * ```
 */
export function joinAll<const F extends readonly Future<unknown>[]>(futures: F): Future<ValuesOf<F>>;
export function joinAll<F extends Future<unknown>>(futures: Iterable<F>): Future<ValueOf<F>[]>;
export function joinAll(futures: Iterable<Future<unknown>>): Future<unknown> {
  return new Join("joinAll").list(futures);
}
