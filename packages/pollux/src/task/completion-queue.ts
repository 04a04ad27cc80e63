import { Cleanup } from "../core/cleanup.ts";
import type { Context, Waker } from "../core/context.ts";
import { disposalOf } from "../core/disposal.ts";
import { CleanupError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { SpawnOptions } from "./executor.ts";
import { currentExecutor, executorOf } from "./spawn.ts";
import type { Task } from "./task.ts";
import { TaskGroup } from "./task-group.ts";

/** How a task of a set ended; `reason` is the error that it failed with, `CancelledError` if it was aborted. */
export type TaskResult<T> = {
  readonly id: number;
  readonly name: string | undefined;
} & PromiseSettledResult<T>;

/** @internal */
export function resultOf<T>(task: Task): TaskResult<T> {
  const { id, name } = task;
  return task.isFailed
    ? { id, name, status: "rejected", reason: task.failure }
    : { id, name, status: "fulfilled", value: task.output as T };
}

/**
 * A group whose tasks wait to be joined, in the order in which they have ended: what `JoinSet` and `JoinMap` are made of.
 *
 * Invariants:
 * - a task of the group is either running, or `ended`, or has been joined;
 * - for each ended task there is a waiter that was woken and has not been polled since, or no waiter at all: so no wake
 *   is lost when a waiter is cancelled or another one is faster.
 *
 * @internal
 */
export class CompletionQueue extends TaskGroup {
  /** Ended and not joined: those from `first` on, the joined ones before it being `undefined`. */
  private ended: (Task | undefined)[] = [];
  private first = 0;
  readonly waiters: LinkedList<NextCompleted<unknown>> = new LinkedList();
  /** Those that wait for the last task to end, or for a failure. */
  readonly watchers: LinkedList<Watcher<unknown>> = new LinkedList();

  /** Tasks that have not been joined. */
  get len(): number {
    return this.size + this.ended.length - this.first;
  }

  /** Whether there is nothing more to join. */
  get isEmpty(): boolean {
    return this.len === 0;
  }

  override onEnd(task: Task): void {
    task.observe();
    this.ended.push(task);
    this.waiters.shift()?.proceed();
    if (this.size === 0) this.nothingRuns();
    else if (task.isFailed) for (const watcher of this.watchers) watcher.proceed();
  }

  private nothingRuns(): void {
    for (let waiter = this.waiters.shift(); waiter !== null; waiter = this.waiters.shift()) waiter.proceed();
    for (const watcher of this.watchers) watcher.proceed();
  }

  /** The next that has ended, in the order of ending. */
  shift(): Task | undefined {
    const task = this.ended[this.first];
    if (task === undefined) return undefined;
    this.ended[this.first++] = undefined;
    // Forgets the joined ones when they are the larger part: O(1) for each, amortised.
    if (this.first * 2 >= this.ended.length) {
      this.ended.splice(0, this.first);
      this.first = 0;
    }
    return task;
  }

  /** Takes all that have ended. */
  shiftAll(): Task[] {
    const ended = this.first === 0 ? this.ended : this.ended.slice(this.first);
    this.ended = [];
    this.first = 0;
    return ended as Task[];
  }

  /** The first of those that have ended that failed. */
  firstFailed(): Task | undefined {
    for (let i = this.first; i < this.ended.length; i++)
      if (this.ended[i]?.isFailed === true) return this.ended[i];
    return undefined;
  }

  /** Lets the running tasks go on by themselves, and forgets those that have ended. */
  detachAll(): void {
    for (const task of this) task.runtime.detach(task);
    for (const task of this.shiftAll()) this.drop(task);
    this.nothingRuns();
  }

  /** Disposes of the result of a task that nobody is going to join. */
  drop(task: Task): void {
    const disposal = task.isFailed ? null : disposalOf(task.output);
    const { runtime } = task;
    if (disposal !== null) runtime.start(new Dropped(disposal, this.name), undefined, runtime.detached);
  }
}

/** The disposal of a result, as a task of its own. It goes on when that is aborted. */
class Dropped extends Future<void> {
  private readonly disposal: Future<never>;
  private readonly cleanup: Cleanup;

  constructor(disposal: Future<never>, name: string) {
    super();
    this.disposal = disposal;
    this.cleanup = new Cleanup(disposal, undefined, `a result of the ${name} that was dropped`);
  }

  override poll(cx: Context): Poll<void> {
    return this.cleanup.poll(cx);
  }

  override inspect(): Inspection {
    return around("drop a result", this.disposal);
  }

  override cancel(cx: Context): Poll<void> {
    return this.cleanup.poll(cx);
  }
}

/** What waits at a {@link CompletionQueue} and is a node of one of its lists. */
abstract class QueueFuture<R, N extends Linked<N>> extends Future<R> {
  before: N | null = null;
  after: N | null = null;
  list: LinkedList<N> | null = null;
  protected waker: Waker | null = null;
  protected done = false;
  protected abstract readonly queue: CompletionQueue;

  /** Something has changed: the future is to be polled. */
  proceed(): void {
    this.waker?.wake();
  }

  override inspect(): Inspection {
    return {
      op: `set ${JSON.stringify(this.queue.name)}`,
      tasks: [...this.queue],
      any: this instanceof NextCompleted,
    };
  }

  protected checkNotDone(what: string): void {
    if (this.done) throw new PollAfterCompletionError(what);
  }

  protected leave(): void {
    this.list?.remove(this as unknown as N); // Only futures of the one kind stand in the list.
    this.waker = null;
    this.done = true;
  }
}

/**
 * The next task that ends, or `undefined` if there is none left.
 *
 * @internal
 */
export abstract class NextCompleted<R> extends QueueFuture<R | undefined, NextCompleted<unknown>> {
  protected override readonly queue: CompletionQueue;
  /** Taken off the list and woken, and not polled since. */
  private woken = false;

  constructor(queue: CompletionQueue) {
    super();
    this.queue = queue;
  }

  /** What the future gives for a task. */
  protected abstract take(task: Task): R;

  override poll(cx: Context): Poll<R | undefined> {
    this.checkNotDone("joinNext()");
    if (!cx.takeBudget()) return this.wait(cx);
    const { queue } = this;
    const task = queue.shift();
    if (task !== undefined || queue.isEmpty) {
      this.leave();
      return task === undefined ? undefined : this.take(task);
    }
    cx.refundBudget();
    if (this.list === null) {
      // Woken for a task that another one has taken: first in the queue again.
      if (this.woken) queue.waiters.pushFront(this);
      else queue.waiters.pushBack(this);
      this.woken = false;
    }
    return this.wait(cx);
  }

  private wait(cx: Context): typeof Pending {
    this.waker = cx.waker;
    return Pending;
  }

  override proceed(): void {
    this.woken = true;
    super.proceed();
  }

  override cancel(): Poll<void> {
    this.leave();
    // The task that it was woken for is the next one's.
    if (this.woken) this.queue.waiters.shift()?.proceed();
  }
}

/**
 * Looks at the queue whenever its last task has ended or one has failed.
 *
 * @internal
 */
export abstract class Watcher<R> extends QueueFuture<R, Watcher<unknown>> {
  protected override readonly queue: CompletionQueue;

  constructor(queue: CompletionQueue) {
    super();
    this.queue = queue;
  }

  /** Gives the result, or throws; `Pending` if tasks are still awaited. */
  protected abstract look(cx: Context): Poll<R>;

  override poll(cx: Context): Poll<R> {
    this.checkNotDone("this join");
    if (!cx.takeBudget()) return Pending;
    let poll: Poll<R>;
    try {
      poll = this.look(cx);
    } catch (error) {
      this.leave();
      throw error;
    }
    if (poll !== Pending) {
      this.leave();
      return poll;
    }
    cx.refundBudget();
    if (this.list === null) this.queue.watchers.pushBack(this as Watcher<unknown>);
    this.waker = cx.waker;
    return Pending;
  }

  override cancel(_cx: Context): Poll<void> {
    this.leave();
  }
}

/**
 * Aborts all and waits for their cleanup.
 *
 * @internal
 */
export class Shutdown extends Watcher<void> {
  private readonly reason: unknown;
  private errors: unknown[] | undefined = undefined;
  private readonly disposals: Future<never>[] = [];
  private cleanup: Cleanup | null = null;

  constructor(queue: CompletionQueue, reason: unknown) {
    super(queue);
    this.reason = reason;
  }

  protected override look(cx: Context): Poll<void> {
    const { queue } = this;
    if (this.errors === undefined) {
      this.errors = [];
      // Failures that are there already are dropped like other results; what fails from now on is cleanup.
      for (const task of queue.shiftAll()) this.take(task, false);
      queue.abortAll(this.reason);
    }
    for (const task of queue.shiftAll()) this.take(task, true);
    if (queue.size > 0 || this.dispose(cx) === Pending) return Pending;
    if (this.errors.length > 0) throw new CleanupError(this.reason, this.errors);
    return undefined;
  }

  private take({ isFailed, isAborted, output }: Task, inCleanup: boolean): void {
    if (!isFailed) {
      const disposal = disposalOf(output);
      if (disposal !== null) this.disposals.push(disposal);
    } else if (inCleanup && !isAborted) {
      this.errors?.push(...(output instanceof CleanupError ? output.errors : [output]));
    }
  }

  /** What was taken from the queue is released; tasks that still run stay there. */
  override cancel(cx: Context): Poll<void> {
    if (this.done) return undefined;
    if (this.dispose(cx) === Pending) return Pending;
    this.leave();
    if (this.errors !== undefined && this.errors.length > 0) throw new CleanupError(this.reason, this.errors);
    return undefined;
  }

  /** Disposes of the results, one after the other. */
  private dispose(cx: Context): Poll<void> {
    for (let disposal = this.disposals[0]; disposal !== undefined; disposal = this.disposals[0]) {
      this.cleanup ??= new Cleanup(
        disposal,
        this.reason,
        `a result of the ${this.queue.name} that was dropped`,
      );
      try {
        if (this.cleanup.poll(cx) === Pending) return Pending;
      } catch (error) {
        this.errors?.push(error);
      }
      this.cleanup = null;
      this.disposals.shift();
    }
    return undefined;
  }
}

/**
 * Starts a task on the current runtime.
 *
 * @internal
 */
export function startInGroup<T>(
  what: string,
  future: Future<T>,
  options: SpawnOptions | undefined,
  group: TaskGroup,
): Task {
  return executorOf(currentExecutor(what), what).start(future, options, group) as Task;
}
