import { requireFunction } from "../combine/require-future.ts";
import { Single } from "../combine/single.ts";
import type { Flat } from "../combine/types.ts";
import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Poll } from "../core/poll.ts";

class Abortable<R> extends Single<Flat<R>> {
  /** `null` once it has been called or cannot be any more. */
  private fn: ((signal: AbortSignal) => R) | null;
  private readonly controller: AbortController;

  constructor(fn: (signal: AbortSignal) => R) {
    super("abortable", null);
    this.fn = fn;
    this.controller = new AbortController();
  }

  override poll(cx: Context): Poll<Flat<R>> {
    const { controller, fn } = this;
    this.fn = null;
    try {
      // `follow` does what `Flat` says.
      return (
        fn === null ? this.pollInner(cx) : this.follow(cx, callWith(cx, fn, controller.signal))
      ) as Poll<Flat<R>>;
    } catch (error) {
      controller.abort(error);
      throw error;
    }
  }

  override cancel(cx: Context): Poll<void> {
    const { controller, fn } = this;
    this.fn = null;
    const reason = cx.cancelReason;
    // Without a reason, the platform's own: an `AbortError`. Where nothing has begun, nobody has the signal.
    if (fn === null && !controller.signal.aborted) {
      if (reason === undefined) controller.abort();
      else controller.abort(reason);
    }
    return super.cancel(cx);
  }
}

/**
 * Calls `fn` at the first poll with an `AbortSignal` that lasts as long as the future or the generator that `fn` returns:
 * it is aborted when that is cancelled, with the reason, or fails, with the error. So several calls of a library can share
 * one signal, such as a request and the reading of its body. The signal of `fromPromise` lasts for one call.
 *
 * **Cancel safety.** A cancel aborts the signal first, and then goes on with the cancel of the future.
 *
 * @throws TypeError if it is not given a function
 * @throws what `fn` throws, and what the future that it returns fails with
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const page = abortable(function* (signal) {
 *     signal.addEventListener("abort", () => console.log("aborted")); // aborted
 *     yield* sleep(60_000); // stands for a request, and for what comes after it
 *   });
 *   yield* select({ page, other: sleep(1) });
 * });
 * await run(main());
 * ```
 */
export function abortable<R>(fn: (signal: AbortSignal) => R): Future<Flat<R>> {
  requireFunction("abortable", fn);
  return new Abortable(fn);
}
