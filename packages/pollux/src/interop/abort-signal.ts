import type { Context, Waker } from "../core/context.ts";
import { describe, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";

/** `signal` is `null` after the end, and `onAbort` is set exactly while it listens. */
class Aborted extends Future<unknown> {
  private signal: AbortSignal | null;
  private waker: Waker | null;
  private onAbort: (() => void) | null;

  constructor(signal: AbortSignal) {
    super();
    this.signal = signal;
    this.waker = null;
    this.onAbort = null;
  }

  override poll(cx: Context): Poll<unknown> {
    const { signal } = this;
    if (signal === null) throw new PollAfterCompletionError("this aborted(signal)");
    if (!cx.takeBudget()) return Pending;
    if (signal.aborted) {
      this.end(signal);
      return signal.reason;
    }
    cx.refundBudget();
    this.waker = cx.waker;
    if (this.onAbort === null) {
      this.onAbort = () => this.waker?.wake();
      signal.addEventListener("abort", this.onAbort);
    }
    return Pending;
  }

  override cancel(_cx: Context): Poll<void> {
    if (this.signal !== null) this.end(this.signal);
  }

  override inspect(): Inspection {
    return { op: "aborted", target: { kind: "AbortSignal", key: this.signal ?? this } };
  }

  private end(signal: AbortSignal): void {
    if (this.onAbort !== null) signal.removeEventListener("abort", this.onAbort);
    this.signal = null;
    this.waker = null;
    this.onAbort = null;
  }
}

/**
 * Waits until the signal fires, and gives its reason. To have a future cancelled by a signal, take `withSignal`.
 *
 * **Cancel safety.** Safe: it stops listening.
 *
 * @throws TypeError if it is not given an `AbortSignal`
 *
 * @example
 * ```ts
 * const controller = new AbortController();
 * const main = co(function* () {
 *   const result = yield* select({ stopped: aborted(controller.signal), tick: sleep(60_000) });
 *   console.log(result.key, result.value); // stopped Error: enough
 * });
 * setTimeout(() => controller.abort(new Error("enough")), 10);
 * await run(main());
 * ```
 */
export function aborted(signal: AbortSignal): Future<unknown> {
  if (typeof signal?.addEventListener !== "function") {
    throw new TypeError(`aborted needs an AbortSignal, not ${describe(signal)}`);
  }
  return new Aborted(signal);
}
