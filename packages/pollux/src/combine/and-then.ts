import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { requireFunction, requireFuture } from "./require-future.ts";
import { Single } from "./single.ts";
import type { Flat } from "./types.ts";

class AndThen<T, R> extends Single<Flat<R>> {
  /** `null` once it has been called. */
  private fn: ((value: T) => R) | null;

  constructor(future: Future<T>, fn: (value: T) => R) {
    super("andThen", future);
    this.fn = fn;
  }

  override poll(cx: Context): Poll<Flat<R>> {
    let poll = this.pollInner(cx);
    if (poll !== Pending && this.fn !== null) {
      const { fn } = this;
      this.fn = null;
      // The first inner future gives a `T`; `follow` does what `Flat` says.
      poll = this.follow(cx, callWith(cx, fn, poll as T));
    }
    return poll as Poll<Flat<R>>;
  }
}

/**
 * Goes on with the future that `fn` makes of the first one's value. `fn` may be a generator function, and may return a
 * plain value too.
 *
 * **Cancel safety.** Cancels the one of the two that is under way; as that one's.
 *
 * @throws TypeError if it is not given a future and a function
 * @throws what one of the two fails with, and what `fn` throws
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const length = yield* andThen(ready("hello"), function* (word) {
 *     yield* sleep(10);
 *     return word.length;
 *   });
 *   console.log(length); // 5
 * });
 * await run(main());
 * ```
 */
export function andThen<T, R>(future: Future<T>, fn: (value: T) => R): Future<Flat<R>> {
  requireFuture(future, "andThen", 0);
  requireFunction("andThen", fn);
  return new AndThen(future, fn);
}
