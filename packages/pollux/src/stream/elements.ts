import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";

// A constant of this module: V8 folds it into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;

/** The elements of an array, as its iterator gives them, without an object for each. */
export class Elements<T> implements StreamSource<T> {
  /** `null` once it has ended. */
  private array: ArrayLike<T> | null;
  private index: number;

  constructor(array: ArrayLike<T>) {
    this.array = array;
    this.index = 0;
  }

  pollNext(cx: Context): Poll<T | End> {
    const { array } = this;
    if (array === null) return End;
    const { index } = this;
    // Read anew each time: the array may grow meanwhile.
    if (index >= array.length) {
      this.array = null;
      return End;
    }
    if (!cx.takeBudget()) return PENDING;
    this.index = index + 1;
    // There is one, though `undefined` may stand in its place.
    return array[index] as T;
  }

  cancel(): Poll<void> {
    this.array = null;
  }
}
