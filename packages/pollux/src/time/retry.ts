import { co } from "../core/coroutine.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { checkDuration } from "./duration.ts";
import { sleep } from "./sleep.ts";

/** How often, how long apart and after which failures {@link retry} tries again. */
export interface RetryOptions {
  /** Calls in all, the first included; `Infinity` for no limit. Default 3. */
  attempts?: number;
  /** The pause after the first failure, in ms. Default 100. */
  base?: number;
  /** What each pause is multiplied by for the next; 1 keeps them equal. Default 2. */
  factor?: number;
  /** The longest pause, in ms. Default 30,000. */
  max?: number;
  /**
   * `"full"`: a pause is drawn at random, in whole ms between 0 and what was computed, so that clients that failed together do not
   * come back together. `"none"`: it is what was computed. Default `"full"`.
   */
  jitter?: "full" | "none";
  /** Whether to try again after this error; the first attempt is number 1. Default: always. */
  when?: (error: unknown, attempt: number) => boolean;
  /** Gives numbers from 0 up to, not including, 1: a seeded one makes the pauses repeatable. Default `Math.random`. */
  random?: () => number;
}

const attempts = co(function* retry<T>(call: (attempt: number) => Future<T>, policy: Required<RetryOptions>) {
  for (let number = 1; ; number++) {
    try {
      return yield* call(number);
    } catch (error) {
      // A call that gives the same future again would hide the failure behind this complaint of its second poll.
      if (error instanceof PollAfterCompletionError || error instanceof FutureInUseError) throw error;
      if (number >= policy.attempts || !policy.when(error, number)) throw error;
    }
    yield* sleep(pauseAfter(number, policy));
  }
});

function pauseAfter(attempt: number, { base, factor, max, jitter, random }: Required<RetryOptions>): number {
  // The power becomes infinite in the end, and 0 times that is NaN.
  const pause = base === 0 ? 0 : Math.min(max, base * factor ** (attempt - 1));
  return Math.ceil(jitter === "full" ? random() * pause : pause);
}

/**
 * Calls `fn` until the future that it gives succeeds, with pauses that grow in between (exponential backoff). Fails with
 * the last error when the attempts are used up, or when `when` says that it is of no use.
 *
 * A cancel is no failure: it ends the whole. For a limit on the time, wrap it: `timeout(5000, retry(fn))`; for one on
 * each attempt, wrap that: `retry(() => timeout(500, fetchUser(7)))`.
 *
 * **Cancel safety.** Cancels the attempt that is under way.
 *
 * @param fn - makes the future anew for each attempt; it is given the attempt's number, from 1
 * @throws TypeError, RangeError if an option is none of what it may be
 *
 * Source of the full jitter: M. Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015.
 *
 * @example
 * ```ts
 * const flaky = co(function* (attempt: number) {
 *   if (attempt < 3) throw new Error("not yet");
 *   return `attempt ${attempt}`;
 * });
 * console.log(await run(retry(flaky, { attempts: 5, base: 10 })));
 * ```
 */
export function retry<T>(fn: (attempt: number) => Future<T>, options: RetryOptions = {}): Future<T> {
  if (typeof fn !== "function")
    throw new TypeError("retry needs a function that makes the future anew: retry(() => …)");
  const policy: Required<RetryOptions> = {
    attempts: options.attempts ?? 3,
    base: options.base ?? 100,
    factor: options.factor ?? 2,
    max: options.max ?? 30_000,
    jitter: options.jitter ?? "full",
    when: options.when ?? (() => true),
    random: options.random ?? Math.random,
  };
  if (!(policy.attempts >= 1))
    throw new RangeError(`retry needs attempts of 1 or more, not ${policy.attempts}`);
  if (!(policy.factor >= 1)) throw new RangeError(`retry needs a factor of 1 or more, not ${policy.factor}`);
  checkDuration("retry: base", policy.base);
  checkDuration("retry: max", policy.max);
  if (policy.jitter !== "full" && policy.jitter !== "none") {
    throw new RangeError(`retry knows jitter: "full" and "none", not ${String(policy.jitter)}`);
  }
  return attempts(fn, policy);
}
