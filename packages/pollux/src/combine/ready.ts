import { ambient } from "../core/ambient.ts";
import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { admit, Future, pendingOn, type Suspend, suspendOn } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const current = ambient;

class Ready<T> extends Future<T> {
  private readonly value: T;
  private readonly fails: boolean;
  private ended: boolean;

  constructor(value: T, fails: boolean) {
    super();
    this.value = value;
    this.fails = fails;
    this.ended = false;
  }

  /** As `Future.next`, which says why it is repeated. */
  override next(): IteratorResult<Suspend, T> {
    const cx = current.cx;
    if (cx === null || (this.owner !== null && this.owner !== cx.resumed)) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING) return { done: true, value: poll };
    if (this.owner === null) this.owner = cx.resumed;
    return suspendOn(cx, this);
  }

  /** As `Future.awaitIn`, likewise. */
  override awaitIn(cx: Context): Poll<T> {
    if (this.owner !== null && this.owner !== cx.resumed) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING) return poll;
    if (this.owner === null) this.owner = cx.resumed;
    return pendingOn(cx, this);
  }

  override poll(cx: Context): Poll<T> {
    if (this.ended) throw new PollAfterCompletionError(this.fails ? "failed()" : "ready()");
    if (!cx.takeBudget()) return Pending;
    this.ended = true;
    if (this.fails) throw this.value;
    return this.value;
  }

  override cancel(_cx: Context): Poll<void> {
    this.ended = true;
  }
}

/**
 * A future whose value is there already. It takes its unit of the coop budget as any other: a loop over it lets others
 * run.
 *
 * **Cancel safety.** Safe: nothing is held.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   console.log(yield* ready(42)); // 42
 * });
 * await run(main());
 * ```
 */
export function ready(): Future<void>;
export function ready<T>(value: T): Future<T>;
export function ready(value?: unknown): Future<unknown> {
  return new Ready(value, false);
}

/**
 * A future that fails with `error`, as it is.
 *
 * **Cancel safety.** Safe: nothing is held.
 *
 * @throws `error`, when it is polled
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const result = yield* any([failed(new Error("no luck")), ready("luck")]);
 *   console.log(result); // luck
 * });
 * await run(main());
 * ```
 */
export function failed(error: unknown): Future<never> {
  // Nothing gets to see it as a value: it is thrown.
  return new Ready(error as never, true);
}
