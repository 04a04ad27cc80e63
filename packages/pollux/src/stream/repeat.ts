import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";

/** One value, again and again. */
export class Repeat<T> implements StreamSource<T> {
  private readonly value: T;

  constructor(value: T) {
    this.value = value;
  }

  pollNext(cx: Context): Poll<T | End> {
    return cx.takeBudget() ? this.value : Pending;
  }

  cancel(): Poll<void> {
    return undefined;
  }
}
