import { requireFuture } from "../combine/require-future.ts";
import { Cleanup } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context, Waker } from "../core/context.ts";
import {
  CleanupError,
  FutureInUseError,
  PollAfterCompletionError,
  type PolluxError,
  TimeoutError,
} from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { TimerEntry } from "../core/timer-entry.ts";
import { checkDuration, checkInstant } from "./duration.ts";

/** Not polled yet; polling the inner future; giving it up, because of the time or of a cancel; and the end. */
const New = 0;
const Running = 1;
const Expired = 2;
const Cancelling = 3;
const Done = 4;

/** Its own entry in the timing wheel: one object for each timeout, and two more when it expires. */
class Timeout<T> extends Future<T> implements TimerEntry {
  before: TimerEntry | null = null;
  after: TimerEntry | null = null;
  list: object | null = null;
  due = 0;
  private state: number = New;
  /** `null` once it is done with. */
  private inner: Future<T> | null;
  /** A duration or an instant, as `isInstant` says. */
  private readonly limit: number;
  private readonly isInstant: boolean;
  private timeIsUp = false;
  /** The time was up when there was no budget to ask the inner future with: it is asked once more. */
  private hasDeferred = false;
  private waker: Waker | null = null;
  /** While `Expired`. */
  private cleanup: Cleanup | null = null;
  private error: TimeoutError | null = null;

  constructor(inner: Future<T>, limit: number, isInstant: boolean) {
    super();
    this.inner = inner;
    this.limit = limit;
    this.isInstant = isInstant;
  }

  override poll(cx: Context): Poll<T> {
    switch (this.state) {
      case New:
        return this.pollInner(cx, this.start(cx));
      case Running:
        return this.pollInner(cx, Number.POSITIVE_INFINITY);
      case Expired:
        return this.giveUp(cx);
      default:
        throw this.misuse();
    }
  }

  /** Takes the inner future over, and gives the instant to arm the timer for; `Infinity` for none. */
  private start(cx: Context): number {
    (this.inner as Future<T>).claim(this);
    this.state = Running;
    if (this.limit === Number.POSITIVE_INFINITY) return this.limit;
    const now = cx.runtime.timers.now();
    const deadline = this.isInstant ? this.limit : now + this.limit;
    this.timeIsUp = deadline <= now;
    return deadline;
  }

  private pollInner(cx: Context, armFor: number): Poll<T> {
    const couldAsk = cx.runtime.budget > 0;
    let poll: Poll<T>;
    try {
      poll = (this.inner as Future<T>).poll(cx);
    } catch (error) {
      this.finish(cx);
      throw error;
    }
    if (poll !== Pending) {
      this.finish(cx);
      return poll;
    }
    if (this.timeIsUp) {
      // Asked without budget: an inner future that always finds something to do spends all of it, for ever. One that
      // never had any may have a value, and gets one more poll; not more, since a sibling may spend it all each time.
      if (couldAsk || this.hasDeferred) return this.giveUp(cx);
      this.hasDeferred = true;
      cx.wake();
      return Pending;
    }
    if (armFor !== Number.POSITIVE_INFINITY) cx.runtime.timers.arm(this, armFor);
    this.waker = cx.waker;
    return Pending;
  }

  fire(): void {
    this.timeIsUp = true;
    this.waker?.wake();
  }

  /** Drives the cancel of the inner future to its end, and then fails. */
  private giveUp(cx: Context): Poll<never> {
    if (this.state === Running) {
      this.state = Expired;
      this.error = new TimeoutError(
        this.isInstant ? "the deadline passed" : `timed out after ${this.limit} ms`,
      );
      this.cleanup = new Cleanup(this.inner as Future<T>, this.error, "what a timeout gave up on");
    }
    // Set above, and until `finish`.
    const error = this.error as TimeoutError;
    if (this.driveCleanup(cx, error) === Pending) return Pending;
    throw error;
  }

  private driveCleanup(cx: Context, reason: TimeoutError): Poll<void> {
    try {
      if ((this.cleanup as Cleanup).poll(cx) === Pending) return Pending;
    } catch (error) {
      this.finish(cx);
      throw new CleanupError(reason, collect(null, error, reason));
    }
    this.finish(cx);
    return undefined;
  }

  override cancel(cx: Context): Poll<void> {
    switch (this.state) {
      case Running:
      case Cancelling:
        return this.cancelInner(cx);
      case Expired:
        // What is cleaned up because of the time is cleaned up; there is nothing more to cancel.
        return this.driveCleanup(cx, this.error as TimeoutError);
      default:
        this.finish(cx);
        return undefined;
    }
  }

  private cancelInner(cx: Context): Poll<void> {
    this.state = Cancelling;
    if (this.list !== null) cx.runtime.timers.disarm(this);
    try {
      if ((this.inner as Future<T>).cancel(cx) === Pending) return Pending;
    } catch (error) {
      this.finish(cx);
      throw error;
    }
    this.finish(cx);
    return undefined;
  }

  override inspect(): Inspection {
    return {
      ...around(this.isInstant ? "deadline" : "timeout", this.inner),
      any: true,
      ...(this.list === null ? {} : { due: this.due }),
    };
  }

  private misuse(): PolluxError {
    if (this.state === Done) return new PollAfterCompletionError("this timeout");
    return new FutureInUseError("this timeout is being cancelled and must not be polled");
  }

  private finish(cx: Context): void {
    if (this.list !== null) cx.runtime.timers.disarm(this);
    this.state = Done;
    this.inner = null;
    this.waker = null;
    this.cleanup = null;
    this.error = null;
  }
}

/**
 * Gives what `future` gives, if that is within `ms` milliseconds from the first poll. Otherwise cancels it, waits for its
 * cleanup, and fails with `TimeoutError`. The future is polled before the time is looked at: a value that is there wins.
 *
 * A failure of that cleanup is thrown as a `CleanupError` whose `cause` is the `TimeoutError`.
 *
 * **Cancel safety.** Cancelling it cancels `future`. To time out and leave the future as it is, lend it:
 * `timeout(ms, future.ref())`.
 *
 * @param ms - milliseconds, 0 or more; `Infinity` for no limit
 * @throws TypeError if `ms` is not a number or `future` not a future
 * @throws RangeError if `ms` is negative or `NaN`
 * @throws TimeoutError, CleanupError as the future's error
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   try {
 *     yield* timeout(50, sleep(1000));
 *   } catch (error) {
 *     if (error instanceof TimeoutError) return "gave up";
 *     throw error;
 *   }
 * });
 * console.log(await run(main()));
 * ```
 */
export function timeout<T>(ms: number, future: Future<T>): Future<T> {
  checkDuration("timeout", ms);
  requireFuture(future, "timeout", 1);
  return new Timeout<T>(future, ms, false);
}

/**
 * As {@link timeout}, with the instant itself: for one deadline over several steps.
 *
 * **Cancel safety.** As for `timeout`.
 *
 * @param instant - milliseconds of `now()`; `Infinity` for no limit
 * @throws TypeError if `instant` is not a number or `future` not a future
 * @throws RangeError if `instant` is `NaN`
 * @throws TimeoutError, CleanupError as the future's error
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const end = now() + 1000;
 *   yield* deadline(end, sleep(10));
 *   yield* deadline(end, sleep(20));
 * });
 * await run(main());
 * ```
 */
export function deadline<T>(instant: number, future: Future<T>): Future<T> {
  checkInstant("deadline", instant);
  requireFuture(future, "deadline", 1);
  return new Timeout<T>(future, instant, true);
}
