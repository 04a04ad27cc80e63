import { Cleanup } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context, Waker } from "../core/context.ts";
import {
  CleanupError,
  describe,
  FutureInUseError,
  PollAfterCompletionError,
  type PolluxError,
} from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { requireFuture } from "./require-future.ts";

/** `Aborting`: the signal has fired. `Cancelling`: a cancel has come, and the signal does not matter any more. */
const New = 0;
const Waiting = 1;
const Aborting = 2;
const Cancelling = 3;
const Done = 4;

class WithSignal<T> extends Future<T> {
  private readonly inner: Future<T>;
  private readonly signal: AbortSignal;
  private state: number;
  private waker: Waker | null;
  private cleanup: Cleanup | null;
  /** Invariant: it listens exactly in `Waiting`. */
  private readonly onAbort: () => void;

  constructor(inner: Future<T>, signal: AbortSignal) {
    super();
    this.inner = inner;
    this.signal = signal;
    this.state = New;
    this.waker = null;
    this.cleanup = null;
    this.onAbort = () => this.waker?.wake();
  }

  override poll(cx: Context): Poll<T> {
    if (this.state >= Cancelling) throw this.misuse();
    if (this.state === New) this.begin();
    if (this.state === Waiting) {
      if (!this.signal.aborted) {
        const poll = this.pollInner(cx);
        if (poll !== Pending || !this.signal.aborted) return poll;
      }
      this.leave(Aborting);
      this.cleanup = new Cleanup(this.inner, this.signal.reason, "what withSignal gave up on");
    }
    return this.giveUp(cx, this.cleanup as Cleanup);
  }

  private begin(): void {
    this.state = Done;
    if (this.signal.aborted) throw this.signal.reason;
    this.inner.claim(this);
    this.state = Waiting;
    this.signal.addEventListener("abort", this.onAbort);
  }

  private pollInner(cx: Context): Poll<T> {
    let poll: Poll<T>;
    try {
      poll = this.inner.poll(cx);
    } catch (error) {
      this.leave(Done);
      throw error;
    }
    if (poll === Pending) this.waker = cx.waker;
    else this.leave(Done);
    return poll;
  }

  /** Drives the cancel of the inner future to its end, and then throws. */
  private giveUp(cx: Context, cleanup: Cleanup): Poll<never> {
    const { reason } = this.signal;
    try {
      if (cleanup.poll(cx) === Pending) return Pending;
    } catch (error) {
      this.end();
      throw new CleanupError(reason, collect(null, error, reason));
    }
    this.end();
    throw reason;
  }

  override cancel(cx: Context): Poll<void> {
    if (this.state === New) this.state = Done;
    if (this.state === Done) return undefined;
    if (this.state === Waiting) this.leave(Cancelling);
    let poll: Poll<void>;
    try {
      // A cleanup that the signal has begun goes on as it was.
      poll = this.cleanup === null ? this.inner.cancel(cx) : this.cleanup.poll(cx);
    } catch (error) {
      this.end();
      throw error;
    }
    if (poll === Pending) this.state = Cancelling;
    else this.end();
    return poll;
  }

  override inspect(): Inspection {
    return { ...around("withSignal", this.inner), any: true, outside: this.state === Waiting };
  }

  /** The inner future has ended. */
  private end(): void {
    this.state = Done;
    this.inner.release(this);
  }

  /** Ends the waiting, and with it the listening. */
  private leave(state: number): void {
    if (state === Done) this.end();
    this.state = state;
    this.waker = null;
    this.signal.removeEventListener("abort", this.onAbort);
  }

  private misuse(): PolluxError {
    if (this.state === Done) return new PollAfterCompletionError("this withSignal");
    return new FutureInUseError("this withSignal is being cancelled and must not be polled");
  }
}

/**
 * Gives what the future gives, unless the signal fires before: then the future is cancelled with the signal's reason,
 * and when its cleanup has ended, the reason is thrown as it is, as `fetch` and others do. When the signal has fired
 * already, the future is not begun at all. No listener stays behind.
 *
 * **Cancel safety.** As that of the future.
 *
 * @throws TypeError if it is not given a future and an `AbortSignal`
 * @throws what the future fails with; `signal.reason`, whatever that is
 * @throws CleanupError if cleanup failed after the signal; its `cause` is the reason
 *
 * @example
 * ```ts
 * const controller = new AbortController();
 * const main = co(function* () {
 *   yield* withSignal(sleep(60_000), controller.signal);
 * });
 * setTimeout(() => controller.abort(new Error("enough")), 10);
 * try {
 *   await run(main());
 * } catch (error) {
 *   console.log(error); // Error: enough
 * }
 * ```
 */
export function withSignal<T>(future: Future<T>, signal: AbortSignal): Future<T> {
  requireFuture(future, "withSignal", 0);
  if (typeof signal?.addEventListener !== "function") {
    throw new TypeError(`withSignal needs an AbortSignal, not ${describe(signal)}`);
  }
  return new WithSignal(future, signal);
}
