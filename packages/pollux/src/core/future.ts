import { ambient, SUSPENDED } from "./ambient.ts";
import type { Context } from "./context.ts";
import { FutureInUseError, NoContextError, NoRuntimeError, PollAfterCompletionError } from "./errors.ts";
import type { Inspection } from "./inspection.ts";
import { Pending, type Poll } from "./poll.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const SUSPEND = SUSPENDED;
const current = ambient;

/** The iterator result of the many futures that resolve to nothing. */
const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

declare const suspend: unique symbol;

/** The type of what a coroutine yields while it waits. Only the runtime makes and reads it: write `yield* future`. */
export interface Suspend {
  readonly [suspend]: true;
}

/**
 * A value that may not be there yet. Lazy: making one does nothing and costs next to nothing; it works while it is
 * polled. `yield*` it in a coroutine, `spawn` it as a task, combine it, or `await` it in an ordinary async function
 * (which spawns it on the current or the default runtime).
 *
 * Rules for who writes one (the coroutines and combinators of the library keep them):
 * 1. Nothing happens before the first poll.
 * 2. Whoever returns `Pending` has seen to it that the waker of the *most recent* poll is woken when there is progress
 *    to make. A poll that was not asked for is harmless.
 * 3. After a value, an error or a finished cancel, another poll throws `PollAfterCompletionError`.
 * 4. One owner at a time, and never a poll from within its own poll: else `FutureInUseError`.
 * 5. `cancel` releases what is held. It may return `Pending` to clean up; it is then called again when woken, and only
 *    it. A future that was never polled has nothing to release.
 *
 * @typeParam T - what it resolves to
 *
 * @example A leaf future of one's own: ready when a callback is called.
 * ```ts
 * class Callback<T> extends Future<T> {
 *   #value: { value: T } | undefined;
 *   #waker: Waker | undefined;
 *   readonly resolve = (value: T): void => {
 *     this.#value = { value };
 *     this.#waker?.wake();
 *   };
 *   override poll(cx: Context): Poll<T> {
 *     if (this.#value !== undefined) return this.#value.value;
 *     this.#waker = cx.waker;
 *     return Pending;
 *   }
 * }
 * ```
 */
export abstract class Future<T> implements PromiseLike<T> {
  /**
   * Who polls this future once it has begun: a task, a combinator, a loan, or the frame that awaits it.
   * @internal
   */
  owner: object | null = null;

  /**
   * Whether many may await this one object at a time, as they may a `JoinHandle`.
   * @internal
   */
  get shared(): boolean {
    return false;
  }

  /** Goes on until there is a value or no more progress can be made. Throws what the future fails with. */
  abstract poll(cx: Context): Poll<T>;

  /**
   * Gives up, releasing what is held; may return `Pending` to do so asynchronously. The default has nothing to release.
   * The reason is in `cx.cancelReason`.
   */
  cancel(_cx: Context): Poll<void> {
    return undefined;
  }

  /**
   * Tells a dump what the future waits for. Called when a dump is made, between polls; a poll costs nothing for it. It
   * must change nothing and not throw. The default names the class alone, and a dump of a program that is stuck says so.
   *
   * @example
   * ```ts
   * class Gate {
   *   waker: Waker | null = null;
   * }
   * class Opened extends Future<void> {
   *   readonly #gate: Gate;
   *   constructor(gate: Gate) {
   *     super();
   *     this.#gate = gate;
   *   }
   *   override poll(cx: Context): Poll<void> {
   *     this.#gate.waker = cx.waker;
   *     return Pending;
   *   }
   *   override inspect(): Inspection {
   *     return { op: "opened", target: { kind: "gate", key: this.#gate }, state: "shut" };
   *   }
   * }
   * const runtime = new Runtime();
   * runtime.spawn(new Opened(new Gate()), { name: "visitor" });
   * await new Promise((resolve) => setImmediate(resolve));
   * console.log(/opened gate #\d+ \(shut\)/.test(runtime.dump())); // true
   * ```
   */
  inspect(): Inspection {
    return { op: this.constructor.name };
  }

  /**
   * Lends this future, for example to a `select` in a loop: a loan that is given up leaves the future as it was, to be
   * awaited or lent again. The future itself is still its owner's to finish or cancel.
   *
   * **Cancel safety.** Safe: a cancel gives the future back.
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const report = sleep(25);
   *   for (;;) {
   *     const next = yield* select({ report: report.ref(), tick: sleep(10) });
   *     if (next.key === "report") break;
   *     console.log("still waiting"); // still waiting, still waiting
   *   }
   * });
   * await run(main(), { clock: "paused" });
   * ```
   */
  ref(): Future<T> {
    return new Loan(this);
  }

  /**
   * Makes the future a lazy thenable: the first `then` spawns it on the current runtime, or on the default one; later
   * calls share that one run.
   */
  // biome-ignore lint/suspicious/noThenProperty: a future is awaitable in ordinary async code on purpose
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    let run = runs.get(this) as PromiseLike<T> | undefined;
    if (run === undefined) {
      const runtime = ambient.cx?.runtime ?? ambient.defaultRuntime?.();
      if (runtime === undefined) throw new NoRuntimeError("awaiting a future in an async function");
      run = runtime.spawn(this);
      runs.set(this, run);
    }
    return run.then(onFulfilled, onRejected) as Promise<A | B>;
  }

  /** A future is its own iterator, so that `yield*` allocates none. */
  [Symbol.iterator](): Iterator<Suspend, T, unknown> {
    return this as unknown as Iterator<Suspend, T, unknown>;
  }

  /**
   * What `yield*` calls: polls in place, and suspends the coroutine only on `Pending`.
   *
   * The futures that are awaited most repeat these lines: V8 keeps what it has seen for each function that is written
   * down, here it sees every class of the program, and only in a place of its own does it know which `poll` to inline.
   * @internal
   */
  next(): IteratorResult<Suspend, T> {
    const cx = current.cx;
    if (cx === null || (this.owner !== null && this.owner !== cx.resumed)) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING)
      return poll === undefined ? (DONE as IteratorReturnResult<T>) : { done: true, value: poll };
    if (this.owner === null && !this.shared) this.owner = cx.resumed;
    return suspendOn(cx, this);
  }

  /**
   * What `await` in compiled code calls: {@link next} without an iterator's result. It is repeated for the same reason.
   * @internal
   */
  awaitIn(cx: Context): Poll<T> {
    if (this.owner !== null && this.owner !== cx.resumed) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING) return poll;
    if (this.owner === null && !this.shared) this.owner = cx.resumed;
    return pendingOn(cx, this);
  }

  /**
   * What a `throw` into the coroutine that waits here arrives as.
   * @internal
   */
  throw(error: unknown): never {
    throw error;
  }

  /**
   * Makes `owner` the one that polls; throws `FutureInUseError` if another one does.
   * @internal
   */
  claim(owner: object): void {
    if (this.owner !== null && this.owner !== owner)
      throw new FutureInUseError("this future is being awaited elsewhere");
    this.owner = owner;
  }

  /** @internal */
  release(owner: object): void {
    if (this.owner === owner) this.owner = null;
  }
}

/**
 * Refuses a `yield*` outside of a task, or on a future that another one awaits, before the poll, which would take the
 * value or the wake that the other one waits for. Returns for those that may be shared.
 *
 * @internal
 */
export function admit(cx: Context | null, future: Future<unknown>): asserts cx is Context {
  if (cx === null) throw new NoContextError("`yield*` on a future");
  if (!future.shared) throw new FutureInUseError("what is awaited here is awaited elsewhere");
}

/**
 * Leaves a future that is pending with the frame that was resumed; if that has called another one, which is the one that
 * waits, `Frame.adopt` corrects it.
 *
 * @internal
 */
export function suspendOn(cx: Context, future: Future<unknown>): IteratorYieldResult<Suspend> {
  if (cx.resumed === null) throw new NoContextError("`yield*` on a future");
  cx.resumed.awaited = future;
  return SUSPEND;
}

/**
 * As {@link suspendOn}, for compiled code.
 *
 * @internal
 */
export function pendingOn(cx: Context, future: Future<unknown>): Pending {
  if (cx.resumed === null) throw new NoContextError("`await` on a future");
  cx.resumed.awaited = future;
  return PENDING;
}

/**
 * Whether a value is a future: one of this copy of the library, or of another one in the same program.
 *
 * @internal
 */
export function isFuture(value: unknown): value is Future<unknown> {
  if (value instanceof Future) return true;
  const other = value as Partial<Future<unknown>> | null | undefined;
  return (
    typeof other?.poll === "function" &&
    typeof other.cancel === "function" &&
    typeof other.claim === "function"
  );
}

/** The one run that all `then` calls of a future share. */
const runs = new WeakMap<Future<unknown>, PromiseLike<unknown>>();

/** A future lent with {@link Future.ref}: forwards polls, and its cancel only gives the future back. */
class Loan<T> extends Future<T> {
  /** `null` once the loan is over. */
  #lent: Future<T> | null;

  constructor(lent: Future<T>) {
    super();
    this.#lent = lent;
  }

  override poll(cx: Context): Poll<T> {
    const lent = this.#lent;
    if (lent === null) throw new PollAfterCompletionError("this loan");
    lent.claim(this);
    let poll: Poll<T>;
    try {
      poll = lent.poll(cx);
    } catch (error) {
      this.#lent = null;
      throw error;
    }
    if (poll !== Pending) this.#lent = null;
    return poll;
  }

  override cancel(_cx: Context): Poll<void> {
    this.#lent?.release(this);
    this.#lent = null;
  }

  override inspect(): Inspection {
    return this.#lent?.inspect() ?? super.inspect();
  }
}
