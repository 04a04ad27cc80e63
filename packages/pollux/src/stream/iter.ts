import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";

/**
 * The values of an iterable, each of which is there at once. It is iterated from the first poll on, and left early by a
 * cancel.
 *
 * @internal
 */
export class Iter<T> implements StreamSource<T> {
  /** `null` once it has ended. */
  private iterable: Iterable<T> | null;
  private iterator: Iterator<T> | null = null;

  constructor(iterable: Iterable<T>) {
    this.iterable = iterable;
  }

  pollNext(cx: Context): Poll<T | End> {
    const { iterable } = this;
    if (iterable === null) return End;
    if (!cx.takeBudget()) return Pending;
    this.iterator ??= iterable[Symbol.iterator]();
    let result: IteratorResult<T>;
    try {
      result = this.iterator.next();
    } catch (error) {
      this.iterable = null;
      throw error;
    }
    if (result.done !== true) return result.value;
    this.iterable = null;
    return End;
  }

  cancel(): Poll<void> {
    if (this.iterable === null) return;
    this.iterable = null;
    this.iterator?.return?.();
  }
}
