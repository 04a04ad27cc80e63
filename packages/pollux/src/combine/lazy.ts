import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Poll } from "../core/poll.ts";
import { requireFunction } from "./require-future.ts";
import { Single } from "./single.ts";
import type { Flat } from "./types.ts";

class Lazy<R> extends Single<Flat<R>> {
  /** `null` once it has been called or cannot be any more. */
  private fn: (() => R) | null;

  constructor(fn: () => R) {
    super("lazy", null);
    this.fn = fn;
  }

  override poll(cx: Context): Poll<Flat<R>> {
    const { fn } = this;
    this.fn = null;
    // `follow` does what `Flat` says.
    return (fn === null ? this.pollInner(cx) : this.follow(cx, callWith(cx, fn, undefined))) as Poll<Flat<R>>;
  }

  override cancel(cx: Context): Poll<void> {
    this.fn = null;
    return super.cancel(cx);
  }
}

/**
 * Calls `fn` at the first poll, and gives the value that it returns, or goes on with the future or the generator.
 *
 * **Cancel safety.** As that of what `fn` has returned.
 *
 * @throws TypeError if it is not given a function
 * @throws what `fn` throws, and what the future that it returns fails with
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const later = lazy(() => Date.now()); // the time of its first poll
 *   yield* sleep(10);
 *   console.log(yield* later);
 * });
 * await run(main());
 * ```
 */
export function lazy<R>(fn: () => R): Future<Flat<R>> {
  requireFunction("lazy", fn);
  return new Lazy(fn);
}
