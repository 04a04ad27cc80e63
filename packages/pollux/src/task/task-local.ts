import { ambient } from "../core/ambient.ts";
import type { Context } from "../core/context.ts";
import { NoContextError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import { taskOf } from "./current-task.ts";
import { type Task, TaskExtras } from "./task.ts";

/** A value that belongs to a task; see {@link taskLocal}. */
export class TaskLocal<T> {
  readonly #fallback: readonly [T] | undefined;

  /** @internal */
  constructor(fallback: readonly [T] | undefined) {
    this.#fallback = fallback;
  }

  /**
   * A future that does what `future` does, with the value set for as long as it runs: in its polls, in its cleanup, and
   * in the tasks that it spawns, for all of their life. The value that was set before is back when it has ended.
   *
   * **Cancel safety.** That of the future.
   */
  scope<R>(value: T, future: Future<R>): Future<R> {
    return new LocalScope(this, value, future);
  }

  /**
   * The value, or the default where none is set.
   *
   * @throws NoContextError if none is set and there is no default
   */
  get(): T {
    const locals = taskOf(ambient.cx)?.extras?.locals;
    if (locals?.has(this) === true) return locals.get(this) as T;
    if (this.#fallback === undefined) throw new NoContextError("TaskLocal.get() without a default");
    return this.#fallback[0];
  }

  /** The value, or the default; `undefined` where neither is there. */
  tryGet(): T | undefined {
    const locals = taskOf(ambient.cx)?.extras?.locals;
    return locals?.has(this) === true ? (locals.get(this) as T) : this.#fallback?.[0];
  }
}

class LocalScope<R> extends Future<R> {
  private readonly local: object;
  private readonly value: unknown;
  private readonly inner: Future<R>;
  /** The values around this scope at the latest poll, and the same with its own: made anew only when those change. */
  private outer: TaskExtras["locals"] = null;
  private locals: TaskExtras["locals"] = null;

  constructor(local: object, value: unknown, inner: Future<R>) {
    super();
    this.local = local;
    this.value = value;
    this.inner = inner;
  }

  override poll(cx: Context): Poll<R> {
    this.inner.claim(this);
    const extras = this.extrasOf(cx);
    const outer = this.enter(extras);
    try {
      return this.inner.poll(cx);
    } finally {
      extras.locals = outer;
    }
  }

  override inspect(): Inspection {
    return this.inner.inspect();
  }

  override cancel(cx: Context): Poll<void> {
    if (this.locals === null) return undefined; // Never polled.
    const extras = this.extrasOf(cx);
    const outer = this.enter(extras);
    try {
      return this.inner.cancel(cx);
    } finally {
      extras.locals = outer;
    }
  }

  private extrasOf(cx: Context): TaskExtras {
    const task: Task | null = taskOf(cx);
    if (task === null) throw new NoContextError("TaskLocal.scope()");
    task.extras ??= new TaskExtras();
    return task.extras;
  }

  private enter(extras: TaskExtras): TaskExtras["locals"] {
    const outer = extras.locals;
    if (this.locals === null || this.outer !== outer) {
      this.outer = outer;
      this.locals = new Map(outer).set(this.local, this.value);
    }
    extras.locals = this.locals;
    return outer;
  }
}

/**
 * Makes a task-local: a value that code finds without its being passed, such as the id of a request. It is set for a
 * future with {@link TaskLocal.scope}, and never changes while that runs.
 *
 * A spawned task inherits the values of the one that spawns it, as with `AsyncLocalStorage` (and unlike Tokio's): work
 * that a request spawns belongs to the request. Reading one is O(1). Outside of the runtime, in a callback or after a
 * native `await`, use `AsyncLocalStorage` instead, which tasks carry too.
 *
 * @param fallback - what {@link TaskLocal.get} gives where no value is set
 *
 * @example
 * ```ts
 * const requestId = taskLocal<string>();
 * const log = (text: string) => console.log(`[${requestId.get()}] ${text}`);
 * const handle = co(function* () {
 *   yield* sleep(1);
 *   log("done");
 * });
 * await run(requestId.scope("7f", handle())); // [7f] done
 * ```
 */
export function taskLocal<T>(...fallback: [] | [fallback: T]): TaskLocal<T> {
  return new TaskLocal<T>(fallback.length === 0 ? undefined : fallback);
}
