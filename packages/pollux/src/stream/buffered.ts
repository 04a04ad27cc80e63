import { failed } from "../combine/ready.ts";
import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";
import { requireBody } from "./body.ts";
import { OrderedPool } from "./ordered-pool.ts";
import { Teardown } from "./teardown.ts";

/** What the futures of a stream give, in its order, some of them running at a time. */
export class Buffered<U> extends Adapter<unknown, U> {
  private readonly limit: number;
  private readonly pool: OrderedPool;
  private ended: boolean;
  /** The source has spent all budget of the last poll: this time the futures come first. */
  private starved: boolean;
  private teardown: Teardown | null;

  constructor(source: StreamSource<unknown>, limit: number) {
    super(source);
    this.limit = limit;
    this.pool = new OrderedPool();
    this.ended = false;
    this.starved = false;
    this.teardown = null;
  }

  override pollNext(cx: Context): Poll<U | End> {
    if (this.starved) {
      const poll = this.advance(cx);
      if (poll !== Pending && poll !== End) return poll;
    }
    while (!this.ended && this.pool.size < this.limit) {
      let poll: Poll<unknown>;
      try {
        poll = this.source.pollNext(cx);
        if (poll === Pending) break;
        if (poll === End) this.ended = true;
        else this.pool.pushBack(requireBody(poll, "buffered"));
      } catch (error) {
        // Has its turn after what came before it. The source is asked again in a poll of its own: it may fail each time.
        this.pool.pushBack(failed(error));
        cx.wake();
        break;
      }
    }
    const poll = this.advance(cx);
    return poll === End && !this.ended ? Pending : poll;
  }

  private advance(cx: Context): Poll<U | End> {
    this.starved = cx.runtime.budget <= 0;
    // The type of `Stream.buffered` says what the futures give.
    return this.pool.pollNext(cx) as Poll<U | End>;
  }

  override cancel(cx: Context): Poll<void> {
    this.teardown ??= new Teardown([this.pool, this.source]);
    return this.teardown.cancel(cx);
  }

  /** One that ends, or that comes, may be enough: whoever has what it wants gives the others up. */
  override inspectNext(): Inspection {
    const takes = !this.ended && this.pool.size < this.limit;
    const futures = this.pool.polled();
    return { op: "buffered", futures: takes ? [["", this.source], ...futures] : futures, any: true };
  }
}
