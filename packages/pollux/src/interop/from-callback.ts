import { lazy } from "../combine/lazy.ts";
import { requireFunction } from "../combine/require-future.ts";
import { Adopted, isThenable } from "../core/adopted.ts";
import { callWithBoth } from "../core/call-with.ts";
import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { disposalOf, disposerOf } from "../core/disposal.ts";
import { type Future, isFuture } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";

/**
 * A callback in the manner of Node: the error comes first, and is `null` or `undefined` where there is none.
 *
 * @typeParam T - the value
 */
export type NodeCallback<T> = (error: unknown, value: T) => void;

/** Begins an operation; see {@link fromCallback}. */
export type StartWithCallback<T> = (callback: NodeCallback<T>, signal: AbortSignal) => unknown;

/** What the callback is called with, be it before or after somebody waits for it. The first call counts. */
class Answer<T> {
  private outcome: { readonly error: unknown; readonly value: T } | null = null;
  private tell: NodeCallback<T> | null = null;

  readonly callback: NodeCallback<T> = (error, value) => {
    if (this.outcome !== null) return;
    this.outcome = { error, value };
    this.tell?.(error, value);
  };

  /** What `Adopted` waits for: it calls `then` once, with two functions, and looks at no result. */
  asThenable(): PromiseLike<T> {
    const then = (onValue: (value: T) => void, onError: (error: unknown) => void): void => {
      this.tell = (error, value) => (error === null || error === undefined ? onValue(value) : onError(error));
      if (this.outcome !== null) this.tell(this.outcome.error, this.outcome.value);
    };
    return { then } as unknown as PromiseLike<T>;
  }
}

class FromCallback<T> extends Adopted<T> {
  private readonly start: StartWithCallback<T>;
  private controller: AbortController | null;
  private canceller: ((reason: unknown) => unknown) | null;
  /** What a cancel goes on with. */
  private ending: Cancellable | null;

  constructor(start: StartWithCallback<T>) {
    super(null);
    this.start = start;
    this.controller = null;
    this.canceller = null;
    this.ending = null;
  }

  protected override begin(cx: Context): PromiseLike<T> {
    const answer = new Answer<T>();
    this.controller = new AbortController();
    const given = callWithBoth(cx, this.start, answer.callback, this.controller.signal);
    // What it returns cancels the operation if it is a function: how it is called, and that it may wait, is documented.
    if (typeof given === "function") this.canceller = given as (reason: unknown) => unknown;
    return answer.asThenable();
  }

  override cancel(cx: Context): Poll<void> {
    if (this.ending !== null) return this.ending.cancel(cx);
    const { controller, isWaiting } = this;
    const reason = cx.cancelReason;
    if (!isWaiting) this.ending = this.discard();
    // First, since the operation may call back while it is told to end.
    super.cancel(cx);
    // Without a reason, the platform's own: an `AbortError`.
    if (reason === undefined) controller?.abort();
    else controller?.abort(reason);
    if (isWaiting) this.ending = this.callCanceller(reason);
    return this.ending?.cancel(cx);
  }

  private callCanceller(reason: unknown): Cancellable | null {
    const { canceller } = this;
    if (canceller === null) return null;
    const ending = lazy(() => {
      const given = canceller(reason);
      return isThenable(given) && !isFuture(given) ? new Adopted(given) : given;
    });
    return { cancel: (cx) => (ending.poll(cx) === Pending ? Pending : undefined) };
  }

  /** The operation has called back: a value that nobody took is disposed of; a failure is nobody's: whoever cancels has no use for it. */
  private discard(): Cancellable | null {
    if (!this.hasBegun) return null;
    try {
      return disposalOf(this.take());
    } catch {
      return null;
    }
  }

  protected override tooLate(value: T): void {
    // Nobody waits: if this fails, the host reports it as it does any rejection that nobody handles.
    void Promise.resolve(disposerOf(value)?.call(value));
  }
}

/**
 * Waits for an operation that tells its outcome by a callback in the manner of Node. `start` is called at the first poll,
 * with the callback and with an `AbortSignal`. The first call of the callback counts, as with a promise: later ones do
 * nothing.
 *
 * `start` may return a function that cancels the operation. It is called with the reason of the cancel, and may return a
 * future, a generator or a promise, for which the cancel waits.
 *
 * **Cancel safety.** A cancel aborts the signal, calls the canceller and waits for it. Where there is neither, the
 * operation goes on by itself. What the callback is called with after that is lost: a value is disposed of if it is
 * `Disposable` or `AsyncDisposable`, an error is what a cancel leads to.
 *
 * @throws TypeError if it is not given a function
 * @throws what `start` throws, and the error that the callback is called with, as it is
 *
 * @example
 * ```ts
 * const after = (ms: number) =>
 *   fromCallback<string>((callback) => {
 *     const timer = setTimeout(() => callback(null, "there"), ms);
 *     return () => clearTimeout(timer);
 *   });
 * const main = co(function* () {
 *   console.log(yield* after(5)); // "there"
 *   yield* select({ slow: after(60_000), fast: sleep(1) }); // clears the timer
 * });
 * await run(main());
 * ```
 */
export function fromCallback<T = void>(start: StartWithCallback<T>): Future<T> {
  requireFunction("fromCallback", start);
  return new FromCallback(start);
}

/**
 * Makes a function that returns a future of one that takes a callback in the manner of Node as its last parameter, as
 * `util.promisify` makes one that returns a promise. `this` is kept. The function is called
 * at the first poll.
 *
 * **Cancel safety.** The function has no way to be told: it goes on by itself, and what comes of it is lost. Where there
 * is one, use {@link fromCallback}.
 *
 * @throws TypeError if it is not given a function
 *
 * @example
 * ```ts
 * const divide = (a: number, b: number, callback: (error: Error | null, value?: number) => void) => {
 *   if (b === 0) callback(new Error("division by zero"));
 *   else callback(null, a / b);
 * };
 * const main = co(function* () {
 *   console.log(yield* fromNode(divide)(6, 3)); // 2
 * });
 * await run(main());
 * ```
 */
export function fromNode<This, A extends unknown[], T = void>(
  fn: (this: This, ...args: [...A, callback: NodeCallback<T>]) => unknown,
): (this: This, ...args: A) => Future<T> {
  requireFunction("fromNode", fn);
  return function (this: This, ...args: A): Future<T> {
    return new FromCallback<T>((callback) => {
      // What it returns is no canceller: many such functions return themselves, or a handle.
      fn.call(this, ...args, callback);
    });
  };
}
