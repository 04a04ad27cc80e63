import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { EarlyEnd } from "./early-end.ts";

/** The first few values. */
export class Take<T> extends EarlyEnd<T, T> {
  private left: number;

  constructor(source: StreamSource<T>, count: number) {
    super(source);
    this.left = count;
  }

  override pollNext(cx: Context): Poll<T | End> {
    if (this.left === 0) return this.endEarly(cx);
    const poll = this.source.pollNext(cx);
    if (poll === End) {
      this.left = 0;
      this.isOver = true;
    } else if (poll !== Pending) this.left--;
    return poll;
  }
}
