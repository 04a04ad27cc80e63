import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";

/** The stream whose polls are calls of a function. */
export class PollFn<T> implements StreamSource<T> {
  /** `null` after the end. */
  private fn: ((cx: Context) => Poll<T | End>) | null;

  constructor(fn: (cx: Context) => Poll<T | End>) {
    this.fn = fn;
  }

  pollNext(cx: Context): Poll<T | End> {
    if (this.fn === null) return End;
    const poll = callWith(cx, this.fn, cx);
    if (poll === End) this.fn = null;
    return poll;
  }

  cancel(): Poll<void> {
    this.fn = null;
  }
}
