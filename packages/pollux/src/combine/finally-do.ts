import { callWith } from "../core/call-with.ts";
import { collect } from "../core/collect.ts";
import type { Context } from "../core/context.ts";
import { disposalOf } from "../core/disposal.ts";
import {
  CleanupError,
  FutureInUseError,
  PollAfterCompletionError,
  type PolluxError,
} from "../core/errors.ts";
import { attachErrors } from "../core/further-errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { requireFunction, requireFuture } from "./require-future.ts";
import { futureOf } from "./single.ts";

/**
 * Not polled yet; the body runs; what the function has returned runs; a value that nobody receives is disposed of; the
 * end. A cancel from outside can come in each of them, and interrupts the body alone.
 */
const New = 0;
const Body = 1;
const Finalizer = 2;
const Disposing = 3;
const Done = 4;

class FinallyDo<T> extends Future<T> {
  private step: number;
  /** What this step drives, if anything. */
  private inner: Future<unknown> | null;
  private fn: (() => unknown) | null;
  /** What the body has given or failed with. */
  private outcome: unknown;
  private fulfilled: boolean;
  private failed: boolean;
  private cancelled: boolean;
  private reason: unknown;
  /** What failed in cleanup. */
  private errors: unknown[] | null;

  constructor(body: Future<T>, fn: () => unknown) {
    super();
    this.step = New;
    this.inner = body;
    this.fn = fn;
    this.outcome = undefined;
    this.fulfilled = false;
    this.failed = false;
    this.cancelled = false;
    this.reason = undefined;
    this.errors = null;
  }

  override poll(cx: Context): Poll<T> {
    if (this.cancelled || this.step === Done) throw this.misuse();
    if (this.step <= Body && this.pollBody(cx) === Pending) return Pending;
    if (this.cleanUp(cx) === Pending) return Pending;
    const { errors, failed, outcome } = this;
    this.end();
    if (errors !== null) throw failed ? new CleanupError(outcome, errors) : firstOf(errors, outcome);
    if (failed) throw outcome;
    // The body has given a `T`.
    return outcome as T;
  }

  private pollBody(cx: Context): Poll<void> {
    const body = this.inner as Future<T>;
    try {
      if (this.step === New) {
        this.step = Body;
        body.claim(this);
      }
      const poll = body.poll(cx);
      if (poll === Pending) return Pending;
      this.outcome = poll;
      // Others may hold what a shared future gives: it is not this one's to dispose of.
      this.fulfilled = !body.shared;
    } catch (error) {
      this.outcome = error;
      this.failed = true;
    }
    body.release(this);
    this.bodyEnded(cx);
    return undefined;
  }

  private bodyEnded(cx: Context): void {
    this.step = Finalizer;
    this.inner = null;
    try {
      this.inner = futureOf(callWith(cx, this.fn as () => unknown, undefined), "finallyDo");
      this.inner?.claim(this);
    } catch (error) {
      this.errors = collect(this.errors, error, this.reason);
      this.inner = null;
    }
  }

  /** Drives what is left to be done when the body has ended. */
  private cleanUp(cx: Context): Poll<void> {
    if (this.step === Finalizer) {
      if (this.drive(cx, false) === Pending) return Pending;
      this.step = Disposing;
      if (this.fulfilled && (this.cancelled || this.errors !== null)) this.inner = disposalOf(this.outcome);
    }
    return this.drive(cx, true);
  }

  private drive(cx: Context, byCancel: boolean): Poll<void> {
    const { inner } = this;
    if (inner === null) return undefined;
    try {
      if ((byCancel ? inner.cancel(cx) : inner.poll(cx)) === Pending) return Pending;
    } catch (error) {
      this.errors = collect(this.errors, error, this.reason);
    }
    this.inner = null;
    return undefined;
  }

  override cancel(cx: Context): Poll<void> {
    if (this.step === New) this.end();
    if (this.step === Done) return undefined;
    if (!this.cancelled) {
      this.cancelled = true;
      this.reason = cx.cancelReason;
    }
    if (this.step === Body) {
      if (this.drive(cx, true) === Pending) return Pending;
      this.bodyEnded(cx);
    }
    if (this.cleanUp(cx) === Pending) return Pending;
    // A failure that was going to be thrown must not vanish with the cancel.
    const errors = this.failed ? [this.outcome, ...(this.errors ?? [])] : this.errors;
    const { reason } = this;
    this.end();
    if (errors !== null) throw new CleanupError(reason, errors);
    return undefined;
  }

  override inspect(): Inspection {
    return around("finallyDo", this.inner);
  }

  private end(): void {
    this.step = Done;
    this.inner = null;
    this.fn = null;
    this.outcome = undefined;
    this.errors = null;
    this.reason = undefined;
  }

  private misuse(): PolluxError {
    if (this.step === Done) return new PollAfterCompletionError("this finallyDo");
    return new FutureInUseError("this finallyDo is being cancelled and must not be polled");
  }
}

/** What a `finally` would throw that fails after a value; with what failed after it beside it. */
function firstOf(errors: unknown[], value: unknown): unknown {
  const [first, ...others] = errors;
  if (others.length === 0 || attachErrors(first, others)) return first;
  return new CleanupError(first, others, value);
}

/**
 * Calls `fn` when the future has ended: with a value, with an error, or by a cancel and its cleanup. When `fn` returns a
 * future or a generator, that runs to its end before this one ends. What the future gives is kept.
 *
 * Unlike a `finally` block, `fn` is not interrupted by a cancel that comes while it runs. A future that was never polled
 * has not begun: `fn` is then not called.
 *
 * **Cancel safety.** As that of the future; then `fn` runs to its end. A value that has come already is lost; it is
 * disposed of if it is `Disposable`.
 *
 * @throws TypeError if it is not given a future and a function
 * @throws what the future fails with; what `fn` fails with after a value
 * @throws CleanupError if both fail; `cause` is the future's failure
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const answer = yield* finallyDo(ready(42), function* () {
 *     yield* sleep(10); // wait for something to be closed
 *   });
 *   console.log(answer); // 42
 * });
 * await run(main());
 * ```
 */
export function finallyDo<T>(future: Future<T>, fn: () => unknown): Future<T> {
  requireFuture(future, "finallyDo", 0);
  requireFunction("finallyDo", fn);
  return new FinallyDo(future, fn);
}
