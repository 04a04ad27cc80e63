import type { Context, RuntimeHandle, Waker } from "./context.ts";
import { CleanupTimeoutError } from "./errors.ts";
import { Pending, type Poll } from "./poll.ts";
import { TimerEntry } from "./timer-entry.ts";

/** What can be given up: a future, or a stream. */
export interface Cancellable {
  /** Releases what is held; may return `Pending` to do so asynchronously, and is then called again when woken. */
  cancel(cx: Context): Poll<void>;
}

/**
 * Drives the cancel of one future, or of a stream, to its end, within the runtime's limit: past it the future is
 * abandoned, which the runtime reports, and the cancel fails with `CleanupTimeoutError`.
 *
 * Whoever gives up on a future (a task, a combinator) makes one and polls it; the reason is seen by the future as
 * `cx.cancelReason`. Once it has returned or thrown, the future must not be touched again.
 *
 * @example
 * ```ts
 * // Gives up on a future that is not ready at its first poll.
 * class NowOrNever extends Future<boolean> {
 *   readonly #future: Future<unknown>;
 *   #cleanup: Cleanup | undefined;
 *   constructor(future: Future<unknown>) {
 *     super();
 *     this.#future = future;
 *   }
 *   override poll(cx: Context): Poll<boolean> {
 *     if (this.#cleanup === undefined) {
 *       if (this.#future.poll(cx) !== Pending) return true;
 *       this.#cleanup = new Cleanup(this.#future, "not ready", "what was not ready");
 *     }
 *     return this.#cleanup.poll(cx) === Pending ? Pending : false;
 *   }
 * }
 * console.log(await run(new NowOrNever(ready(1))), await run(new NowOrNever(never()))); // true false
 * ```
 */
export class Cleanup extends TimerEntry {
  readonly #future: Cancellable;
  readonly #reason: unknown;
  readonly #what: string;
  #waker: Waker | null = null;
  #expired = false;

  /**
   * @param future - what is given up: a future, or a stream
   * @param reason - why, for `cx.cancelReason`
   * @param what - names the future in the report, such as `"the loser of a select"`
   */
  constructor(future: Cancellable, reason: unknown, what: string) {
    super();
    this.#future = future;
    this.#reason = reason;
    this.#what = what;
  }

  /** Throws what the cleanup failed with. */
  poll(cx: Context): Poll<void> {
    const runtime = cx.runtime;
    const outerReason = runtime.cancelReason;
    runtime.cancelReason = this.#reason;
    try {
      if (this.#future.cancel(cx) === Pending) {
        // Asked once more after the limit: a limit inside of it may have ended what it waited for at the same moment.
        if (this.#expired) {
          const error = new CleanupTimeoutError(runtime.cleanupLimit, this.#what);
          runtime.reportAbandoned(error, cx.waker);
          throw error;
        }
        this.wait(cx);
        return Pending;
      }
    } catch (error) {
      this.stop(runtime);
      throw error;
    } finally {
      runtime.cancelReason = outerReason;
    }
    this.stop(runtime);
    return undefined;
  }

  /**
   * Waits for a cancel that has returned `Pending`, and has the limit count from the first time on.
   *
   * @internal
   */
  wait(cx: Context): void {
    const { runtime } = cx;
    if (this.#waker === null && Number.isFinite(runtime.cleanupLimit)) {
      runtime.timers.arm(this, runtime.timers.now() + runtime.cleanupLimit);
    }
    this.#waker = cx.waker;
  }

  /** Takes the limit back, for a future that is not going to be touched again. */
  stop(runtime: RuntimeHandle): void {
    if (this.list !== null) runtime.timers.disarm(this);
  }

  override fire(): void {
    this.#expired = true;
    this.#waker?.wake();
  }
}
