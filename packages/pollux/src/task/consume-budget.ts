import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";

class ConsumeBudget extends Future<void> {
  private done = false;

  override poll(cx: Context): Poll<void> {
    if (this.done) throw new PollAfterCompletionError("consumeBudget()");
    if (!cx.takeBudget()) return Pending;
    this.done = true;
    return undefined;
  }

  override cancel(_cx: Context): Poll<void> {
    this.done = true;
  }
}

/**
 * Takes one unit of the task's coop budget, and lets other tasks and the host have their turn if none is left: to be
 * awaited once for each step of a long computation that awaits nothing else.
 *
 * Cheaper than `yieldNow`, which suspends each time.
 *
 * **Cancel safety.** Safe: nothing is held.
 *
 * @example
 * ```ts
 * const sum = co(function* (numbers: number[]) {
 *   let total = 0;
 *   for (const n of numbers) {
 *     total += n;
 *     yield* consumeBudget();
 *   }
 *   return total;
 * });
 * console.log(await run(sum([1, 2, 3])));
 * ```
 */
export function consumeBudget(): Future<void> {
  return new ConsumeBudget();
}
