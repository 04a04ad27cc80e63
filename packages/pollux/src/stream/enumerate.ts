import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

/** Each value with its place, counted from 0. */
export class Enumerate<T> extends Adapter<T, [index: number, value: T]> {
  private index: number;

  constructor(source: StreamSource<T>) {
    super(source);
    this.index = 0;
  }

  override pollNext(cx: Context): Poll<[index: number, value: T] | End> {
    const poll = this.source.pollNext(cx);
    if (poll === Pending) return Pending;
    if (poll === End) return End;
    return [this.index++, poll];
  }
}
