import { futureOf } from "../combine/single.ts";
import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";
import { requireBody } from "./body.ts";
import { FuturePool } from "./future-pool.ts";
import { Teardown } from "./teardown.ts";

/** What the futures of a stream give, in the order in which it is there, some of them running at a time. */
export class BufferUnordered<U> extends Adapter<unknown, U> {
  private readonly limit: number;
  private readonly who: string;
  /** Whether a value that is no future is passed on. */
  private readonly plain: boolean;
  private readonly pool: FuturePool;
  private ended: boolean;
  /** The source has spent all budget of the last poll: this time the futures come first. */
  private starved: boolean;
  private teardown: Teardown | null;

  constructor(source: StreamSource<unknown>, limit: number, who: string, plain: boolean) {
    super(source);
    this.limit = limit;
    this.who = who;
    this.plain = plain;
    this.pool = new FuturePool();
    this.ended = false;
    this.starved = false;
    this.teardown = null;
  }

  override pollNext(cx: Context): Poll<U | End> {
    const { pool } = this;
    if (this.starved) {
      const poll = this.advance(cx);
      if (poll !== Pending) return poll;
    }
    while (!this.ended && pool.size < this.limit) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending) break;
      if (poll === End) this.ended = true;
      else if (this.plain && !(poll instanceof Promise) && futureOf(poll, this.who) === null)
        return poll as U;
      else pool.push(requireBody(poll, this.who));
    }
    if (pool.size === 0) return this.ended ? End : Pending;
    return this.advance(cx);
  }

  private advance(cx: Context): Poll<U> {
    this.starved = cx.runtime.budget <= 0;
    this.pool.beginPass(cx);
    const member = this.pool.advance(cx);
    // The type of `Stream.bufferUnordered` says what the futures give.
    return member === null ? Pending : (member.take() as U);
  }

  override cancel(cx: Context): Poll<void> {
    this.teardown ??= new Teardown([this.pool, this.source]);
    return this.teardown.cancel(cx);
  }

  /** One that ends, or that comes, may be enough: whoever has what it wants gives the others up. */
  override inspectNext(): Inspection {
    const takes = !this.ended && this.pool.size < this.limit;
    const futures = this.pool.polled();
    return { op: this.who, futures: takes ? [["", this.source], ...futures] : futures, any: true };
  }
}
