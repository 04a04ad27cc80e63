import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

/** The values from the first one on for which a predicate is false. */
export class SkipWhile<T> extends Adapter<T, T> {
  /** `null` once it has been false. */
  private predicate: ((value: T) => boolean) | null;

  constructor(source: StreamSource<T>, predicate: (value: T) => boolean) {
    super(source);
    this.predicate = predicate;
  }

  override pollNext(cx: Context): Poll<T | End> {
    for (;;) {
      const poll = this.source.pollNext(cx);
      const { predicate } = this;
      if (predicate === null || poll === Pending || poll === End) return poll;
      if (!callWith(cx, predicate, poll)) {
        this.predicate = null;
        return poll;
      }
    }
  }
}
