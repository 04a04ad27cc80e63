import { Cleanup } from "../core/cleanup.ts";
import { Context, type Waker } from "../core/context.ts";
import { CancelledError, CleanupError, CleanupTimeoutError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import type { Executor } from "./executor.ts";
import type { TaskGroup } from "./task-group.ts";

/**
 * The bits of a task's state, and who may change them when:
 *
 * | bit         | set                                         | cleared              |
 * |-------------|---------------------------------------------|----------------------|
 * | `Notified`  | at birth; by `wake` unless set or complete  | right before a poll  |
 * | `Running`   | right before a poll                         | right after it       |
 * | `Started`   | right before the first poll                 | never                |
 * | `Cancelled` | by `abort` unless complete                  | never                |
 * | `Complete`  | when the future is done with                | never                |
 * | `Failed`    | together with `Complete`: `output` is an error | never             |
 * | `Aborted`   | together with `Failed`: that is `CancelledError` | never           |
 * | `Observed`  | when somebody will see the outcome          | never                |
 *
 * A task is on the run queue exactly while it is `Notified` and not `Running`: so it is queued at most once, and since
 * the bit is cleared *before* the poll, a wake during the poll is seen after it and none is lost.
 */
export const TaskBit = {
  Running: 1,
  Notified: 2,
  Complete: 4,
  Cancelled: 8,
  Started: 16,
  Failed: 32,
  Aborted: 64,
  Observed: 128,
} as const;

const { Running, Notified, Complete, Cancelled, Started, Failed, Aborted, Observed } = TaskBit;

// A constant of this module: V8 folds it into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;

/**
 * The wakers of those that join one task, where they are more than one. A coroutine that awaits the task and is lent to
 * one `select` after the other comes with a new waker each time: whenever the set has doubled, it forgets those that
 * have ended.
 */
class Joiners extends Set<Waker> {
  private limit = 16;

  override add(waker: Waker): this {
    if (this.size >= this.limit) {
      for (const each of this) if (each.isOver === true) this.delete(each);
      this.limit = Math.max(16, 2 * this.size);
    }
    return super.add(waker);
  }
}

/** What few tasks have; allocated for them alone. */
export class TaskExtras {
  name: string | undefined = undefined;
  /** Values of task-locals; shared with the spawning task until one of the two sets one. */
  locals: ReadonlyMap<unknown, unknown> | null = null;
  /** Runs a function in the async context that the task was spawned in. */
  enter: ((run: () => void) => void) | null = null;
  abortReason: unknown = undefined;
  cleanup: Cleanup | null = null;
  /** Where it was spawned, if that is tracked. */
  origin: string | undefined = undefined;

  /** A task that has ended keeps its name and why it was aborted. */
  release(): void {
    this.locals = null;
    this.enter = null;
    this.cleanup = null;
  }
}

/**
 * A top-level future that the executor owns: future, state, waker and context in one object.
 *
 * A program sees it in {@link Hooks} alone, where it is to be read; a `JoinHandle` is what it waits and aborts with.
 */
export class Task<T = unknown> extends Context {
  /** @internal */
  declare readonly runtime: Executor;
  /** @internal */
  bits: number = Notified;
  /**
   * The group that the task belongs to (a scope, a set, or the runtime's own), and its place there.
   * @internal
   */
  group: TaskGroup;
  /** @internal */
  place = -1;
  /** @internal */
  future: Future<T> | null;
  /**
   * The value or the error, once complete; {@link failure} gives the error. Until then those to wake: `undefined`, one
   * waker, or a set of them.
   * @internal
   */
  output: unknown = undefined;
  /** Unique among the tasks of one runtime. */
  readonly id: number;
  /** @internal */
  extras: TaskExtras | null = null;
  /** How often it was polled. */
  polls = 0;

  /** @internal */
  constructor(executor: Executor, group: TaskGroup, future: Future<T>, id: number) {
    super(executor);
    this.group = group;
    this.future = future;
    this.id = id;
  }

  /** What it was given when it was spawned. */
  get name(): string | undefined {
    return this.extras?.name;
  }

  /**
   * How often it was woken, other than while it was notified already. No counter: each poll but the first was asked for by
   * one.
   */
  get wakes(): number {
    return this.polls - ((this.bits & Notified) === 0 ? 1 : 0);
  }

  override wake(): void {
    const bits = this.bits;
    if ((bits & (Complete | Notified)) !== 0) return;
    this.bits = bits | Notified;
    this.runtime.woken(this as Task, (bits & Running) === 0);
  }

  /** Asks the task to end. A poll that is under way and returns a value wins; a second reason is ignored. */
  abort(reason: unknown): void {
    if ((this.bits & (Complete | Cancelled)) !== 0) return;
    this.bits |= Cancelled;
    this.extras ??= new TaskExtras();
    this.extras.abortReason = reason;
    this.wake();
  }

  /**
   * Polls the future, or drives its cancel. Called by the executor, which has taken the task off the queue.
   * @internal
   */
  run(): void {
    const bits = this.bits;
    if ((bits & Complete) !== 0) return; // Abandoned while it was queued.
    this.bits = (bits & ~Notified) | Running | Started;
    if ((bits & (Cancelled | Started)) === (Cancelled | Started)) {
      this.runCancel();
      return;
    }
    const future = this.future as Future<T>;
    let poll: T | typeof Pending;
    try {
      poll = future.poll(this);
    } catch (error) {
      this.complete(Complete | Failed, error);
      return;
    }
    if (poll === PENDING) this.yielded(Notified | Cancelled);
    else this.complete(Complete, poll);
  }

  /** After `Pending`: back on the queue if woken meanwhile, or if a cancel is due. */
  private yielded(again: number): void {
    const bits = this.bits & ~Running;
    if ((bits & again) === 0) this.bits = bits;
    else {
      this.bits = bits | Notified;
      this.runtime.enqueue(this as Task);
    }
  }

  private runCancel(): void {
    const extras = this.extras as TaskExtras; // Made by the abort.
    extras.cleanup ??= new Cleanup(this.future as Future<T>, extras.abortReason, this.describe());
    const cancelled = Complete | Failed | Aborted;
    try {
      if (extras.cleanup.poll(this) === Pending) {
        this.yielded(Notified);
        return;
      }
    } catch (error) {
      const isOwn = error instanceof CleanupError || error instanceof CleanupTimeoutError;
      this.complete(cancelled & ~Aborted, isOwn ? error : new CleanupError(extras.abortReason, [error]));
      return;
    }
    this.complete(cancelled, undefined);
  }

  /**
   * Ends the task with an error without another poll: what it holds is lost. For a cleanup past its limit.
   * @internal
   */
  abandon(error: unknown): void {
    if (this.isComplete) return;
    this.extras?.cleanup?.stop(this.runtime);
    this.complete(Complete | Failed, error);
  }

  /** `"task 7 (name)"`, for messages. */
  describe(): string {
    return this.name === undefined ? `task ${this.id}` : `task ${this.id} (${this.name})`;
  }

  private complete(outcome: number, output: unknown): void {
    const joiners = this.output as Waker | Joiners | undefined;
    this.bits = (this.bits & ~(Running | Notified)) | outcome;
    this.output = output;
    this.future = null;
    this.resumed = null;
    this.extras?.release();
    const group = this.group;
    group.remove(this as Task);
    this.runtime.completed(this as Task);
    group.onEnd(this as Task);
    if (joiners === undefined) return;
    if (joiners instanceof Joiners) for (const joiner of joiners) joiner.wake();
    else joiners.wake();
  }

  /**
   * The outcome of a task that is complete.
   * @internal
   */
  result(): T {
    if ((this.bits & Failed) !== 0) throw this.failure;
    return this.output as T;
  }

  /**
   * What a task that is complete has failed with. An aborted one's `CancelledError` is made when somebody asks: most are
   * never looked at, and the stack of an error costs more than the rest of a cancel.
   */
  get failure(): unknown {
    if (this.isAborted) {
      this.output ??= new CancelledError(this.extras?.abortReason, `${this.describe()} was cancelled`);
    }
    return this.output;
  }

  /** Whether it is over: with a value, with an error, or cancelled and cleaned up. */
  get isComplete(): boolean {
    return (this.bits & Complete) !== 0;
  }

  /** As {@link isComplete}, for those that know it as a waker. */
  get isOver(): boolean {
    return this.isComplete;
  }

  /** Whether it was polled. */
  get isStarted(): boolean {
    return (this.bits & Started) !== 0;
  }

  /** Whether it has ended with an error; a cancel counts as one. */
  get isFailed(): boolean {
    return (this.bits & Failed) !== 0;
  }

  /** Whether it ended by a cancel, its cleanup having succeeded. */
  get isAborted(): boolean {
    return (this.bits & Aborted) !== 0;
  }

  /**
   * Somebody will see how the task ends: a failure is not reported as unhandled.
   * @internal
   */
  observe(): void {
    this.bits |= Observed;
  }

  /** @internal */
  get isObserved(): boolean {
    return (this.bits & Observed) !== 0;
  }

  /**
   * Wakes `waker` once when the task is complete; it is not yet. Adding one twice is harmless.
   * @internal
   */
  addJoiner(waker: Waker): void {
    const joiners = this.output as Waker | Joiners | undefined;
    if (joiners === undefined) this.output = waker;
    else if (joiners instanceof Joiners) joiners.add(waker);
    else if (joiners !== waker) this.output = new Joiners().add(joiners).add(waker);
  }

  /** @internal */
  removeJoiner(waker: Waker): void {
    if (this.isComplete) return;
    const joiners = this.output as Waker | Joiners | undefined;
    if (joiners === waker) this.output = undefined;
    else if (joiners instanceof Joiners) joiners.delete(waker);
  }
}
