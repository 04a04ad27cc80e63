import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
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
} from "./completion-queue.ts";
import type { SpawnOptions } from "./executor.ts";
import type { JoinSetOptions } from "./join-set.ts";
import { JoinedStream } from "./joined-stream.ts";
import type { Task } from "./task.ts";

/** A queue whose tasks have keys. A task that has ended and has no key any more was replaced: nobody joins it. */
class KeyedQueue<K> extends CompletionQueue {
  readonly byKey: Map<K, Task> = new Map();
  readonly keyOf: Map<Task, K> = new Map();

  override get len(): number {
    return this.byKey.size;
  }

  set(key: K, task: Task): void {
    const replaced = this.byKey.get(key);
    this.byKey.set(key, task);
    this.keyOf.set(task, key);
    if (replaced === undefined) return;
    this.keyOf.delete(replaced);
    if (replaced.isComplete) {
      this.drop(replaced);
      return;
    }
    replaced.abort(undefined);
    replaced.runtime.detach(replaced);
  }

  override shift(): Task | undefined {
    let task = super.shift();
    while (task !== undefined && !this.keyOf.has(task)) task = super.shift();
    return task;
  }

  override shiftAll(): Task[] {
    const ended = super.shiftAll().filter((task) => this.keyOf.has(task));
    for (const task of ended) this.join(task);
    return ended;
  }

  /** Takes a task off the map and gives its key. */
  join(task: Task): K {
    const key = this.keyOf.get(task) as K;
    this.keyOf.delete(task);
    this.byKey.delete(key);
    return key;
  }

  override detachAll(): void {
    super.detachAll();
    this.byKey.clear();
    this.keyOf.clear();
  }
}

class NextEntry<K, V> extends NextCompleted<[key: K, result: TaskResult<V>]> {
  protected override take(task: Task): [K, TaskResult<V>] {
    return [(this.queue as KeyedQueue<K>).join(task), resultOf<V>(task)];
  }
}

/**
 * A `JoinSet` whose tasks have keys: they can be asked after and aborted by key, and a task that is spawned for a key
 * that is taken replaces the one before. `Stream.from(map)` is the stream of keys and results, which owns the map: to give
 * that up is to shut the map down.
 *
 * @typeParam K - keys, told apart as in a `Map`
 * @typeParam V - what the tasks resolve to
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const map = new JoinMap<string, void>();
 *   map.spawn("slow", sleep(1_000));
 *   map.spawn("quick", sleep(10));
 *   const [key, result] = (yield* map.joinNext()) ?? [];
 *   console.log(key, result?.status); // quick fulfilled
 *   map.abort("slow");
 * });
 * await run(main());
 * ```
 */
export class JoinMap<K, V>
  implements StreamSource<[key: K, result: TaskResult<V>]>, Disposable, AsyncDisposable
{
  readonly #queue: KeyedQueue<K>;
  readonly #stream: JoinedStream;
  #disposed = false;

  constructor(options?: JoinSetOptions) {
    this.#queue = new KeyedQueue(options?.name ?? "JoinMap");
    this.#stream = new JoinedStream(this.#queue);
  }

  /**
   * Starts a task for a key. One that is there for the key already is aborted and leaves the map: no join gives it any
   * more, a result that it has left is disposed of, and a failure of its cleanup is reported as unhandled.
   *
   * @throws ClosedError if the map has been disposed of
   * @throws FutureInUseError if the future has begun elsewhere
   */
  spawn(key: K, future: Future<V>, options?: SpawnOptions): AbortHandle {
    if (!isFuture(future))
      throw new TypeError("spawn needs a future: map.spawn(key, coroutine(…)), with the call");
    if (this.#disposed) throw new ClosedError(`the map ${this.#queue.name}`);
    const task = startInGroup("JoinMap.spawn", future, options, this.#queue);
    this.#queue.set(key, task);
    return new AbortHandle(task);
  }

  /**
   * Waits for the next task to end. Gives its key and how it ended, in the form of `Promise.allSettled`; `undefined` when
   * the map is empty.
   *
   * **Cancel safety.** Safe: no result is lost.
   */
  joinNext(): Future<[key: K, result: TaskResult<V>] | undefined> {
    return new NextEntry<K, V>(this.#queue);
  }

  /** As {@link joinNext}, for streams: polls, and gives `End` when the map is empty. */
  pollNext(cx: Context): Poll<[key: K, result: TaskResult<V>] | End> {
    const poll = this.#stream.pollNext(cx);
    return poll === Pending || poll === End ? poll : [this.#queue.join(poll), resultOf<V>(poll)];
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

  /** The key and the result of the next task that has ended already; `undefined` if there is none. */
  tryJoinNext(): [key: K, result: TaskResult<V>] | undefined {
    const task = this.#queue.shift();
    return task === undefined ? undefined : [this.#queue.join(task), resultOf<V>(task)];
  }

  /** Asks the task of a key to end; it stays in the map, to be joined. Says whether there is one. */
  abort(key: K, reason?: unknown): boolean {
    const task = this.#queue.byKey.get(key);
    task?.abort(reason);
    return task !== undefined;
  }

  /** Asks the tasks of all keys for which `matches` is true to end. */
  abortMatching(matches: (key: K) => boolean, reason?: unknown): void {
    for (const [key, task] of this.#queue.byKey) if (matches(key)) task.abort(reason);
  }

  /** Asks all tasks to end. They stay in the map, to be joined. */
  abortAll(reason?: unknown): void {
    this.#queue.abortAll(reason);
  }

  /** Whether a task for the key is there, running or ended, that has not been joined. */
  containsKey(key: K): boolean {
    return this.#queue.byKey.has(key);
  }

  /** The keys of the tasks that have not been joined, in the order in which they came to be there. */
  keys(): IterableIterator<K> {
    return this.#queue.byKey.keys();
  }

  /**
   * Empties the map: running tasks go on by themselves, and results that nobody has joined are dropped: one
   * that is `Disposable` is disposed of.
   */
  detachAll(): void {
    this.#queue.detachAll();
  }

  /**
   * Aborts all tasks and waits for their cleanup. Results are dropped, those that are there already too: one that is
   * `Disposable` is disposed of.
   *
   * **Cancel safety.** The tasks are aborted all the same, and stay in the map.
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
