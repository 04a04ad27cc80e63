import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";

class YieldNow extends Future<void> {
  private polls: number;

  constructor() {
    super();
    this.polls = 0;
  }

  override poll(cx: Context): Poll<void> {
    switch (this.polls++) {
      case 0:
        cx.wake();
        return Pending;
      case 1:
        return undefined;
      default:
        throw new PollAfterCompletionError("yieldNow()");
    }
  }
}

/**
 * Lets every other task that is runnable now go first, and then goes on.
 *
 * **Cancel safety.** Safe: nothing is held.
 *
 * @example
 * ```ts
 * const lines: string[] = [];
 * const speak = co(function* (name: string) {
 *   for (let n = 0; n < 2; n++) {
 *     lines.push(name);
 *     yield* yieldNow();
 *   }
 * });
 * const main = co(function* () {
 *   const other = spawn(speak("Pollux"));
 *   yield* speak("Castor");
 *   yield* other;
 *   console.log(lines); // [Castor, Pollux, Castor, Pollux]
 * });
 * await run(main());
 * ```
 */
export function yieldNow(): Future<void> {
  return new YieldNow();
}
