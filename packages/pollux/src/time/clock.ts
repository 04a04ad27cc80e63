import type { Context, TimerDriver } from "../core/context.ts";
import { NoRuntimeError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { currentExecutor } from "../task/spawn.ts";
import { checkDuration } from "./duration.ts";
import { Timers } from "./timers.ts";

/**
 * The clock of the calling task's runtime, or of the default one.
 *
 * @internal
 */
export function currentTimers(what: string): TimerDriver {
  return currentExecutor(what).timers;
}

/** The clock, where it is to be stopped or moved: a `TimerDriver` of somebody's own cannot. */
function pausable(timers: TimerDriver, what: string): Timers {
  if (!(timers instanceof Timers)) throw new NoRuntimeError(`${what} of the clock`);
  return timers;
}

/**
 * The time on the current runtime's clock (of the calling task, or of the default runtime), as an *instant*: plain
 * milliseconds with fractions. The clock is monotonic and its zero means nothing: add, subtract and compare instants of
 * one runtime, and give them to `sleepUntil` or `deadline`.
 *
 * @example
 * ```ts
 * const started = now();
 * yield* sleep(100);
 * console.log(`${now() - started} ms`);
 * ```
 */
export function now(): number {
  return currentTimers("now").now();
}

/**
 * Stops the current runtime's clock, for tests, on the next whole millisecond. It then moves by {@link advance} only,
 * and by itself to the next deadline whenever no task can run and nothing is awaited from outside (I/O, a promise,
 * blocking work). Does nothing if it stands already.
 *
 * To have it stand from the start, at 0, make the runtime with `clock: "paused"`.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   pause();
 *   yield* sleep(24 * 60 * 60_000); // takes no time
 * });
 * await run(main());
 * ```
 */
export function pause(): void {
  pausable(currentTimers("pause"), "pause").pause();
}

/**
 * Lets the current runtime's clock go on from what it shows. Does nothing if it runs already.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   pause();
 *   yield* sleep(60_000); // takes no time
 *   resume();
 *   yield* sleep(5); // takes 5 ms
 * });
 * await run(main());
 * ```
 */
export function resume(): void {
  pausable(currentTimers("resume"), "resume").resume();
}

class Advance extends Future<void> {
  readonly #ms: number;
  #polls = 0;

  constructor(ms: number) {
    super();
    this.#ms = ms;
  }

  override poll(cx: Context): Poll<void> {
    switch (this.#polls++) {
      case 0:
        pausable(cx.runtime.timers, "advance").advance(this.#ms);
        cx.wake();
        return Pending;
      case 1:
        return undefined;
      default:
        throw new PollAfterCompletionError("advance()");
    }
  }
}

/**
 * Moves the current runtime's paused clock by `ms` at once, fires what has become due, and lets the tasks that this
 * makes runnable run once. It does not stop at each deadline on the way: a task that sleeps again counts from the end.
 *
 * @param ms - milliseconds, 0 or more, finite
 *
 * **Cancel safety.** The clock moves at the first poll, and stays moved.
 *
 * @throws RangeError for a duration that is negative, `NaN` or infinite
 * @throws ClockRunningError, as the future's error, if the clock is not paused
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   pause();
 *   const handle = spawn(sleep(1000));
 *   yield* yieldNow(); // the sleep begins
 *   yield* advance(999);
 *   console.log(handle.isFinished); // false
 *   yield* advance(1);
 *   console.log(handle.isFinished); // true
 * });
 * await run(main());
 * ```
 */
export function advance(ms: number): Future<void> {
  checkDuration("advance", ms);
  if (ms === Number.POSITIVE_INFINITY) throw new RangeError("advance needs a finite number of milliseconds");
  return new Advance(ms);
}
