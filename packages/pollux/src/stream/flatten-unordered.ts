import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";
import { SourcePool } from "./source-pool.ts";
import { Teardown } from "./teardown.ts";
import { type StreamInput, toSource } from "./to-source.ts";

/** The values of the streams of a stream as they come, of some of them at a time. */
export class FlattenUnordered<T> extends Adapter<StreamInput<T>, T> {
  private readonly limit: number;
  private readonly pool: SourcePool<T>;
  private ended: boolean;
  /** The source has spent all budget of the last poll: this time the streams in it come first. */
  private starved: boolean;
  private teardown: Teardown | null;

  constructor(source: StreamSource<StreamInput<T>>, limit: number) {
    super(source);
    this.limit = limit;
    this.pool = new SourcePool();
    this.ended = false;
    this.starved = false;
    this.teardown = null;
  }

  override pollNext(cx: Context): Poll<T | End> {
    const { pool } = this;
    if (this.starved) {
      this.starved = false;
      const poll = pool.pollNext(cx);
      if (poll !== Pending && poll !== End) return poll;
    }
    for (;;) {
      while (!this.ended && pool.size < this.limit) {
        const poll = this.source.pollNext(cx);
        if (poll === Pending) break;
        if (poll === End) this.ended = true;
        else pool.push(toSource(poll, "flattenUnordered"));
      }
      const { size } = pool;
      this.starved = cx.runtime.budget <= 0;
      const poll = pool.pollNext(cx);
      if (poll !== Pending && poll !== End) return poll;
      // Some have ended, and made room for others.
      if (!this.ended && pool.size < size && size === this.limit) continue;
      return poll === End && !this.ended ? Pending : poll;
    }
  }

  override cancelNext(): void {
    this.pool.cancelNext();
    super.cancelNext();
  }

  override cancel(cx: Context): Poll<void> {
    this.teardown ??= new Teardown([this.pool, this.source]);
    return this.teardown.cancel(cx);
  }

  /** One that ends, or that comes, may be enough: whoever has what it wants gives the others up. */
  override inspectNext(): Inspection {
    const takes = !this.ended && this.pool.size < this.limit;
    const futures = this.pool.polled();
    return { op: "flattenUnordered", futures: takes ? [["", this.source], ...futures] : futures, any: true };
  }
}
