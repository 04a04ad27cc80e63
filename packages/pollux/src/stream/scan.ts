import { callWithBoth } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

/** What a function has made of all values so far, after each of them. */
export class Scan<T, S> extends Adapter<T, S> {
  private state: S;
  private readonly fn: (state: S, value: T) => S;

  constructor(source: StreamSource<T>, initial: S, fn: (state: S, value: T) => S) {
    super(source);
    this.state = initial;
    this.fn = fn;
  }

  override pollNext(cx: Context): Poll<S | End> {
    const poll = this.source.pollNext(cx);
    if (poll === Pending) return Pending;
    if (poll === End) return End;
    this.state = callWithBoth(cx, this.fn, this.state, poll);
    return this.state;
  }
}
