import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { requireFunction, requireFuture } from "./require-future.ts";
import { Single } from "./single.ts";
import type { Flat } from "./types.ts";

class CatchError<T, R> extends Single<T | Flat<R>> {
  /** `null` once it has been called or cannot be any more. */
  private fn: ((error: unknown) => R) | null;

  constructor(future: Future<T>, fn: (error: unknown) => R) {
    super("catchError", future);
    this.fn = fn;
  }

  override poll(cx: Context): Poll<T | Flat<R>> {
    const { fn } = this;
    // Either the first inner future, which gives a `T`, or what `follow` has made of the result of `fn`.
    if (fn === null) return this.pollInner(cx) as Poll<T | Flat<R>>;
    let poll: Poll<unknown>;
    try {
      poll = this.pollInner(cx);
    } catch (error) {
      this.fn = null;
      return this.follow(cx, callWith(cx, fn, error)) as Poll<Flat<R>>;
    }
    if (poll !== Pending) this.fn = null;
    return poll as Poll<T>;
  }

  override cancel(cx: Context): Poll<void> {
    this.fn = null;
    return super.cancel(cx);
  }
}

/**
 * Goes on with what `fn` returns when the future fails: a value, a future, or a generator. A cancel is no failure: `fn`
 * does not see it.
 *
 * **Cancel safety.** As that of the future, or of the one that `fn` has returned.
 *
 * @throws TypeError if it is not given a future and a function
 * @throws what `fn` throws, and what the future that it returns fails with
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   console.log(yield* catchError(failed(new Error("no luck")), () => "never mind")); // never mind
 * });
 * await run(main());
 * ```
 */
export function catchError<T, R>(future: Future<T>, fn: (error: unknown) => R): Future<T | Flat<R>> {
  requireFuture(future, "catchError", 0);
  requireFunction("catchError", fn);
  return new CatchError(future, fn);
}
