import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";
import { disposalsOf, Teardown } from "./teardown.ts";

/** The values in arrays of a given length; the last may be shorter. */
export class Chunks<T> extends Adapter<T, T[]> {
  private readonly size: number;
  private values: T[];
  private teardown: Cancellable | null;

  constructor(source: StreamSource<T>, size: number) {
    super(source);
    this.size = size;
    this.values = [];
    this.teardown = null;
  }

  override pollNext(cx: Context): Poll<T[] | End> {
    for (;;) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending) return Pending;
      if (poll === End) return this.values.length === 0 ? End : this.take();
      if (this.values.push(poll) === this.size) return this.take();
    }
  }

  private take(): T[] {
    const { values } = this;
    this.values = [];
    return values;
  }

  /** What was gathered is given to nobody any more. */
  override cancel(cx: Context): Poll<void> {
    this.teardown ??= new Teardown([this.source, ...disposalsOf(this.take())]);
    return this.teardown.cancel(cx);
  }
}
