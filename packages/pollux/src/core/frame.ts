import { ambient, SUSPENDED } from "./ambient.ts";
import { collect } from "./collect.ts";
import type { Context } from "./context.ts";
import {
  CleanupError,
  FutureInUseError,
  NoContextError,
  PollAfterCompletionError,
  type PolluxError,
} from "./errors.ts";
import { Future, type Suspend } from "./future.ts";
import { around, type Inspection } from "./inspection.ts";
import type { Place } from "./places.ts";
import { Pending, type Poll } from "./poll.ts";
import { traceCaller } from "./trace.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const SUSPEND = SUSPENDED;
const current = ambient;

/**
 * The life of a frame: `New`, `Running`, then between `Suspended` and `Running`, and at last `Returned` or `Failed`,
 * where the outcome waits for the caller to take it. `Done`: there is nothing left to take.
 */
const New = 0;
const Running = 1;
const Suspended = 2;
const Returned = 3;
const Failed = 4;
const Done = 5;

/** How a root frame stands while it is being cancelled. Allocated by a cancel only. */
class Unwinding {
  readonly reason: unknown;
  readonly errors: unknown[] = [];
  /**
   * The frame that is being left, of those that were suspended when the cancel began. Any other frame that runs was
   * called by one of its `finally` blocks.
   */
  leaving: Frame<unknown>;
  /** What `leaving` awaited is still being cancelled; until that has ended no `finally` is entered. */
  cancellingLeaf = true;

  constructor(reason: unknown, innermost: Frame<unknown>) {
    this.reason = reason;
    this.leaving = innermost;
  }

  collect(error: unknown): void {
    collect(this.errors, error, this.reason);
  }
}

/**
 * One call of a coroutine. Generator frames and compiled ones extend it, and call each other through it.
 *
 * **Frames are linked.** A frame that awaits another runs it directly. When the callee suspends, each caller links it
 * on the way out (`callee.owner = caller`), and the frame that is polled from outside, the *root*, notes the innermost.
 * A later poll of the root resumes the innermost frame and goes outward only as frames end: O(1) at any depth.
 *
 * Invariants:
 * - `owner` of a frame that was called by another is the caller; of a root it is whoever polls it, or `null`.
 * - `awaited` is what the frame waits for while it is suspended, and `null` while it runs.
 * - `innermost` of a root is the frame to resume next; that of a frame that was called is the frame itself.
 * - once a root's cancel has begun (`outcome` is its `Unwinding`), only `cancel` may be called on it.
 *
 * The fields are read and written across copies of the library: with `ambient`, they are its versioned contract.
 *
 * @internal
 */
export abstract class Frame<T> extends Future<T> {
  state: number;
  awaited: Future<unknown> | null;
  innermost: Frame<unknown>;
  outcome: unknown;

  constructor() {
    super();
    this.state = New;
    this.awaited = null;
    this.innermost = this as Frame<unknown>;
    this.outcome = undefined;
  }

  /** The coroutine's name, for traces and dumps. */
  abstract get name(): string;

  override inspect(): Inspection {
    return around(this.name, this.awaited);
  }

  /** Where the frame waits, for dumps; `null` if its code does not tell, as that of a generator. */
  get place(): Place | null {
    return null;
  }

  /** Starts the frame's own code, or resumes it. On `Pending`, {@link adopt} has been called. */
  abstract step(cx: Context): Poll<T>;

  /** Enters the frame as if the line where it is suspended had executed `return`. On `Pending`, as {@link step}. */
  abstract unwind(cx: Context): Poll<T>;

  /** Drops what only a frame that goes on needs, so that an outcome that is kept keeps nothing else. */
  protected abstract drop(): void;

  /**
   * Takes over what this frame has just suspended on. It stands in `cx.resumed.awaited`: the frame that the driver has
   * resumed is where a suspending future leaves itself. Mostly that is this frame, and all is done; else it is one of its
   * callers.
   */
  protected adopt(cx: Context): void {
    this.state = Suspended;
    const resumed = cx.resumed as Frame<unknown>;
    if (resumed === this) return;
    const awaited = resumed.awaited as Future<unknown>;
    if (!awaited.shared) awaited.owner = this;
    this.awaited = awaited;
  }

  /** As {@link adopt}, for compiled code: a frame that was made only now, because it suspends, is left with its caller too. */
  suspend(cx: Context): Pending {
    const isNew = this.state === New;
    this.adopt(cx);
    if (isNew) this.suspendCaller(cx, this as Frame<unknown>);
    return PENDING;
  }

  /** `yield*` in a calling frame: the first call runs this frame, a later one takes its outcome. */
  override next(): IteratorResult<Suspend, T> {
    const state = this.state;
    if (state === New) return this.call();
    if (state === Returned) {
      const value = this.outcome as T;
      this.end(Done, undefined);
      return { done: true, value };
    }
    if (state === Failed) {
      const error = this.outcome;
      this.end(Done, undefined);
      traceCaller(error, this.next);
      throw error;
    }
    if (state === Suspended && this.owner === null) return this.callAgain();
    throw this.misuse();
  }

  /** `await` in a calling frame that is compiled: as {@link next}. */
  override awaitIn(cx: Context): Poll<T> {
    const state = this.state;
    if (state === New) return this.callIn(cx);
    if (state === Returned) {
      const value = this.outcome as T;
      this.end(Done, undefined);
      return value;
    }
    if (state === Failed) {
      const error = this.outcome;
      this.end(Done, undefined);
      traceCaller(error, this.awaitIn, cx.resumed as Frame<unknown>);
      throw error;
    }
    if (state === Suspended && this.owner === null) return this.callAgainIn(cx);
    throw this.misuse();
  }

  /** As {@link call}, under a compiled frame. */
  private callIn(cx: Context): Poll<T> {
    if (this.owner !== null) throw this.misuse();
    this.state = Running;
    let poll: Poll<T>;
    try {
      poll = this.step(cx);
    } catch (error) {
      this.end(Done, undefined);
      traceCaller(error, this.awaitIn);
      throw error;
    }
    if (poll === PENDING) {
      this.suspendCaller(cx, this as Frame<unknown>);
      return PENDING;
    }
    this.state = Done;
    this.drop();
    return poll;
  }

  /** Runs this frame under the frame that calls it. */
  private call(): IteratorResult<Suspend, T> {
    const cx = current.cx;
    if (cx === null) throw new NoContextError(`\`yield*\` on the coroutine ${this.name}`);
    if (this.owner !== null) throw this.misuse();
    this.state = Running;
    let result: IteratorResult<Suspend, T>;
    try {
      result = this.begin(cx);
    } catch (error) {
      this.end(Done, undefined);
      traceCaller(error, this.next);
      throw error;
    }
    if (result === SUSPEND) {
      this.suspendCaller(cx, this as Frame<unknown>);
      return SUSPEND;
    }
    this.state = Done;
    this.drop();
    return result;
  }

  /** The first {@link step} of a frame that is called by another, with the result as `yield*` wants it. */
  protected begin(cx: Context): IteratorResult<Suspend, T> {
    const poll = this.step(cx);
    return poll === PENDING ? SUSPEND : { done: true, value: poll };
  }

  /** Goes on under a caller from where a loan that is over has left this frame. */
  private callAgain(): IteratorResult<Suspend, T> {
    const cx = current.cx;
    if (cx === null) throw new NoContextError(`\`yield*\` on the coroutine ${this.name}`);
    const poll = this.callAgainIn(cx);
    return poll === PENDING ? SUSPEND : { done: true, value: poll };
  }

  private callAgainIn(cx: Context): Poll<T> {
    if (this.innermost.state === Running) throw this.misuse();
    const poll = this.poll(cx);
    if (poll !== PENDING) return poll;
    const innermost = this.innermost;
    this.innermost = this as Frame<unknown>; // It is a root no longer.
    this.suspendCaller(cx, innermost);
    return PENDING;
  }

  /** Leaves this frame, which waits in `innermost`, with the frame that the driver has resumed. */
  protected suspendCaller(cx: Context, innermost: Frame<unknown>): void {
    const resumed = cx.resumed as Frame<unknown>;
    if (resumed.innermost === resumed) resumed.innermost = innermost;
    resumed.awaited = this as Future<unknown>;
    this.owner = resumed; // Unless there are callers in between: the one that waits adopts it.
  }

  override poll(cx: Context): Poll<T> {
    if (this.state === Suspended ? this.outcome !== undefined : this.state !== New) throw this.misuse();
    // The common case, a task's own frame: nothing to put back. Else a future between two frames has passed its context on.
    if (current.cx === cx && (cx.resumed === null || cx.resumed === this.innermost)) return this.drive(cx);
    const outer = current.cx;
    const resumed = cx.resumed;
    current.cx = cx;
    try {
      return this.drive(cx);
    } finally {
      current.cx = outer;
      cx.resumed = resumed;
    }
  }

  /** Resumes the innermost frame, and its callers as their callees end. */
  private drive(cx: Context): Poll<T> {
    let frame = this.innermost;
    for (;;) {
      let poll: Poll<unknown>;
      frame.state = Running;
      if (cx.resumed !== frame) cx.resumed = frame;
      try {
        poll = frame.step(cx);
      } catch (error) {
        if (frame === this) {
          this.end(Done, undefined);
          throw error;
        }
        frame = this.leave(frame, Failed, error);
        continue;
      }
      if (poll === PENDING) {
        if (frame.innermost !== this.innermost) this.suspendedAt(frame);
        return PENDING;
      }
      if (frame === this) {
        this.end(Done, undefined);
        return poll as T;
      }
      frame = this.leave(frame, Returned, poll);
    }
  }

  /** Notes where to resume, after `frame` has suspended, itself or in a frame that it called. */
  private suspendedAt(frame: Frame<unknown>): void {
    this.innermost = frame.innermost;
    if (frame !== this) frame.innermost = frame;
  }

  /** Ends a frame that was called, and gives its caller, which is to be resumed. */
  private leave(frame: Frame<unknown>, state: number, outcome: unknown): Frame<unknown> {
    const caller = frame.owner as Frame<unknown>;
    frame.end(state, outcome);
    this.innermost = this as Frame<unknown>;
    return caller;
  }

  /**
   * Gives the coroutine up: first what it awaits, to the end of that; then each frame is entered once, innermost first,
   * as by a `return`, so that its `finally` blocks run. What those await is polled as usual.
   *
   * Throws `CleanupError` at the end, if any of it failed.
   */
  override cancel(cx: Context): Poll<void> {
    if (this.state === New) this.end(Done, undefined);
    if (this.state === Done) return undefined;
    if (this.state !== Suspended) throw this.misuse();
    this.outcome ??= new Unwinding(cx.cancelReason, this.innermost);
    const unwinding = this.outcome as Unwinding;
    const outer = current.cx;
    const resumed = cx.resumed;
    current.cx = cx;
    try {
      if (this.unwindFrames(cx, unwinding) === PENDING) return PENDING;
    } finally {
      current.cx = outer;
      cx.resumed = resumed;
    }
    this.end(Done, undefined);
    if (unwinding.errors.length > 0) throw new CleanupError(unwinding.reason, unwinding.errors);
    return undefined;
  }

  private unwindFrames(cx: Context, unwinding: Unwinding): Poll<void> {
    let frame = this.innermost;
    let enter = unwinding.cancellingLeaf;
    if (enter) {
      try {
        if (frame.awaited?.cancel(cx) === PENDING) return PENDING;
      } catch (error) {
        unwinding.collect(error);
      }
      unwinding.cancellingLeaf = false;
    }
    for (;;) {
      frame.state = Running;
      cx.resumed = frame;
      let poll: Poll<unknown>;
      let failed = false;
      try {
        // A frame is left by `unwind` once. When a `finally` has suspended, it is resumed like any code.
        poll = enter ? frame.unwind(cx) : frame.step(cx);
      } catch (error) {
        poll = error;
        failed = true;
      }
      if (poll === PENDING && !failed) {
        this.suspendedAt(frame);
        return PENDING;
      }
      if (frame !== unwinding.leaving) {
        // A coroutine that a `finally` has called ends as any callee does, and the `finally` goes on.
        frame = this.leave(frame, failed ? Failed : Returned, poll);
        enter = false;
        continue;
      }
      if (failed) unwinding.collect(poll);
      if (frame === this) return undefined;
      frame = this.leave(frame, Done, undefined);
      unwinding.leaving = frame;
      enter = true;
    }
  }

  /** Ends this frame; the outcome, if there is one, waits for the caller. */
  end(state: number, outcome: unknown): void {
    this.state = state;
    this.outcome = outcome;
    this.awaited = null;
    this.innermost = this as Frame<unknown>;
    this.drop();
  }

  private misuse(): PolluxError {
    const name = `the coroutine ${this.name}`;
    if (this.state === Running || this.innermost.state === Running)
      return new FutureInUseError(`${name} was polled from within its own poll`);
    if (this.state !== New && this.state !== Suspended) return new PollAfterCompletionError(name);
    return new FutureInUseError(
      this.outcome === undefined ? `${name} is awaited elsewhere` : `${name} is being cancelled`,
    );
  }
}
