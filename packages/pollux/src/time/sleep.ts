import { ambient } from "../core/ambient.ts";
import type { Context, TimerDriver, Waker } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { admit, Future, pendingOn, type Suspend, suspendOn } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { TimerEntry } from "../core/timer-entry.ts";
import { checkDuration, checkInstant } from "./duration.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const current = ambient;

/** Not polled yet, and `due` is a duration, or an instant; waiting, for ever or for `due`; due; and the two ends. */
const For = 0;
const Until = 1;
const Forever = 2;
const Armed = 3;
const Elapsed = 4;
const Completed = 5;
const Cancelled = 6;

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
  list: object | null = null;
  /**
   * Once polled, in whole ticks: as long as all that was ever written here is a small integer, V8 needs no box for it.
   * Hence `Infinity` is a state.
   * @internal
   */
  due: number;
  private state: number;
  private waker: Waker | null = null;
  /** Set while `Armed`, and kept. */
  private timers: TimerDriver | null = null;

  /** @internal */
  constructor(due: number, state: number) {
    super();
    const forever = due === Number.POSITIVE_INFINITY;
    this.due = forever ? 0 : due;
    this.state = forever ? Forever : state;
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
    if (this.state <= Until) this.start(cx);
    // Waiting gives nothing and so costs no budget; being ready does.
    if (this.state <= Armed) {
      this.waker = cx.waker;
      return Pending;
    }
    if (this.state !== Elapsed) throw new PollAfterCompletionError("this sleep");
    if (!cx.takeBudget()) return Pending;
    this.state = Completed;
    return undefined;
  }

  private start(cx: Context): void {
    const timers = cx.runtime.timers;
    const now = timers.now();
    const deadline = this.state === For ? now + this.due : this.due;
    if (deadline > now) {
      this.state = Armed;
      this.timers = timers;
      timers.arm(this, deadline);
    } else {
      this.state = Elapsed;
      this.due = Math.ceil(deadline);
    }
  }

  override cancel(cx: Context): Poll<void> {
    if (this.list !== null) cx.runtime.timers.disarm(this);
    this.state = Cancelled;
    this.waker = null;
  }

  /**
   * Nobody waits any more. The deadline stays: the next poll waits for it, or finds that it has passed.
   * @internal
   */
  stopWaiting(): void {
    if (this.state === Armed) {
      // `Armed` implies the clock.
      (this.timers as TimerDriver).disarm(this);
      this.state = Until;
    }
    this.waker = null;
  }

  override inspect(): Inspection {
    if (this.state === Armed) return { op: "sleep", due: this.due };
    return this.state === Forever ? { op: "sleep for ever", futures: [], any: true } : { op: "sleep" };
  }

  /** @internal */
  fire(): void {
    this.state = Elapsed;
    this.wake();
  }

  private wake(): void {
    const waker = this.waker;
    this.waker = null;
    waker?.wake();
  }

  /**
   * The instant at which it is due, in whole milliseconds (rounded up); `Infinity` for never. `undefined` for a
   * {@link sleep} that was not polled yet: its duration counts from there.
   */
  get deadline(): number | undefined {
    if (this.state === For) return undefined;
    return this.state === Forever ? Number.POSITIVE_INFINITY : Math.ceil(this.due);
  }

  /** Whether the deadline has come, be it that nobody has polled since. A reset makes it `false` again. */
  get isElapsed(): boolean {
    return this.state === Elapsed || this.state === Completed;
  }

  /**
   * Sets the deadline anew. If somebody waits, `ms` from now, and they go on waiting; else `ms` from the next poll: also
   * one that has ended, by its time or by a cancel, can be awaited again.
   *
   * @param ms - milliseconds, 0 or more; `Infinity` for never
   * @throws TypeError if `ms` is not a number
   * @throws RangeError if it is negative or `NaN`
   */
  reset(ms: number): void {
    checkDuration("Sleep.reset", ms);
    // `Armed` implies the clock.
    if (this.state === Armed) this.rearm((this.timers as TimerDriver).now() + ms);
    else this.renew(ms, For);
  }

  /**
   * As {@link reset}, with the instant itself.
   *
   * @param instant - milliseconds of `now()`; `Infinity` for never
   * @throws TypeError if `instant` is not a number
   * @throws RangeError if it is `NaN`
   */
  resetUntil(instant: number): void {
    checkInstant("Sleep.resetUntil", instant);
    if (this.state === Armed) this.rearm(instant);
    else this.renew(instant, Until);
  }

  private rearm(deadline: number): void {
    const timers = this.timers as TimerDriver;
    if (deadline === Number.POSITIVE_INFINITY) {
      timers.disarm(this);
      this.state = Forever;
    } else if (deadline > timers.now()) timers.arm(this, deadline);
    else {
      timers.disarm(this);
      this.due = Math.ceil(deadline);
      this.fire();
    }
  }

  private renew(due: number, state: number): void {
    // What has ended is nobody's any more.
    if (this.state >= Completed) this.owner = null;
    const forever = due === Number.POSITIVE_INFINITY;
    this.due = forever ? 0 : due;
    this.state = forever ? Forever : state;
    // Who waited for ever is to start anew.
    this.wake();
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
