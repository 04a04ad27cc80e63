import { ambient } from "../core/ambient.ts";
import type { Context } from "../core/context.ts";
import { admit, Future, pendingOn, type Suspend, suspendOn } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { AbortHandle } from "./abort-handle.ts";
import type { Task } from "./task.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const current = ambient;

/**
 * The right to wait for a task. Gives the task's value, throws the error that it failed with, or `CancelledError` if it
 * was aborted.
 *
 * Unlike other futures a handle may be awaited many times and by many at once. It is a Promises/A+ thenable too, for
 * code outside the runtime. Dropping it detaches the task, which goes on.
 *
 * **Cancel safety.** Cancelling a join leaves the task alone: use {@link JoinHandle.abort} to end it.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const answer = spawn(ready(42));
 *   console.log(yield* answer, yield* answer); // 42 42
 *   const endless = spawn(never(), { name: "endless" });
 *   endless.abort("enough");
 *   const [result] = yield* allSettled([endless]);
 *   if (result.status === "rejected") console.log(result.reason); // CancelledError: task 3 (endless) was cancelled
 * });
 * await run(main());
 * ```
 */
export class JoinHandle<T> extends Future<T> {
  private readonly task: Task<T>;
  private promise: Promise<T> | undefined = undefined;

  /** @internal */
  constructor(task: Task<T>) {
    super();
    this.task = task;
  }

  /** @internal */
  override get shared(): boolean {
    return true;
  }

  /** @internal */
  override claim(): void {
    // Many may wait for one task.
  }

  /**
   * Many may wait for one task: a loan is a handle of its own, which leaves nothing behind when it is given up.
   *
   * **Cancel safety.** Safe: as that of any join, it leaves the task alone.
   */
  override ref(): Future<T> {
    return new JoinHandle(this.task);
  }

  /** As `Future.next`, which says why it is repeated. */
  override next(): IteratorResult<Suspend, T> {
    const cx = current.cx;
    if (cx === null || (this.owner !== null && this.owner !== cx.resumed)) admit(cx, this);
    const poll = this.poll(cx);
    return poll === PENDING ? suspendOn(cx, this) : { done: true, value: poll }; // Without an owner: it is shared.
  }

  /** As `Future.awaitIn`, likewise. */
  override awaitIn(cx: Context): Poll<T> {
    if (this.owner !== null && this.owner !== cx.resumed) admit(cx, this);
    const poll = this.poll(cx);
    return poll === PENDING ? pendingOn(cx, this) : poll;
  }

  override poll(cx: Context): Poll<T> {
    const task = this.task;
    task.observe();
    if (!cx.takeBudget()) return Pending;
    if (!task.isComplete && cx.runtime === task.runtime) task.runtime.pollNext(task as Task);
    if (task.isComplete) return task.result();
    cx.refundBudget();
    task.addJoiner(cx.waker);
    return Pending;
  }

  override cancel(cx: Context): Poll<void> {
    this.task.removeJoiner(cx.waker);
  }

  override inspect(): Inspection {
    return { op: "join", tasks: [this.task as Task] };
  }

  // biome-ignore lint/suspicious/noThenProperty: a handle is a Promises/A+ thenable on purpose
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.promise ??= new Promise<T>((resolve, reject) => {
      const task = this.task;
      task.observe();
      const settle = (): void => (task.isFailed ? reject(task.failure) : resolve(task.output as T));
      if (task.isComplete) settle();
      else task.addJoiner({ wake: settle });
    });
    return this.promise.then(onFulfilled, onRejected);
  }

  /**
   * Asks the task to end. It cancels what it waits for and runs its cleanup; joiners see `CancelledError` only after
   * that. Does nothing once the task is complete; the first reason counts.
   *
   * @param reason - becomes the `cause` of the `CancelledError`
   */
  abort(reason?: unknown): void {
    this.task.abort(reason);
  }

  /** A handle that can end the task and ask after it, and cannot wait for it. */
  abortHandle(): AbortHandle {
    return new AbortHandle(this.task as Task);
  }

  /** Whether the task is complete: with a value, with an error, or cancelled and cleaned up. */
  get isFinished(): boolean {
    return this.task.isComplete;
  }

  /** Says that somebody will see to the outcome: a failure is then not reported as unhandled. */
  observed(): this {
    this.task.observe();
    return this;
  }

  /** Unique among the tasks of one runtime. */
  get id(): number {
    return this.task.id;
  }

  get name(): string | undefined {
    return this.task.name;
  }
}
