import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { requireFunction, requireFuture } from "./require-future.ts";
import { Single } from "./single.ts";

class MapFuture<T, U> extends Single<U> {
  private readonly fn: (value: T) => U;

  constructor(future: Future<T>, fn: (value: T) => U) {
    super("map", future);
    this.fn = fn;
  }

  override poll(cx: Context): Poll<U> {
    const poll = this.pollInner(cx);
    // The inner future is the one that gives a `T`.
    return poll === Pending ? Pending : callWith(cx, this.fn, poll as T);
  }
}

/**
 * Gives what `fn` makes of the future's value. A future that `fn` returns is a value like any other: to wait for it,
 * take `andThen`.
 *
 * **Cancel safety.** As that of the future; `fn` is then not called.
 *
 * @throws TypeError if it is not given a future and a function
 * @throws what the future fails with, and what `fn` throws
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   console.log(yield* map(ready("hello"), (word) => word.length)); // 5
 * });
 * await run(main());
 * ```
 */
export function map<T, U>(future: Future<T>, fn: (value: T) => U): Future<U> {
  requireFuture(future, "map", 0);
  requireFunction("map", fn);
  return new MapFuture(future, fn);
}
