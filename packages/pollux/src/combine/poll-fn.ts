import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { requireFunction } from "./require-future.ts";

class PollFn<T> extends Future<T> {
  /** `null` after the end. */
  private fn: ((cx: Context) => Poll<T>) | null;

  constructor(fn: (cx: Context) => Poll<T>) {
    super();
    this.fn = fn;
  }

  override poll(cx: Context): Poll<T> {
    const { fn } = this;
    if (fn === null) throw new PollAfterCompletionError("this pollFn");
    let poll: Poll<T>;
    try {
      poll = callWith(cx, fn, cx);
    } catch (error) {
      this.fn = null;
      throw error;
    }
    if (poll !== Pending) this.fn = null;
    return poll;
  }

  override cancel(_cx: Context): Poll<void> {
    this.fn = null;
  }
}

/**
 * The future whose poll is `fn`: it returns a value, or `Pending` after it has seen to it that `cx.waker` is woken. For
 * one that has something to release, extend `Future`.
 *
 * **Cancel safety.** Safe: `fn` is not called any more.
 *
 * @throws TypeError if it is not given a function
 * @throws what `fn` throws
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   let polls = 0;
 *   const third = pollFn((cx) => {
 *     if (++polls === 3) return polls;
 *     cx.waker.wake();
 *     return Pending;
 *   });
 *   console.log(yield* third); // 3
 * });
 * await run(main());
 * ```
 */
export function pollFn<T>(fn: (cx: Context) => Poll<T>): Future<T> {
  requireFunction("pollFn", fn);
  return new PollFn(fn);
}
