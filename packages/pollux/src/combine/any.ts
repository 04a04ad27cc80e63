import { AllFailedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { type Child, Fulfilled } from "./child.ts";
import { Combinator } from "./combinator.ts";
import type { ValueOf } from "./types.ts";

/** Waits for the first that succeeds. */
class Any<T> extends Combinator<T> {
  constructor(futures: Iterable<Future<unknown>>) {
    super("any");
    this.addAll(futures, this.what);
  }

  protected override get tolerant(): boolean {
    return true;
  }

  protected override get firstWins(): boolean {
    return true;
  }

  protected override decides(child: Child): boolean {
    return child.state === Fulfilled;
  }

  protected override outcome(): T {
    // It ends early with a child that has given a value, and all of them give a `T`.
    if (this.winner !== null) return this.winner.value as T;
    const errors: unknown[] = [];
    for (let child = this.first; child !== null; child = child.sibling) errors.push(child.value);
    throw new AllFailedError(
      errors.length === 0
        ? "any was given nothing to choose from"
        : `all ${errors.length} futures of an any have failed`,
      errors,
    );
  }
}

/**
 * Gives what the first future to succeed gives. The others are cancelled, and their cleanup has ended when this returns.
 * Failures count only when all have failed.
 *
 * **Cancel safety.** As `race`.
 *
 * @param futures - read to its end at the call
 * @throws TypeError if something else than a future is in the list
 * @throws AllFailedError if all have failed, with their `errors` in the order of the list; or if there are none
 * @throws CleanupError if the cleanup of another one failed; `winner` is the value
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   console.log(yield* any([failed(new Error("mirror 1")), ready("mirror 2")])); // mirror 2
 * });
 * await run(main());
 * ```
 */
export function any<F extends Future<unknown>>(futures: Iterable<F>): Future<ValueOf<F>> {
  return new Any<ValueOf<F>>(futures);
}
