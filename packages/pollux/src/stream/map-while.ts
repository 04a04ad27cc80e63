import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { EarlyEnd } from "./early-end.ts";

/** What a function makes of each value, up to the first time that that is `undefined`. */
export class MapWhile<T, U> extends EarlyEnd<T, U> {
  /** `null` once the end was seen. */
  private fn: ((value: T) => U | undefined) | null;

  constructor(source: StreamSource<T>, fn: (value: T) => U | undefined) {
    super(source);
    this.fn = fn;
  }

  override pollNext(cx: Context): Poll<U | End> {
    if (this.fn === null) return this.endEarly(cx);
    const poll = this.source.pollNext(cx);
    if (poll === Pending) return Pending;
    if (poll === End) {
      this.fn = null;
      this.isOver = true;
      return End;
    }
    const result = callWith(cx, this.fn, poll);
    if (result !== undefined) return result;
    this.fn = null;
    return this.endEarly(cx);
  }
}
