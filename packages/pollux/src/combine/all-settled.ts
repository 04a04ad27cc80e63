import type { Future } from "../core/future.ts";
import { type Child, Rejected } from "./child.ts";
import { Combinator } from "./combinator.ts";
import type { ValueOf } from "./types.ts";

/** How the futures of a tuple or array have ended, place by place. */
export type SettledResults<F extends readonly Future<unknown>[]> = {
  -readonly [K in keyof F]: PromiseSettledResult<ValueOf<F[K]>>;
};

/** Waits for all, and gives failures as values. */
class AllSettled<T> extends Combinator<T> {
  constructor(futures: Iterable<Future<unknown>>) {
    super("allSettled");
    this.addAll(futures, this.what);
  }

  protected override get tolerant(): boolean {
    return true;
  }

  protected override decides(_child: Child): boolean {
    return false;
  }

  protected override outcome(): T {
    const results: PromiseSettledResult<unknown>[] = [];
    for (let child = this.first; child !== null; child = child.sibling) {
      const { state, value } = child;
      results.push(
        state === Rejected ? { status: "rejected", reason: value } : { status: "fulfilled", value },
      );
    }
    // The overloads of `allSettled` give each place its type.
    return results as T;
  }
}

/**
 * Waits until all futures of a list have ended, and tells of each how: as `Promise.allSettled` does.
 *
 * **Cancel safety.** As `join`; failures that there were already are lost with the values.
 *
 * @param futures - read to its end at the call
 * @returns in the order of the list `{ status: "fulfilled", value }` or `{ status: "rejected", reason }`
 * @throws TypeError if something else than a future is in the list
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const results = yield* allSettled([ready(1), failed(new Error("two"))]);
 *   console.log(results.map((result) => result.status)); // ["fulfilled", "rejected"]
 * });
 * await run(main());
 * ```
 */
export function allSettled<const F extends readonly Future<unknown>[]>(futures: F): Future<SettledResults<F>>;
export function allSettled<F extends Future<unknown>>(
  futures: Iterable<F>,
): Future<PromiseSettledResult<ValueOf<F>>[]>;
export function allSettled(futures: Iterable<Future<unknown>>): Future<unknown> {
  return new AllSettled(futures);
}
