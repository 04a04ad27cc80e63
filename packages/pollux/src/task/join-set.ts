import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import { attachErrors } from "../core/further-errors.ts";
import { type Future, isFuture } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { AbortHandle } from "./abort-handle.ts";
import {
  CompletionQueue,
  NextCompleted,
  resultOf,
  Shutdown,
  startInGroup,
  type TaskResult,
  Watcher,
} from "./completion-queue.ts";
import type { SpawnOptions } from "./executor.ts";
import { JoinedStream } from "./joined-stream.ts";
import type { Task } from "./task.ts";

/** How a set of tasks is made. */
export interface JoinSetOptions {
  /** Names the set in dumps and errors. */
  name?: string;
}

class NextValue<T> extends NextCompleted<T> {
  protected override take(task: Task): T {
    return task.result() as T;
  }
}

class NextResult<T> extends NextCompleted<TaskResult<T>> {
  protected override take(task: Task): TaskResult<T> {
    return resultOf(task);
  }
}

/** Leaves the results in the queue until all are there, so that a cancel loses none. */
class JoinAll<T> extends Watcher<T[]> {
  private failed: Task | undefined = undefined;

  protected override look(): Poll<T[]> {
    const { queue } = this;
    if (this.failed === undefined) {
      this.failed = queue.firstFailed();
      if (this.failed !== undefined) queue.abortAll(this.failed.failure);
    }
    if (queue.size > 0) return Pending;
    const ended = queue.shiftAll();
    const failure = this.failed;
    if (failure === undefined) return ended.map((task) => task.output as T);
    const further = ended.filter((task) => task.isFailed && !task.isAborted && task !== failure);
    attachErrors(
      failure.failure,
      further.map((task) => task.failure),
    );
    throw failure.failure;
  }
}

/**
 * Tasks that are spawned together and joined in the order in which they end.
 *
 * A task of the set ends by itself, or when it, all, or the set is aborted. The failure of one leaves the others alone and
 * is thrown by the join that takes it; until then it is kept, and not reported as unhandled. Dispose of a set that is
 * given up before all has been joined: that aborts the rest. A `scope` does so by itself.
 *
 * To join n tasks takes O(n) in total. `Stream.from(set)` is the stream of the values, which owns the set: to give that up
 * is to shut the set down.
 *
 * @typeParam T - what the tasks resolve to
 *
 * @example
 * ```ts
 * const square = co(function* (n: number) {
 *   yield* sleep(10 - n);
 *   return n * n;
 * });
 * const main = co(function* () {
 *   const set = new JoinSet<number>();
 *   for (const n of [1, 2, 3]) set.spawn(square(n));
 *   while (!set.isEmpty) console.log(yield* set.joinNext()); // 9, 4, 1
 * });
 * await run(main(), { clock: "paused" });
 * ```
 */
export class JoinSet<T> implements StreamSource<T>, Disposable, AsyncDisposable {
  readonly #queue: CompletionQueue;
  readonly #stream: JoinedStream;
  #disposed = false;

  constructor(options?: JoinSetOptions) {
    this.#queue = new CompletionQueue(options?.name ?? "JoinSet");
    this.#stream = new JoinedStream(this.#queue);
  }

  /**
   * Starts a task on the runtime of the calling one, or on the default runtime.
   *
   * @throws ClosedError if the set has been disposed of
   * @throws FutureInUseError if the future has begun elsewhere
   */
  spawn(future: Future<T>, options?: SpawnOptions): AbortHandle {
    if (!isFuture(future))
      throw new TypeError("spawn needs a future: set.spawn(coroutine(…)), with the call");
    if (this.#disposed) throw new ClosedError(`the set ${this.#queue.name}`);
    return new AbortHandle(startInGroup("JoinSet.spawn", future, options, this.#queue));
  }

  /**
   * Waits for the next task to end. Gives its value, or `undefined` when the set is empty; ask {@link isEmpty} where a task
   * may give `undefined` itself.
   *
   * **Cancel safety.** Safe: no result is lost.
   *
   * @throws what the task fails with, `CancelledError` if it was aborted
   */
  joinNext(): Future<T | undefined> {
    return new NextValue<T>(this.#queue);
  }

  /**
   * Waits as {@link joinNext} does and throws nothing: gives which task it was and how it ended, in the form of
   * `Promise.allSettled`, or `undefined` when the set is empty.
   *
   * **Cancel safety.** Safe: no result is lost.
   */
  joinNextResult(): Future<TaskResult<T> | undefined> {
    return new NextResult<T>(this.#queue);
  }

  /**
   * As {@link joinNext}, for streams: polls, and gives `End` when the set is empty.
   *
   * @throws what the task fails with; the next poll goes on with the next task
   */
  pollNext(cx: Context): Poll<T | End> {
    const poll = this.#stream.pollNext(cx);
    return poll === Pending || poll === End ? poll : (poll.result() as T);
  }

  inspectNext(): Inspection {
    return this.#stream.inspectNext();
  }

  /** Whoever waits in {@link pollNext} waits no longer. */
  cancelNext(): void {
    this.#stream.cancelNext();
  }

  /** Aborts all tasks and waits for their cleanup, as a stream of them does when it is given up: see {@link shutdown}. */
  cancel(cx: Context): Poll<void> {
    return this.#stream.cancel(cx);
  }

  /**
   * The value of the next task that has ended already; `undefined` if there is none.
   *
   * @throws what the task fails with
   */
  tryJoinNext(): T | undefined {
    return this.#queue.shift()?.result() as T | undefined;
  }

  /** The result of the next task that has ended already; `undefined` if there is none. */
  tryJoinNextResult(): TaskResult<T> | undefined {
    const task = this.#queue.shift();
    return task === undefined ? undefined : resultOf(task);
  }

  /**
   * Waits for all tasks, and gives their values in the order in which they have ended. When one fails, the others are
   * aborted; after their cleanup its error is thrown, with those of the others in `furtherErrors(error)`.
   *
   * **Cancel safety.** Safe: the results stay in the set until all are there.
   *
   * @throws what the first task that fails fails with, `CancelledError` if it was aborted
   */
  joinAll(): Future<T[]> {
    return new JoinAll<T>(this.#queue);
  }

  /** Asks all tasks to end. They stay in the set, to be joined. */
  abortAll(reason?: unknown): void {
    this.#queue.abortAll(reason);
  }

  /**
   * Empties the set: running tasks go on by themselves, and results that nobody has joined are dropped: one
   * that is `Disposable` is disposed of.
   */
  detachAll(): void {
    this.#queue.detachAll();
  }

  /**
   * Aborts all tasks and waits for their cleanup. Results are dropped, those that are there already too: one that is
   * `Disposable` is disposed of.
   *
   * **Cancel safety.** The tasks are aborted all the same, and stay in the set.
   *
   * @throws CleanupError if the cleanup of a task failed
   */
  shutdown(reason?: unknown): Future<void> {
    return new Shutdown(this.#queue, reason);
  }

  /** Tasks that have not been joined. */
  get len(): number {
    return this.#queue.len;
  }

  /** Whether there is nothing left to join. */
  get isEmpty(): boolean {
    return this.#queue.len === 0;
  }

  /**
   * Aborts all tasks without waiting for them, and drops the results: one that is `Disposable` is disposed of. A failure
   * of that or of a cleanup is reported as unhandled.
   */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#queue.abortAll(undefined);
    this.#queue.detachAll();
  }

  /** As {@link shutdown}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#queue.abortAll(undefined);
    if (!this.isEmpty) await this.shutdown();
  }
}
