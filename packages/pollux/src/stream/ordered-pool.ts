import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Polled } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { type FutureMember, FuturePool } from "./future-pool.ts";
import { disposalsOf, Teardown } from "./teardown.ts";

/** Futures that run at the same time, and whose outcomes are given in an order that was set before. */
export class OrderedPool implements Cancellable {
  private readonly pool: FuturePool;
  /** In order, by `follower`; what has ended stays until its turn. */
  private first: FutureMember | null;
  private last: FutureMember | null;
  /** Futures that have not given their outcome yet. */
  size: number;
  private teardown: Cancellable | null;

  constructor() {
    this.pool = new FuturePool();
    this.first = null;
    this.last = null;
    this.size = 0;
    this.teardown = null;
  }

  pushBack(future: Future<unknown>): void {
    const member = this.pool.push(future);
    if (this.last === null) this.first = member;
    else this.last.follower = member;
    this.last = member;
    this.size++;
  }

  pushFront(future: Future<unknown>): void {
    const member = this.pool.push(future);
    member.follower = this.first;
    this.first = member;
    if (this.last === null) this.last = member;
    this.size++;
  }

  /** For dumps: the futures that have not ended. */
  polled(): [name: string, polled: Polled][] {
    return this.pool.polled();
  }

  /** To follow a push that comes outside of a poll. */
  wakePoller(): void {
    this.pool.wakePoller();
  }

  /** The outcome of the first in order. */
  pollNext(cx: Context): Poll<unknown> {
    this.pool.beginPass(cx);
    for (;;) {
      const { first } = this;
      if (first === null) {
        this.pool.forgetPoller();
        return End;
      }
      if (first.hasEnded) {
        this.first = first.follower;
        if (this.first === null) this.last = null;
        this.size--;
        return first.take();
      }
      if (this.pool.advance(cx) === null) return Pending;
    }
  }

  /** Cancels those that run, and disposes of what the others have given. It can be filled again after that. */
  cancel(cx: Context): Poll<void> {
    if (this.teardown === null) {
      const values: unknown[] = [];
      for (let at = this.first; at !== null; at = at.follower) values.push(at.ownValue);
      this.first = null;
      this.last = null;
      this.size = 0;
      this.teardown = new Teardown([this.pool, ...disposalsOf(values)], true);
    }
    try {
      if (this.teardown.cancel(cx) === Pending) return Pending;
    } catch (error) {
      this.teardown = null;
      throw error;
    }
    this.teardown = null;
    return undefined;
  }
}
