import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

/** What a function makes of each value, where that is not `undefined`. */
export class FilterMap<T, U> extends Adapter<T, U> {
  private readonly fn: (value: T) => U | undefined;

  constructor(source: StreamSource<T>, fn: (value: T) => U | undefined) {
    super(source);
    this.fn = fn;
  }

  override pollNext(cx: Context): Poll<U | End> {
    for (;;) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending) return Pending;
      if (poll === End) return End;
      const result = callWith(cx, this.fn, poll);
      if (result !== undefined) return result;
    }
  }
}
