import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";

class Never extends Future<never> {
  private cancelled = false;

  override poll(_cx: Context): Poll<never> {
    if (this.cancelled) throw new PollAfterCompletionError("never()");
    return Pending;
  }

  override inspect(): Inspection {
    return { op: "never", futures: [], any: true };
  }

  override cancel(_cx: Context): Poll<void> {
    this.cancelled = true;
  }
}

/**
 * A future that is never ready: who awaits it waits until it is cancelled.
 *
 * **Cancel safety.** Safe: nothing is held.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   console.log(yield* race([never(), ready("first")])); // first
 * });
 * await run(main());
 * ```
 */
export function never(): Future<never> {
  return new Never();
}
