import type { Context, TimerDriver, Waker } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { TimerEntry } from "../core/timer-entry.ts";
import { checkDuration, checkInstant } from "./duration.ts";

/** Not polled yet, `due` is a duration; not polled yet, `due` is an instant; waiting; due; and the two ends. */
const For = 0;
const Until = 1;
const Armed = 2;
const Elapsed = 3;
const Completed = 4;
const Cancelled = 5;

/**
 * A future that is ready when its deadline has come; made by {@link sleep} and {@link sleepUntil}.
 *
 * It can be set anew with {@link reset}, before and after it has come to its end: lend it with `ref()` to a `select` in
 * a loop, and reset it there.
 */
// It is its own entry in the timing wheel: one object for each sleep.
export class Sleep extends Future<void> implements TimerEntry {
  /** @internal */
  before: TimerEntry | null = null;
  /** @internal */
  after: TimerEntry | null = null;
  /** @internal */
  list: LinkedList<TimerEntry> | null = null;
  /** @internal */
  due: number;
  private state: number;
  private waker: Waker | null = null;
  private timers: TimerDriver | null = null;

  /** @internal */
  constructor(due: number, state: number) {
    super();
    this.due = due;
    this.state = state;
  }

  override poll(cx: Context): Poll<void> {
    if (this.state <= Until) this.start(cx);
    if (this.state === Armed) {
      this.waker = cx.waker;
      return Pending;
    }
    if (this.state !== Elapsed) throw new PollAfterCompletionError("this sleep");
    // Waiting gives nothing and so costs no budget; being ready does.
    if (!cx.takeBudget()) return Pending;
    this.state = Completed;
    return undefined;
  }

  private start(cx: Context): void {
    const timers = cx.runtime.timers;
    this.timers = timers;
    const now = timers.now();
    const deadline = this.state === For ? now + this.due : this.due;
    if (deadline <= now) {
      this.due = deadline;
      this.state = Elapsed;
    } else this.arm(timers, deadline);
  }

  private arm(timers: TimerDriver, deadline: number): void {
    this.state = Armed;
    if (deadline !== Number.POSITIVE_INFINITY) timers.arm(this, deadline);
    else {
      if (this.list !== null) timers.disarm(this);
      this.due = deadline;
    }
  }

  override cancel(cx: Context): Poll<void> {
    if (this.list !== null) cx.runtime.timers.disarm(this);
    this.state = Cancelled;
    this.waker = null;
  }

  /** @internal */
  fire(): void {
    const waker = this.waker;
    this.state = Elapsed;
    this.waker = null;
    waker?.wake();
  }

  /**
   * The instant at which it is due, a whole millisecond (the one after the exact time); `Infinity` for never. It is
   * `undefined` before the first poll of a {@link sleep}, from which its duration counts.
   */
  get deadline(): number | undefined {
    return this.state === For ? undefined : Math.ceil(this.due);
  }

  /** Whether the deadline has come, be it that nobody has polled since. A reset makes it `false` again. */
  get isElapsed(): boolean {
    return this.state === Elapsed || this.state === Completed;
  }

  /**
   * Sets the deadline anew: `ms` from now, or from the first poll if there was none yet. Who waits goes on waiting; one
   * that has ended, by its time or by a cancel, can be awaited again.
   *
   * @param ms - milliseconds, 0 or more; `Infinity` for never
   * @throws TypeError, RangeError for anything else
   */
  reset(ms: number): void {
    checkDuration("Sleep.reset", ms);
    if (this.timers === null) this.restart(ms, For);
    else this.restart(this.timers.now() + ms, Until);
  }

  /**
   * As {@link reset}, with the instant itself.
   *
   * @param instant - milliseconds of `now()`; `Infinity` for never
   * @throws TypeError, RangeError if it is no number, or `NaN`
   */
  resetUntil(instant: number): void {
    checkInstant("Sleep.resetUntil", instant);
    this.restart(instant, Until);
  }

  private restart(due: number, state: number): void {
    if (this.state === Armed) {
      // Armed implies that there is a clock.
      const timers = this.timers as TimerDriver;
      if (due > timers.now()) this.arm(timers, due);
      else {
        if (this.list !== null) timers.disarm(this);
        this.due = due;
        this.fire();
      }
      return;
    }
    // What has ended is nobody's any more.
    if (this.state >= Completed) this.owner = null;
    this.due = due;
    this.state = state;
  }
}

/**
 * Waits for `ms` milliseconds, counted from the first poll: like every future, a sleep that nobody awaits does nothing.
 * (For a deadline that is fixed beforehand, take `sleepUntil(now() + ms)`.)
 *
 * The clock has ticks of 1 ms and the deadline is rounded up: it never ends early. `sleep(0)` is ready at once; to let
 * other tasks run, use `yieldNow`.
 *
 * **Cancel safety.** Safe: its timer is taken back.
 *
 * @param ms - milliseconds, 0 or more, of any length; `Infinity` never ends
 * @throws TypeError if `ms` is not a number
 * @throws RangeError if it is negative or `NaN`
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   yield* sleep(100);
 *   return "100 ms later";
 * });
 * console.log(await run(main()));
 * ```
 */
export function sleep(ms: number): Sleep {
  checkDuration("sleep", ms);
  return new Sleep(ms, For);
}

/**
 * Waits until an instant of `now()`. One that has passed is ready at once.
 *
 * **Cancel safety.** Safe: its timer is taken back.
 *
 * @param instant - milliseconds on the runtime's clock; `Infinity` never comes
 * @throws TypeError if it is not a number
 * @throws RangeError if it is `NaN`
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const start = now();
 *   for (let n = 1; n <= 3; n++) yield* sleepUntil(start + n * 10);
 * });
 * await run(main());
 * ```
 */
export function sleepUntil(instant: number): Sleep {
  checkInstant("sleepUntil", instant);
  return new Sleep(instant, Until);
}
