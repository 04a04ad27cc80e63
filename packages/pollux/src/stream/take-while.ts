import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { EarlyEnd } from "./early-end.ts";

/** The values before the first one for which a predicate is false. */
export class TakeWhile<T> extends EarlyEnd<T, T> {
  /** `null` once the end was seen. */
  private predicate: ((value: T) => boolean) | null;

  constructor(source: StreamSource<T>, predicate: (value: T) => boolean) {
    super(source);
    this.predicate = predicate;
  }

  override pollNext(cx: Context): Poll<T | End> {
    if (this.predicate === null) return this.endEarly(cx);
    const poll = this.source.pollNext(cx);
    if (poll === End) {
      this.predicate = null;
      this.isOver = true;
    } else if (poll !== Pending && !callWith(cx, this.predicate, poll)) {
      this.predicate = null;
      return this.endEarly(cx);
    }
    return poll;
  }
}
