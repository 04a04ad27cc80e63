import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

/** The values as they are; a function sees each. */
export class Inspect<T> extends Adapter<T, T> {
  private readonly fn: (value: T) => void;

  constructor(source: StreamSource<T>, fn: (value: T) => void) {
    super(source);
    this.fn = fn;
  }

  override pollNext(cx: Context): Poll<T | End> {
    const poll = this.source.pollNext(cx);
    if (poll !== Pending && poll !== End) callWith(cx, this.fn, poll);
    return poll;
  }
}
