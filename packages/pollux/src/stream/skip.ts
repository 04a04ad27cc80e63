import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

/** The values after the first few. */
export class Skip<T> extends Adapter<T, T> {
  private left: number;

  constructor(source: StreamSource<T>, count: number) {
    super(source);
    this.left = count;
  }

  override pollNext(cx: Context): Poll<T | End> {
    for (; this.left > 0; this.left--) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending || poll === End) return poll;
    }
    return this.source.pollNext(cx);
  }
}
