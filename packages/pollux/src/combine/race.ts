import type { Future } from "../core/future.ts";
import type { Child } from "./child.ts";
import { Combinator } from "./combinator.ts";
import { randomBelow } from "./random.ts";
import type { ValueOf } from "./types.ts";

/** Waits for the first to end. */
class Race<T> extends Combinator<T> {
  constructor(futures: Iterable<Future<unknown>>) {
    super("race");
    this.addAll(futures, this.what);
    if (this.count === 0)
      throw new RangeError("race needs at least one future: of none, none is ever the first");
  }

  protected override begin(): void {
    if (this.count > 1) this.rotate(randomBelow(this.count));
  }

  protected override get firstWins(): boolean {
    return true;
  }

  protected override decides(_child: Child): boolean {
    return true;
  }

  protected override outcome(): T {
    // A race ends with its first child, and all of them give a `T`.
    return (this.winner as Child).value as T;
  }
}

/**
 * Gives what the first future to end gives, or throws what it fails with. The others are cancelled, and their cleanup
 * has ended when this returns. Among those that are ready at the first poll, chance decides.
 *
 * `select` also says which one it was; `any` takes the first that succeeds.
 *
 * **Cancel safety.** Cancels all futures at the same time and waits for their cleanup. If one has won already, its value
 * is lost; it is disposed of if it is `Disposable`.
 *
 * @param futures - read to its end at the call
 * @throws TypeError if something else than a future is in the list
 * @throws RangeError if the list is empty
 * @throws CleanupError if the cleanup of another one failed; `winner` is the value, or `cause` is the failure
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   console.log(yield* race([sleep(60_000), ready("soon")])); // soon
 * });
 * await run(main());
 * ```
 */
export function race<F extends Future<unknown>>(futures: Iterable<F>): Future<ValueOf<F>> {
  return new Race<ValueOf<F>>(futures);
}
