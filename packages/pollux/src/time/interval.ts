import type { Context, TimerDriver } from "../core/context.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { StreamSource } from "../core/stream-source.ts";
import { currentTimers } from "./clock.ts";
import { checkDuration, checkInstant } from "./duration.ts";
import { type Sleep, sleepUntil } from "./sleep.ts";

/**
 * What an {@link Interval} does about ticks that nobody came for in time:
 * - `"burst"` makes up for them at once, one after the other, and so is back on schedule;
 * - `"delay"` shifts the schedule: the next tick is a period after the late one was taken;
 * - `"skip"` drops them and goes on with the next tick of the schedule.
 */
export type MissedTicks = "burst" | "delay" | "skip";

/** How an {@link interval} begins, and what it does when it is late. */
export interface IntervalOptions {
  /** Default `"burst"`. */
  missed?: MissedTicks;
  /** The instant (of `now()`) of the first tick. Default: the first poll of the first tick. */
  start?: number;
}

/** A tick that is taken later than this, in ms, is late. Less is what a busy loop or the clock's grain make. */
const LATE = 5;

class Tick extends Future<number> {
  readonly #interval: Interval;
  #done = false;

  constructor(interval: Interval) {
    super();
    this.#interval = interval;
  }

  override poll(cx: Context): Poll<number> {
    if (this.#done) throw new PollAfterCompletionError("this tick");
    const poll = this.#interval.pollFor(this, cx);
    if (poll !== Pending) this.#done = true;
    return poll;
  }

  override inspect(): Inspection {
    return this.#interval.inspect();
  }

  override cancel(cx: Context): Poll<void> {
    this.#done = true;
    this.#interval.leave(this, cx);
  }
}

/**
 * Ticks at a fixed rate; made by {@link interval}. One at a time may wait for its next tick. `Stream.from` makes a stream of
 * them, which does not end by itself.
 */
export class Interval implements StreamSource<number> {
  /** Milliseconds between ticks. */
  readonly period: number;
  /** What happens to ticks that were missed; may be changed at any time. */
  missed: MissedTicks;
  /** When the next tick is due; `undefined` for the first poll. */
  #next: number | undefined;
  /** Waits for `#next`; `null` before the first wait. Nobody waits in it but while a tick is pending. */
  #sleep: Sleep | null = null;
  #timers: TimerDriver | null = null;
  /** The tick that waits. */
  #waiting: Tick | null = null;

  /** @internal */
  constructor(period: number, options: IntervalOptions) {
    this.period = period;
    this.missed = options.missed ?? "burst";
    this.#next = options.start;
  }

  /**
   * Waits for the next tick, and gives the instant that it was due at.
   *
   * **Cancel safety.** Safe: no tick is lost.
   *
   * @throws FutureInUseError if another tick of this interval is being waited for
   */
  tick(): Future<number> {
    return new Tick(this);
  }

  /** As {@link tick}, for futures of one's own: polls for the next tick. The waker of the last poll counts. */
  pollTick(cx: Context): Poll<number> {
    this.#timers ??= cx.runtime.timers;
    const now = this.#timers.now();
    this.#next ??= now;
    const due = this.#next;
    if (due > now) {
      this.#sleep ??= sleepUntil(Math.ceil(due));
      if (this.#sleep.poll(cx) === Pending) return Pending;
    } else if (!cx.takeBudget()) return Pending;
    this.#sleep?.cancel(cx);
    this.#schedule(this.#after(due, now));
    return due;
  }

  /** As {@link pollTick}. */
  pollNext(cx: Context): Poll<number> {
    return this.pollTick(cx);
  }

  /** Whoever waits in {@link pollNext} waits no longer. No tick is lost. */
  cancelNext(): void {
    if (this.#waiting === null) this.#sleep?.stopWaiting();
  }

  /** Stops waiting, as a stream of its ticks does when it is given up. It can be awaited anew. */
  cancel(cx: Context): Poll<void> {
    if (this.#sleep === null || this.#next === undefined) return undefined;
    this.#sleep.cancel(cx);
    this.#schedule(this.#next);
    return undefined;
  }

  #after(due: number, now: number): number {
    if (now - due <= LATE || this.missed === "burst") return due + this.period;
    if (this.missed === "delay") return now + this.period;
    return now + this.period - ((now - due) % this.period);
  }

  #schedule(next: number): void {
    this.#next = next;
    this.#sleep?.resetUntil(Math.ceil(next));
  }

  /** @internal */
  pollFor(tick: Tick, cx: Context): Poll<number> {
    if (this.#waiting !== null && this.#waiting !== tick) {
      throw new FutureInUseError("another tick of this interval is being awaited");
    }
    const poll = this.pollTick(cx);
    this.#waiting = poll === Pending ? tick : null;
    return poll;
  }

  /** @internal */
  inspect(): Inspection {
    return { op: "tick", ...(this.#next === undefined ? {} : { due: Math.ceil(this.#next) }) };
  }

  /** @internal */
  leave(tick: Tick, cx: Context): void {
    if (this.#waiting !== tick) return;
    this.#waiting = null;
    this.#sleep?.cancel(cx);
    this.#schedule(this.#next as number);
  }

  /** The next tick is a period from now. */
  reset(): void {
    this.#schedule(this.#now() + this.period);
  }

  /** The next tick is now. */
  resetImmediately(): void {
    this.#schedule(this.#now());
  }

  /**
   * The next tick is in `ms` milliseconds.
   *
   * @throws TypeError, RangeError if `ms` is not a number, negative or `NaN`
   */
  resetAfter(ms: number): void {
    checkDuration("Interval.resetAfter", ms);
    this.#schedule(this.#now() + ms);
  }

  /**
   * The next tick is at `instant`.
   *
   * @throws TypeError, RangeError if `instant` is not a number, or `NaN`
   */
  resetAt(instant: number): void {
    checkInstant("Interval.resetAt", instant);
    this.#schedule(instant);
  }

  #now(): number {
    return (this.#timers ?? currentTimers("Interval.reset")).now();
  }

  /** The ticks, for code outside the runtime; without end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<number, never, void> {
    for (;;) yield await this.tick();
  }

  inspectNext(): Inspection {
    return this.inspect();
  }
}

/**
 * Ticks every `period` milliseconds, however long the work between the ticks takes; `sleep` in a loop would add that to
 * each round. The first tick is ready at once, or at `start`.
 *
 * Nothing runs in between: a tick is noticed when somebody waits for it. See {@link MissedTicks} for those that nobody
 * came for.
 *
 * @param period - milliseconds, more than 0
 * @throws TypeError, RangeError if `period`, `start` or `missed` is none of what it may be
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const ticks = interval(10, { missed: "skip" });
 *   for (let n = 0; n < 3; n++) console.log(yield* ticks.tick());
 * });
 * await run(main());
 * ```
 */
export function interval(period: number, options: IntervalOptions = {}): Interval {
  checkDuration("interval", period);
  if (period === 0)
    throw new RangeError("interval needs a period of more than 0 ms; to let others run, use yieldNow");
  if (options.start !== undefined) checkInstant("interval", options.start);
  if (options.missed !== undefined && !["burst", "delay", "skip"].includes(options.missed)) {
    throw new RangeError(`interval knows missed: "burst", "delay" and "skip", not ${String(options.missed)}`);
  }
  return new Interval(period, options);
}
