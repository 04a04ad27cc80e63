import type { Context, Waker } from "../../src/core/context.ts";
import { PollAfterCompletionError } from "../../src/core/errors.ts";
import { Future } from "../../src/core/future.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";

/** A future that the test opens, with a value or an error, and that remembers what was done to it. */
export class Gate<T = void> extends Future<T> {
  polls = 0;
  cancels = 0;
  /** `cx.cancelReason` of the first cancel. */
  reason: unknown = undefined;
  /** Whether it is over: a value, an error or a cancel was given out. */
  ended = false;
  #outcome: { value: T } | { error: unknown } | undefined;
  #waker: Waker | undefined;

  open(value: T): void {
    this.#outcome ??= { value };
    this.#waker?.wake();
  }

  fail(error: unknown): void {
    this.#outcome ??= { error };
    this.#waker?.wake();
  }

  /** Wakes whoever polled last, without there being anything new. */
  wake(): void {
    this.#waker?.wake();
  }

  /** Polled, and waiting. */
  get waiting(): boolean {
    return this.polls > 0 && !this.ended;
  }

  override poll(cx: Context): Poll<T> {
    if (this.ended) throw new PollAfterCompletionError("this gate");
    this.polls++;
    this.#waker = cx.waker;
    if (this.#outcome === undefined) return Pending;
    this.ended = true;
    if ("error" in this.#outcome) throw this.#outcome.error;
    return this.#outcome.value;
  }

  override cancel(cx: Context): Poll<void> {
    if (this.cancels++ === 0) this.reason = cx.cancelReason;
    this.ended = true;
  }
}
