import { ambient } from "../core/ambient.ts";
import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { admit, Future, pendingOn, type Suspend, suspendOn } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const current = ambient;

class YieldNow extends Future<void> {
  private polls: number;

  constructor() {
    super();
    this.polls = 0;
  }

  /** As `Future.next`, which says why it is repeated. */
  override next(): IteratorResult<Suspend, void> {
    const cx = current.cx;
    if (cx === null || (this.owner !== null && this.owner !== cx.resumed)) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING) return { done: true, value: poll };
    if (this.owner === null) this.owner = cx.resumed;
    return suspendOn(cx, this);
  }

  /** As `Future.awaitIn`, likewise. */
  override awaitIn(cx: Context): Poll<void> {
    if (this.owner !== null && this.owner !== cx.resumed) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING) return poll;
    if (this.owner === null) this.owner = cx.resumed;
    return pendingOn(cx, this);
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

  override cancel(): Poll<void> {
    this.polls = 2;
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
