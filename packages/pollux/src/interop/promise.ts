import { requireFuture } from "../combine/require-future.ts";
import { withSignal } from "../combine/with-signal.ts";
import { Adopted, isThenable } from "../core/adopted.ts";
import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { disposalOf, disposerOf } from "../core/disposal.ts";
import { describe } from "../core/errors.ts";
import { type Future, isFuture } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";

/** How {@link fromPromise} treats a promise that it has made itself. */
export interface FromPromiseOptions {
  /**
   * Whether a cancel, having aborted the signal, waits until the promise has settled. For functions that heed the
   * signal; one that does not would hold the cancel up. Default `false`.
   */
  readonly awaitCleanup?: boolean;
}

/** The promise that a function makes at the first poll: its outcome belongs to this future alone. */
class FromFunction<T> extends Adopted<T> {
  private readonly fn: (signal: AbortSignal) => PromiseLike<T> | T;
  private readonly awaitCleanup: boolean;
  private controller: AbortController | null;
  /** Disposes of a value that came too late to be received. */
  private disposal: Future<never> | null;

  constructor(fn: (signal: AbortSignal) => PromiseLike<T> | T, awaitCleanup: boolean) {
    super(null);
    this.fn = fn;
    this.awaitCleanup = awaitCleanup;
    this.controller = null;
    this.disposal = null;
  }

  protected override begin(cx: Context): PromiseLike<T> | T {
    this.controller = new AbortController();
    return callWith(cx, this.fn, this.controller.signal);
  }

  override cancel(cx: Context): Poll<void> {
    if (this.disposal === null) {
      if (!this.hasBegun) return super.cancel(cx);
      this.abort(cx.cancelReason);
      if (this.isWaiting) {
        if (!this.awaitCleanup) return super.cancel(cx);
        this.waitWith(cx);
        return Pending;
      }
      this.disposal = this.discard();
    }
    return this.disposal === null ? undefined : this.disposal.cancel(cx);
  }

  protected override tooLate(value: T): void {
    // The cancel is over: if this fails, the host reports it as it does any rejection that nobody handles.
    void Promise.resolve(disposerOf(value)?.call(value));
  }

  private abort(reason: unknown): void {
    const { controller } = this;
    if (controller === null || controller.signal.aborted) return;
    // Without a reason, the platform's own: an `AbortError`.
    if (reason === undefined) controller.abort();
    else controller.abort(reason);
  }

  /** Takes the outcome that there is: a value is to be disposed of, and a failure is one of the cleanup, if we waited. */
  private discard(): Future<never> | null {
    try {
      return disposalOf(this.take());
    } catch (error) {
      if (this.awaitCleanup && !this.isAbort(error)) throw error;
      return null;
    }
  }

  /** Whether a promise was rejected with this because its signal was aborted. */
  private isAbort(error: unknown): boolean {
    const reason: unknown = this.controller?.signal.reason;
    if (error === reason) return true;
    return (
      error instanceof Error &&
      (error.name === "AbortError" || (reason !== undefined && error.cause === reason))
    );
  }
}

/**
 * Waits for a promise: one that is there, or, which is better, one that a function makes at the first poll. The function
 * is given an `AbortSignal` that a cancel aborts. A thenable will do as well; a plain result is the value.
 *
 * **Cancel safety.** A cancel cannot stop a promise. It aborts the signal, with the reason of the cancel, and ends the
 * waiting; with `awaitCleanup` it waits first until the promise has settled. Whatever the promise comes to then is lost:
 * its value is disposed of if a function has made it and it is `Disposable` or `AsyncDisposable`; a rejection is not
 * reported, since it is what a cancel leads to. With `awaitCleanup` only those that come from the signal are (the reason
 * itself, an `AbortError`, or an error with the reason as its cause); others are failures of the cleanup.
 *
 * @param source - a promise, or the function that makes it; called once, at the first poll
 * @throws TypeError if it is given neither
 * @throws what the promise is rejected with, and what the function throws
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const answer = yield* fromPromise(async (signal) => {
 *     signal.throwIfAborted(); // hand `signal` on to `fetch` and the like
 *     return 42;
 *   });
 *   console.log(answer); // 42
 * });
 * await run(main());
 * ```
 */
export function fromPromise<T>(source: PromiseLike<T>): Future<T>;
export function fromPromise<T>(
  source: (signal: AbortSignal) => PromiseLike<T> | T,
  options?: FromPromiseOptions,
): Future<T>;
export function fromPromise<T>(
  source: PromiseLike<T> | ((signal: AbortSignal) => PromiseLike<T> | T),
  options?: FromPromiseOptions,
): Future<T> {
  if (isFuture(source)) throw new TypeError("fromPromise was given a future: await it as it is");
  if (typeof source === "function") return new FromFunction(source, options?.awaitCleanup === true);
  if (isThenable(source)) return new Adopted(source);
  throw new TypeError(`fromPromise needs a promise or a function that makes one, not ${describe(source)}`);
}

/**
 * Runs a future as a task, on the runtime of the calling task or on the default one, and gives a promise of its outcome.
 * `await future` does the same; this form can be aborted.
 *
 * When the signal fires, the future is cancelled, and when its cleanup has ended the promise is rejected with the
 * signal's reason, as it is. A task is not ended by a signal that its handle is given to this with: only the waiting is.
 *
 * @throws TypeError if it is not given a future
 *
 * @example
 * ```ts
 * const controller = new AbortController();
 * const promise = toPromise(sleep(60_000), { signal: controller.signal });
 * controller.abort(new Error("enough"));
 * await promise.catch((error) => console.log(error)); // Error: enough
 * ```
 */
export function toPromise<T>(
  future: Future<T>,
  options?: { readonly signal?: AbortSignal | undefined },
): Promise<T> {
  requireFuture(future, "toPromise", 0);
  const signal = options?.signal;
  return (signal === undefined ? future : withSignal(future, signal)).then();
}
