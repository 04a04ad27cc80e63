import type { Context, Waker } from "../core/context.ts";
import { blockFuture, co } from "../core/coroutine.ts";
import { CancelledError, PollAfterCompletionError } from "../core/errors.ts";
import { Future, isFuture } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import type { LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { type CancelListener, CancelState } from "./cancel-state.ts";
import type { SyncOptions } from "./options.ts";
import { RunUntilCancelled } from "./run-until-cancelled.ts";
import type { Body } from "./with-guard.ts";

/**
 * Asks any number of tasks to end, each in its own way: it is a request, which they look at or wait for.
 *
 * A child token is cancelled together with its parent, and can be cancelled alone. A child that nobody waits on costs the
 * parent nothing: it may simply be forgotten.
 *
 * @example
 * ```ts
 * const shutdown = new CancellationToken();
 * const serve = co(function* () {
 *   while (!shutdown.isCancelled) yield* shutdown.runUntilCancelled(sleep(60_000));
 *   return "bye";
 * });
 * const main = co(function* () {
 *   const server = spawn(serve());
 *   yield* sleep(1);
 *   shutdown.cancel("SIGTERM");
 *   console.log(yield* server); // "bye"
 * });
 * await run(main());
 * ```
 */
export class CancellationToken {
  readonly name: string | undefined;
  private readonly state: CancelState;
  /** The signal that follows this token, once one was asked for. */
  private follower: AbortSignal | undefined = undefined;

  /** A token of its own; see also {@link CancellationToken.childToken} and {@link CancellationToken.fromSignal}. */
  constructor(options?: SyncOptions);
  /** @internal */
  constructor(options: SyncOptions | undefined, state: CancelState);
  constructor(options?: SyncOptions, state: CancelState = new CancelState(null, null)) {
    this.name = options?.name;
    this.state = state;
  }

  /**
   * A token that is cancelled when `signal` is aborted, with its reason. It listens to the signal only while somebody
   * waits, here or on a child; so there is nothing to close.
   *
   * @throws TypeError if `signal` is no AbortSignal
   *
   * @example
   * ```ts
   * const controller = new AbortController();
   * const token = CancellationToken.fromSignal(controller.signal);
   * controller.abort("enough");
   * console.log(token.isCancelled, token.reason); // true "enough"
   * ```
   */
  static fromSignal(signal: AbortSignal, options?: SyncOptions): CancellationToken {
    if (typeof signal?.aborted !== "boolean" || typeof signal.addEventListener !== "function") {
      throw new TypeError("CancellationToken.fromSignal needs an AbortSignal, such as `controller.signal`");
    }
    return new CancellationToken(options, new CancelState(null, signal));
  }

  /**
   * A token that is cancelled together with this one, for the same reason, or before it, alone. It is cancelled from the
   * start if this one is.
   *
   * @example
   * ```ts
   * const token = new CancellationToken();
   * const child = token.childToken();
   * child.cancel();
   * console.log(child.isCancelled, token.isCancelled); // true false
   * ```
   */
  childToken(options?: SyncOptions): CancellationToken {
    return new CancellationToken(options, new CancelState(this.state, null));
  }

  /**
   * Cancels this token and its descendants, and wakes who waits for that. Does nothing if it is cancelled: the first
   * reason counts.
   *
   * @param reason - why; found as {@link CancellationToken.reason} and as the reason of what is cancelled in turn
   */
  cancel(reason?: unknown): void {
    this.state.cancel(reason);
  }

  /** Whether it is cancelled, be it by an ancestor or a signal. Asks each ancestor in turn. */
  get isCancelled(): boolean {
    return this.state.isCancelled;
  }

  /** What `cancel` was given; `undefined` until then. */
  get reason(): unknown {
    return this.state.reason;
  }

  /**
   * For code that goes on for long without waiting.
   *
   * @throws CancelledError if the token is cancelled; its `cause` is the reason
   *
   * @example
   * ```ts
   * const sum = (values: number[], token: CancellationToken) => {
   *   let total = 0;
   *   for (const value of values) {
   *     token.throwIfCancelled();
   *     total += value;
   *   }
   *   return total;
   * };
   * console.log(sum([1, 2, 3], new CancellationToken())); // 6
   * ```
   */
  throwIfCancelled(): void {
    if (this.isCancelled) throw new CancelledError(this.reason, "the cancellation token was cancelled");
  }

  /**
   * Waits until the token is cancelled, and gives the reason.
   *
   * **Cancel safety.** Safe: nothing is held.
   *
   * @example
   * ```ts
   * const token = new CancellationToken();
   * const main = co(function* () {
   *   spawn(co(function* () {
   *     yield* sleep(1);
   *     token.cancel("done");
   *   })());
   *   console.log(yield* token.cancelled()); // "done"
   * });
   * await run(main());
   * ```
   */
  cancelled(): Future<unknown> {
    return new Cancelled(this.state);
  }

  /**
   * Runs `future` until it ends or the token is cancelled. In the latter case the future is cancelled with the token's
   * reason, its cleanup is awaited, and the result is `undefined`; one that had not begun is not polled at all. If both
   * have happened, the future's result counts.
   *
   * **Cancel safety.** As `future`, which is cancelled with it.
   *
   * @throws (the future) what `future` fails with, or its cleanup
   * @throws TypeError if `future` is no future
   *
   * @example
   * ```ts
   * const token = new CancellationToken();
   * const main = co(function* () {
   *   const inTime = yield* token.runUntilCancelled(sleep(1));
   *   token.cancel();
   *   const tooLate = yield* token.runUntilCancelled(sleep(1));
   * });
   * await run(main());
   * ```
   */
  runUntilCancelled<T>(future: Future<T>): Future<T | undefined> {
    if (!isFuture(future)) {
      throw new TypeError("runUntilCancelled needs a future: runUntilCancelled(coroutine(…)), with the call");
    }
    return new RunUntilCancelled(this.state, future);
  }

  /**
   * A guard that cancels this token when it is disposed of: `using guard = token.dropGuard()`.
   *
   * @param reason - for the cancel
   */
  dropGuard(reason?: unknown): DropGuard {
    return new DropGuard(this, reason);
  }

  /**
   * Runs `body` and cancels this token when it has ended, however it ended: the form of {@link CancellationToken.dropGuard}
   * for generators.
   *
   * **Cancel safety.** As the body.
   *
   * @throws (the future) what the body fails with
   * @throws TypeError if `body` is no function
   *
   * @example
   * ```ts
   * const request = new CancellationToken();
   * const main = co(function* () {
   *   yield* request.with(function* (token) {
   *     spawn(token.runUntilCancelled(sleep(60_000)));
   *     yield* sleep(1);
   *   });
   *   console.log(request.isCancelled); // true
   * });
   * await run(main());
   * ```
   */
  with<R>(body: (token: CancellationToken) => Body<R>): Future<R> {
    if (typeof body !== "function") {
      throw new TypeError("with needs a function that returns a future: with(function* (token) { … })");
    }
    return cancelAfter(this, body) as Future<R>;
  }

  /**
   * A signal that is aborted when this token is cancelled, with its reason (an `AbortError` if it has none); the same one
   * at each call. It follows until then: give a child token that feeds a signal a cancel of its own at the end, for
   * example with {@link CancellationToken.with}, or the parent keeps both.
   *
   * @example
   * ```ts
   * const token = new CancellationToken();
   * const signal = token.toAbortSignal();
   * token.cancel("enough");
   * console.log(signal.aborted, signal.reason); // true "enough"
   * ```
   */
  toAbortSignal(): AbortSignal {
    this.follower ??= followingSignal(this.state);
    return this.follower;
  }
}

/** Cancels a {@link CancellationToken} when it is disposed of, unless it was disarmed. */
export class DropGuard implements Disposable {
  /** `null` once it was disarmed. */
  private token: CancellationToken | null;
  private readonly reason: unknown;

  /** @internal */
  constructor(token: CancellationToken, reason: unknown) {
    this.token = token;
    this.reason = reason;
  }

  /** Lets go of the token without cancelling it. */
  disarm(): void {
    this.token = null;
  }

  /** Cancels the token, unless the guard was disarmed. A second call does nothing. */
  [Symbol.dispose](): void {
    this.token?.cancel(this.reason);
  }
}

const cancelAfter = co(function* <R>(token: CancellationToken, body: (token: CancellationToken) => Body<R>) {
  try {
    return yield* blockFuture(body(token), "with");
  } finally {
    token.cancel();
  }
});

/** Waits for the cancel of a token; stands among its listeners meanwhile. */
class Cancelled extends Future<unknown> implements CancelListener {
  private readonly token: CancelState;
  private done = false;
  private waker: Waker | null = null;
  before: CancelListener | null = null;
  after: CancelListener | null = null;
  list: LinkedList<CancelListener> | null = null;

  constructor(token: CancelState) {
    super();
    this.token = token;
  }

  override poll(cx: Context): Poll<unknown> {
    if (this.done) throw new PollAfterCompletionError("this cancelled()");
    if (!cx.takeBudget()) return Pending;
    const token = this.token;
    if (token.isCancelled) {
      this.leave();
      return token.reason;
    }
    cx.refundBudget();
    this.waker = cx.waker;
    if (this.list === null) token.listen(this);
    return Pending;
  }

  override cancel(_cx: Context): Poll<void> {
    this.leave();
  }

  override inspect(): Inspection {
    return { op: "cancelled of", target: { kind: "CancellationToken", key: this.token } };
  }

  onCancel(): void {
    this.waker?.wake();
  }

  private leave(): void {
    this.done = true;
    this.waker = null;
    if (this.list !== null) this.token.unlisten(this);
  }
}

/** Aborts a signal when a token is cancelled. */
class SignalFollower implements CancelListener {
  readonly controller: AbortController = new AbortController();
  private readonly token: CancelState;
  before: CancelListener | null = null;
  after: CancelListener | null = null;
  list: LinkedList<CancelListener> | null = null;

  constructor(token: CancelState) {
    this.token = token;
  }

  onCancel(): void {
    this.controller.abort(this.token.reason);
  }
}

function followingSignal(token: CancelState): AbortSignal {
  const follower = new SignalFollower(token);
  if (token.isCancelled) follower.onCancel();
  else token.listen(follower);
  return follower.controller.signal;
}
