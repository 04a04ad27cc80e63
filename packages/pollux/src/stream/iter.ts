import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";

// A constant of this module: V8 folds it into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;

/** The values of an iterable, each of which is there at once. It is iterated from the first poll on. */
export class Iter<T> implements StreamSource<T> {
  /** `null` once it has ended. */
  private iterable: Iterable<T> | null;
  private iterator: Iterator<T> | null;

  constructor(iterable: Iterable<T>) {
    this.iterable = iterable;
    this.iterator = null;
  }

  pollNext(cx: Context): Poll<T | End> {
    const { iterable } = this;
    if (iterable === null) return End;
    if (!cx.takeBudget()) return PENDING;
    let result: IteratorResult<T>;
    try {
      this.iterator ??= iterable[Symbol.iterator]();
      result = this.iterator.next();
    } catch (error) {
      this.end();
      throw error;
    }
    if (result.done !== true) return result.value;
    this.end();
    return End;
  }

  cancel(): Poll<void> {
    const { iterator } = this;
    this.end();
    iterator?.return?.();
  }

  private end(): void {
    this.iterable = null;
    this.iterator = null;
  }
}
