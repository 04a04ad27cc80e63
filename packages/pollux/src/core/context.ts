import { NoRuntimeError } from "./errors.ts";
import type { Frame } from "./frame.ts";
import type { Future } from "./future.ts";
import type { OwnedThread } from "./owned-thread.ts";
import type { TimerEntry } from "./timer-entry.ts";

/** Makes one task runnable again. All that passes between a reactor and an executor. */
export interface Waker {
  /** Any number of calls before the next poll count as one; after the task has ended it does nothing. Never throws. */
  wake(): void;
  /** Whether a wake does nothing any more, so that nobody need keep this waker. A waker that cannot tell says nothing. */
  readonly isOver?: boolean;
}

/** A clock and its timers, as a leaf future sees them; `time/` implements it. */
export interface TimerDriver {
  /** Milliseconds on a monotonic clock, with fractions. Only differences mean something. */
  now(): number;
  /** Calls `entry.fire()` once when the clock reaches `deadline`; moves the entry if it is armed already. */
  arm(entry: TimerEntry, deadline: number): void;
  /** Takes the entry out; does nothing if it is not armed. O(1). */
  disarm(entry: TimerEntry): void;
}

/** What a runtime itself needs of its reactor. */
export interface ReactorSlot {
  /** The back end: `"epoll"`, `"node"`. */
  readonly name: string;
  /** Why it is this one, where another would have been better. */
  readonly why?: string | undefined;
  /** Sources that are open. */
  readonly openSources: number;
  /** Closes all sources that are still open. */
  close(): void;
}

/** Which reactor a runtime makes when something asks for I/O: by name, or by calling a function. */
export type ReactorChoice = "auto" | "epoll" | "node" | (() => ReactorSlot);

/** What a runtime itself needs of its pool of threads for code that blocks. */
export interface BlockingSlot {
  /** Threads that there are, at work or not. */
  readonly threads: number;
  /** Calls that a thread is at work on. */
  readonly running: number;
  /** Calls that wait for a thread. */
  readonly queued: number;
  /** Ends all threads. Settles when they have ended, and after `graceMs` at the latest; says whether they have. */
  close(graceMs: number): Promise<boolean>;
}

/** How large a pool of threads may become. */
export interface BlockingLimits {
  /** The most threads at a time. Default: twice as many as there are cores, and 4 at least. */
  readonly maxThreads?: number | undefined;
  /** How long a thread with nothing to do is kept, in ms. */
  readonly keepAlive: number;
  /** The host's options for each of them. Default: those of the process. */
  readonly execArgv?: readonly string[] | undefined;
}

/** How a future and everything above the core see the runtime that polls them. */
export interface RuntimeHandle {
  /** Coop units that the poll under way may still spend; see {@link Context.takeBudget}. */
  budget: number;
  readonly timers: TimerDriver;
  /** How long cleanup after a cancel may take, in ms; `Infinity` for no limit. */
  readonly cleanupLimit: number;
  /** The reactor, once something has asked for I/O. The core knows no more of it; `reactor/` fills and types the place. */
  reactor: ReactorSlot | undefined;
  readonly reactorChoice: ReactorChoice;
  /** The threads for code that blocks, once something has asked for one; `blocking/` fills and types the place. */
  blocking: BlockingSlot | undefined;
  readonly blockingLimits: BlockingLimits;
  /** The thread, if the runtime owns it: then Node's loop does not turn. `null` beside that loop. */
  readonly ownedThread: OwnedThread | null;
  /**
   * Operations that wait for something outside of the runtime: I/O, an adopted promise, blocking work. Whoever waits
   * counts itself in and out. While there are any, a paused clock does not advance by itself.
   */
  outstanding: number;
  /** The reason of the cancel under way; set around each call of `cancel` by whoever makes it. */
  cancelReason: unknown;
  /**
   * Starts a task and returns the handle to it (a `JoinHandle`).
   *
   * **Cancel safety.** Cancelling the handle leaves the task alone.
   */
  spawn<T>(future: Future<T>): Future<T> & PromiseLike<T>;
  /** Tells the user that something was abandoned after {@link cleanupLimit}. */
  reportAbandoned(error: Error, waker: Waker): void;
}

/** Units a task gets for one poll. Tokio's number. */
export const POLL_BUDGET = 128;

/** Stands for "as much as you like" and stays a small integer in V8. */
export const UNLIMITED_BUDGET = 0x3fffffff;

/**
 * What a poll is given: the waker, the coop budget, and the runtime.
 *
 * A context *is* its waker: {@link Context.waker} hands out what a leaf future keeps, and it is the context itself, so
 * that keeping it allocates nothing. Subclass it for an executor or a combinator of your own; one that is made without
 * a runtime is unconstrained, and a future that needs a clock or a reactor throws `NoRuntimeError` in it.
 *
 * @example
 * ```ts
 * class ParkedThread extends Context {
 *   woken = true;
 *   override wake(): void { this.woken = true; }
 * }
 * ```
 */
export abstract class Context implements Waker {
  readonly runtime: RuntimeHandle;
  /**
   * The frame that a driver has resumed under this context: where a future that suspends it leaves itself.
   * @internal
   */
  resumed: Frame<unknown> | null = null;

  constructor(runtime: RuntimeHandle = detached) {
    this.runtime = runtime;
  }

  /** Has the owner of this context poll again; see {@link Waker.wake}. */
  abstract wake(): void;

  /** Why the cancel that is under way was asked for: a `cancel` reads it. `undefined` outside of any. */
  get cancelReason(): unknown {
    return this.runtime.cancelReason;
  }

  /** What a leaf future keeps to be polled again. */
  get waker(): Waker {
    return this;
  }

  /** The outermost context that this one is part of: the task. A combinator's context for one child gives its parent's. */
  get task(): Context {
    return this;
  }

  /**
   * Takes one unit of the coop budget. A leaf future calls it *before any effect*; on `false` it returns `Pending` at
   * once, having been woken already, so that other tasks and the host get their turn. If the resource then turns out
   * not to be ready, it gives the unit back with {@link refundBudget}.
   */
  takeBudget(): boolean {
    const runtime = this.runtime;
    if (runtime.budget > 0) {
      runtime.budget--;
      return true;
    }
    this.wake();
    return false;
  }

  /** Gives back the unit taken: nothing was ready, no progress was made. */
  refundBudget(): void {
    this.runtime.budget++;
  }
}

/** The runtime of a context that was made outside of any: nothing to spawn on, no clock, and an unlimited budget. */
const detached: RuntimeHandle = {
  get budget(): number {
    return UNLIMITED_BUDGET;
  },
  set budget(_units: number) {
    // Unconstrained: there is nothing to count.
  },
  get timers(): TimerDriver {
    throw new NoRuntimeError("a timer");
  },
  cleanupLimit: Number.POSITIVE_INFINITY,
  get reactor(): ReactorSlot | undefined {
    throw new NoRuntimeError("I/O");
  },
  set reactor(_reactor: ReactorSlot | undefined) {
    throw new NoRuntimeError("I/O");
  },
  reactorChoice: "auto",
  get blocking(): BlockingSlot | undefined {
    throw new NoRuntimeError("a call in another thread");
  },
  set blocking(_pool: BlockingSlot | undefined) {
    throw new NoRuntimeError("a call in another thread");
  },
  blockingLimits: { keepAlive: 0 },
  ownedThread: null,
  outstanding: 0,
  cancelReason: undefined,
  spawn(): never {
    throw new NoRuntimeError("spawn");
  },
  reportAbandoned(): void {
    // Cannot happen: its cleanup limit is infinite.
  },
};
