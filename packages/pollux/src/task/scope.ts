import { callWith } from "../core/call-with.ts";
import { Cleanup } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context, RuntimeHandle, Waker } from "../core/context.ts";
import { blockFuture } from "../core/coroutine.ts";
import { disposalOf } from "../core/disposal.ts";
import { CleanupError, ClosedError, PollAfterCompletionError } from "../core/errors.ts";
import { attachErrors } from "../core/further-errors.ts";
import { Future, isFuture, type Suspend } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { SpawnOptions } from "./executor.ts";
import type { JoinHandle } from "./join-handle.ts";
import { executorOf } from "./spawn.ts";
import type { Task } from "./task.ts";
import { TaskGroup } from "./task-group.ts";

/** How a scope is made. */
export interface ScopeOptions {
  /** Names the scope in dumps and errors; the block's own name is the default. */
  name?: string;
}

/** What {@link scope} gives its block: the place to spawn tasks that cannot outlive the block. */
export class Scope {
  readonly #children: Children;

  /** @internal */
  constructor(children: Children) {
    this.#children = children;
  }

  /**
   * Starts a task that ends before the scope does. Its failure ends the scope, whether or not anybody awaits the handle;
   * its abort does not. Children may spawn further ones for as long as the scope has not begun to close.
   *
   * @throws ClosedError once the scope has ended, has failed or is being cancelled
   * @throws FutureInUseError if the future has begun elsewhere
   */
  spawn<T>(future: Future<T>, options?: SpawnOptions): JoinHandle<T> {
    if (!isFuture(future)) throw new TypeError("spawn needs a future: s.spawn(coroutine(…)), with the call");
    const children = this.#children;
    if (children.closed) throw new ClosedError(`the scope ${children.name}`);
    return executorOf(children.runtime, "a scope's spawn").spawn(future, options, children).observed();
  }

  /** Asks all children to end. The block goes on, and the scope stays open. */
  abortAll(reason?: unknown): void {
    this.#children.abortAll(reason);
  }

  /** Children that have not ended. */
  get len(): number {
    return this.#children.size;
  }

  get name(): string {
    return this.#children.name;
  }
}

/** The group of a scope's children. It knows of them and of the failures; {@link ScopeFuture} knows of the block. */
class Children extends TaskGroup {
  /** No more may be spawned: the scope has failed, is being cancelled, or has ended. */
  closed = false;
  /** What failed, the first one first; without repetition. */
  readonly failures: unknown[] = [];
  /** Whether the scope waits for nothing but the last child's end. */
  draining = false;
  runtime: RuntimeHandle | null = null;
  /** Of the scope's latest poll. */
  waker: Waker | null = null;

  close(reason: unknown): void {
    if (this.closed) return;
    this.closed = true;
    this.abortAll(reason);
  }

  fail(error: unknown): void {
    if (!this.failures.includes(error)) this.failures.push(error);
    this.close(error);
  }

  override onEnd(task: Task): void {
    const failed = task.isFailed && !task.isAborted;
    // The scope is woken before the children are, so that the block is the first to be cancelled.
    if ((failed && !this.closed) || (this.draining && this.size === 0)) this.waker?.wake();
    if (failed) this.fail(task.failure);
  }
}

/**
 * The life of a scope. `Body`: the block runs. `Draining`: it has returned, and children are left. `Closing`: something
 * has failed, and the block and the children are being cancelled. `Cancelling`: the same after a cancel from outside, which
 * can come in each of them; only `cancel` may be called then.
 */
const New = 0;
const Body = 1;
const Draining = 2;
const Closing = 3;
const Cancelling = 4;
const Done = 5;

class ScopeFuture<T> extends Future<T> {
  private state: number = New;
  private block: ((s: Scope) => Future<T> | Generator<Suspend, T, unknown>) | null;
  private readonly children: Children;
  private body: Future<unknown> | null = null;
  private value: T | undefined = undefined;
  private cleanup: Cleanup | null = null;

  constructor(block: (s: Scope) => Future<T> | Generator<Suspend, T, unknown>, name: string) {
    super();
    this.block = block;
    this.children = new Children(name);
  }

  override poll(cx: Context): Poll<T> {
    if (this.state >= Cancelling) throw new PollAfterCompletionError("this scope");
    const children = this.children;
    children.runtime = cx.runtime;
    children.waker = cx.waker;
    if (this.state === New) this.begin(cx);
    if (this.state === Body && !children.closed) this.pollBody(cx);
    if (children.closed) {
      if (this.close(cx) === Pending) return Pending;
      throw this.failure();
    }
    if (this.state === Body || children.size > 0) return Pending;
    return this.end() as T;
  }

  private begin(cx: Context): void {
    this.state = Body;
    const block = this.block as (s: Scope) => Future<T> | Generator<Suspend, T, unknown>;
    this.block = null;
    try {
      const body = blockFuture(callWith(cx, block, new Scope(this.children)), "scope");
      body.claim(this);
      this.body = body;
    } catch (error) {
      this.children.fail(error);
      this.bodyEnded();
    }
  }

  private pollBody(cx: Context): void {
    try {
      const poll = (this.body as Future<T>).poll(cx);
      if (poll === Pending) return;
      this.value = poll;
      this.state = Draining;
    } catch (error) {
      this.children.fail(error);
    }
    this.bodyEnded();
  }

  private bodyEnded(): void {
    this.body = null;
    this.children.draining = true;
  }

  /** After a failure: cancels the block, while the executor cancels the children, until all have ended. */
  private close(cx: Context): Poll<void> {
    const { children } = this;
    this.beginClosing();
    if (this.body !== null) {
      this.cleanup ??= new Cleanup(
        this.body,
        children.failures[0],
        `the block of the scope ${children.name}`,
      );
      if (this.cancelBody(this.cleanup, cx) === Pending) return Pending;
    }
    return children.size > 0 ? Pending : undefined;
  }

  /** A value that nobody can receive any more is disposed of: that is then what is left of the block. */
  private beginClosing(): void {
    if (this.state === Draining) {
      this.body = disposalOf(this.value);
      this.value = undefined;
    }
    this.state = Closing;
  }

  private cancelBody(cleanup: Cleanup | null, cx: Context): Poll<void> {
    try {
      const poll = cleanup === null ? (this.body as Future<unknown>).cancel(cx) : cleanup.poll(cx);
      if (poll === Pending) return Pending;
    } catch (error) {
      this.children.fail(error);
    }
    this.bodyEnded();
    return undefined;
  }

  /** What the scope throws: the first failure as it is, with the others beside it. */
  private failure(): unknown {
    this.end();
    const [first, ...others] = this.children.failures;
    if (others.length === 0 || attachErrors(first, others)) return first;
    return new CleanupError(first, others);
  }

  /**
   * The block and the children are cancelled at the same time: a `finally` of the block may then wait for a child, and
   * the other way round, where one after the other would have them wait for a cancel that has not been asked for yet.
   */
  override cancel(cx: Context): Poll<void> {
    const { children } = this;
    if (this.state === New) this.end();
    if (this.state === Done) return undefined;
    const reason = cx.cancelReason;
    children.waker = cx.waker;
    children.close(reason);
    this.beginClosing();
    this.state = Cancelling;
    if (this.body !== null && this.cancelBody(this.cleanup, cx) === Pending) return Pending;
    if (children.size > 0) return Pending;
    this.end();
    if (children.failures.length > 0) throw new CleanupError(reason, flatten(children.failures, reason));
    return undefined;
  }

  override inspect(): Inspection {
    return {
      op: `scope ${JSON.stringify(this.children.name)}`,
      futures: this.body === null ? [] : [["", this.body]],
      tasks: [...this.children],
      owns: true,
    };
  }

  private end(): T | undefined {
    const value = this.value;
    this.state = Done;
    this.children.closed = true;
    this.children.runtime = null;
    this.children.waker = null;
    this.block = null;
    this.value = undefined;
    return value;
  }
}

/** What failed for the same reason in one list, which reads better than a tree; what several have seen is there once. */
function flatten(errors: readonly unknown[], reason: unknown): unknown[] {
  const flat: unknown[] = [];
  for (const error of errors) collect(flat, error, reason);
  return [...new Set(flat)];
}

/**
 * Runs a block of code and the tasks that it spawns with `s.spawn`, and ends when all of them have ended: no task
 * outlives the block. Gives the block's value.
 *
 * If the block or a child fails, all others are cancelled, with that error as the reason; when their cleanup is done,
 * the scope throws it as it is. What failed after it is in `furtherErrors(error)`. A block that is to go on after the
 * failure of a child handles it in the child, or uses a `JoinSet`. Aborting a child is no failure.
 *
 * **Cancel safety.** A cancel reaches the block and the children at the same time, and ends when all of their cleanup
 * has; what of it failed is in a `CleanupError`.
 *
 * @param block - a generator function, or a function that returns a future; called at the first poll
 * @throws what the block or a child fails with
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const total = yield* scope(function* (s) {
 *     const a = s.spawn(fetchCount("a"));
 *     const b = s.spawn(fetchCount("b"));
 *     return (yield* a) + (yield* b);
 *   });
 *   console.log(total);
 * });
 * const fetchCount = co(function* (name: string) {
 *   yield* sleep(10);
 *   return name.length;
 * });
 * await run(main());
 * ```
 */
export function scope<T>(
  block: (s: Scope) => Future<T> | Generator<Suspend, T, unknown>,
  options?: ScopeOptions,
): Future<T> {
  if (typeof block !== "function") throw new TypeError("scope needs a function: scope(function* (s) { … })");
  return new ScopeFuture(block, options?.name ?? (block.name || "scope"));
}
