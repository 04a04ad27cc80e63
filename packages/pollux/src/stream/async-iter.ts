import { Adopted, isThenable } from "../core/adopted.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";

/**
 * The values of an async iterable, which is iterated from the first poll on: one `next()` at a time, and counted as
 * outstanding while it waits. A failure ends it, as it ends a `for await`.
 *
 * A cancel calls `return()` and waits for it. A `next()` that is still pending then keeps its value: what comes of it is
 * dropped. An async generator comes to its `return()` only when its `next()` has settled, so the cleanup waits for that.
 */
export class AsyncIter<T> implements StreamSource<T> {
  /** `null` once it has ended. */
  private iterable: AsyncIterable<T> | null;
  private iterator: AsyncIterator<T> | null;
  private next: Adopted<IteratorResult<T>> | null;
  private closing: Future<unknown> | null;

  constructor(iterable: AsyncIterable<T>) {
    this.iterable = iterable;
    this.iterator = null;
    this.next = null;
    this.closing = null;
  }

  pollNext(cx: Context): Poll<T | End> {
    const { iterable } = this;
    if (iterable === null) return End;
    // Before `next()` is called: the budget is taken once the value is there.
    if (cx.runtime.budget <= 0) {
      cx.wake();
      return Pending;
    }
    let poll: Poll<IteratorResult<T>>;
    try {
      this.iterator ??= iterable[Symbol.asyncIterator]();
      this.next ??= new Adopted(this.iterator.next());
      poll = this.next.poll(cx);
      if (poll === Pending) return Pending;
      this.next = null;
    } catch (error) {
      this.end();
      throw error;
    }
    if (poll.done !== true) return poll.value;
    this.end();
    return End;
  }

  /** The `next()` that is under way stays so: what it gives is for the next poll. */
  cancelNext(): void {
    this.next?.stopWaiting();
  }

  cancel(cx: Context): Poll<void> {
    if (this.closing === null) {
      const { iterator, next } = this;
      this.end();
      next?.cancel(cx);
      const closed = iterator?.return?.();
      if (!isThenable(closed)) return undefined;
      this.closing = new Adopted(closed);
    }
    try {
      if (this.closing.poll(cx) === Pending) return Pending;
    } catch (error) {
      this.closing = null;
      throw error;
    }
    this.closing = null;
    return undefined;
  }

  private end(): void {
    this.iterable = null;
    this.iterator = null;
    this.next = null;
  }

  inspectNext(): Inspection {
    return around("an async iterable", this.next);
  }
}
