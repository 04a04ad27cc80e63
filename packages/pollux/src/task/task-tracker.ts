import type { Context, Waker } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future, isFuture } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { SpawnOptions } from "./executor.ts";
import type { JoinHandle } from "./join-handle.ts";
import { spawn } from "./spawn.ts";

/** What {@link TaskTracker} and those that wait and are tracked share. */
class Tracked {
  closed = false;
  count = 0;
  /** How often the tracker has become both closed and empty. */
  ends = 0;
  readonly waiters: LinkedList<Wait> = new LinkedList();

  get isOver(): boolean {
    return this.closed && this.count === 0;
  }

  leave(): void {
    this.count--;
    this.check();
  }

  check(): void {
    if (!this.isOver) return;
    this.ends++;
    for (let wait = this.waiters.shift(); wait !== null; wait = this.waiters.shift()) wait.wake();
  }
}

class Wait extends Future<void> implements Linked<Wait> {
  before: Wait | null = null;
  after: Wait | null = null;
  list: LinkedList<Wait> | null = null;
  private readonly tracked: Tracked;
  private readonly ends: number;
  private waker: Waker | null = null;
  private done = false;

  constructor(tracked: Tracked) {
    super();
    this.tracked = tracked;
    // One that is over already counts, even if it has been reopened by the first poll.
    this.ends = tracked.isOver ? -1 : tracked.ends;
  }

  wake(): void {
    this.waker?.wake();
  }

  override poll(cx: Context): Poll<void> {
    if (this.done) throw new PollAfterCompletionError("TaskTracker.wait()");
    if (!cx.takeBudget()) return Pending;
    if (this.tracked.ends !== this.ends) {
      this.done = true;
      return undefined;
    }
    cx.refundBudget();
    if (this.list === null) this.tracked.waiters.pushBack(this);
    this.waker = cx.waker;
    return Pending;
  }

  override inspect(): Inspection {
    return {
      op: "wait for",
      target: { kind: "TaskTracker", key: this.tracked },
      state: `${this.tracked.count} tracked${this.tracked.closed ? "" : ", not closed"}`,
    };
  }

  override cancel(_cx: Context): Poll<void> {
    this.done = true;
    this.list?.remove(this);
  }
}

/** Counts while it is held; made by {@link TaskTracker.token}. */
export class TaskTrackerToken implements Disposable {
  #tracked: Tracked | null;

  /** @internal */
  constructor(tracked: Tracked) {
    tracked.count++;
    this.#tracked = tracked;
  }

  /** Counts no longer. Idempotent. */
  [Symbol.dispose](): void {
    const tracked = this.#tracked;
    this.#tracked = null;
    tracked?.leave();
  }
}

/** Holds a token while the inner future is under way. */
class TrackedFuture<T> extends Future<T> {
  private readonly inner: Future<T>;
  private readonly tracked: Tracked;
  private token: TaskTrackerToken | null;
  private begun = false;

  constructor(inner: Future<T>, tracked: Tracked, token: TaskTrackerToken | null) {
    super();
    this.inner = inner;
    this.tracked = tracked;
    this.token = token;
  }

  override poll(cx: Context): Poll<T> {
    this.inner.claim(this);
    this.begun = true;
    this.token ??= new TaskTrackerToken(this.tracked);
    let poll: Poll<T>;
    try {
      poll = this.inner.poll(cx);
    } catch (error) {
      this.token[Symbol.dispose]();
      throw error;
    }
    if (poll !== Pending) this.token[Symbol.dispose]();
    return poll;
  }

  override inspect(): Inspection {
    return this.inner.inspect();
  }

  override cancel(cx: Context): Poll<void> {
    try {
      // Before its first poll the inner future may be another one's.
      if (this.begun && this.inner.cancel(cx) === Pending) return Pending;
    } catch (error) {
      this.token?.[Symbol.dispose]();
      throw error;
    }
    this.token?.[Symbol.dispose]();
    return undefined;
  }
}

/**
 * Waits for tasks to end that nobody joins: for a shutdown in order. Unlike a `JoinSet` it keeps no results, and it may
 * count what is no task.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const tracker = new TaskTracker();
 *   for (let i = 0; i < 10; i++) tracker.spawn(sleep(i));
 *   tracker.close();
 *   yield* tracker.wait();
 *   console.log(tracker.len); // 0
 * });
 * await run(main());
 * ```
 */
export class TaskTracker {
  readonly #tracked: Tracked = new Tracked();

  /** Lets {@link wait} end once nothing is counted; further tasks may still come. Says whether it was open. */
  close(): boolean {
    const tracked = this.#tracked;
    if (tracked.closed) return false;
    tracked.closed = true;
    tracked.check();
    return true;
  }

  /** Takes {@link close} back. Says whether it was closed. */
  reopen(): boolean {
    const wasClosed = this.#tracked.closed;
    this.#tracked.closed = false;
    return wasClosed;
  }

  /** Waits until the tracker is, or for one moment since this call was, both closed and empty. **Cancel safety.** Safe. */
  wait(): Future<void> {
    return new Wait(this.#tracked);
  }

  /** Starts a task that counts from now on until it has ended; as `spawn` otherwise. */
  spawn<T>(future: Future<T>, options?: SpawnOptions): JoinHandle<T> {
    checkFuture(future, "spawn");
    const token = this.token();
    const tracked = new TrackedFuture(future, this.#tracked, token);
    try {
      future.claim(tracked);
      return spawn(tracked, options);
    } catch (error) {
      token[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * A future that does what `future` does, and counts from its first poll on until it has ended.
   *
   * **Cancel safety.** That of the future; it counts until the cleanup is over.
   */
  trackFuture<T>(future: Future<T>): Future<T> {
    checkFuture(future, "trackFuture");
    return new TrackedFuture(future, this.#tracked, null);
  }

  /** Counts until it is disposed of. */
  token(): TaskTrackerToken {
    return new TaskTrackerToken(this.#tracked);
  }

  /** Tasks, futures and tokens that count now. */
  get len(): number {
    return this.#tracked.count;
  }

  get isEmpty(): boolean {
    return this.#tracked.count === 0;
  }

  get isClosed(): boolean {
    return this.#tracked.closed;
  }
}

function checkFuture(future: unknown, what: string): void {
  if (!isFuture(future))
    throw new TypeError(`${what} needs a future: tracker.${what}(coroutine(…)), with the call`);
}
