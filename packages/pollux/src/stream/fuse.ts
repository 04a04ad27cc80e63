import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

/** The values up to the first end, which stays the end. */
export class Fuse<T> extends Adapter<T, T> {
  private ended: boolean;

  constructor(source: StreamSource<T>) {
    super(source);
    this.ended = false;
  }

  override pollNext(cx: Context): Poll<T | End> {
    if (this.ended) return End;
    const poll = this.source.pollNext(cx);
    if (poll === End) this.ended = true;
    return poll;
  }
}
