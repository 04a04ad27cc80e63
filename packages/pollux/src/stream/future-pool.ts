import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Member, Pool } from "./pool.ts";

/** Not polled yet, polled, and the two ends. */
const Idle = 0;
const Begun = 1;
const Fulfilled = 2;
const Rejected = 3;

/** A future in a pool. From `Begun` on it is the owner of that. */
export class FutureMember extends Member {
  readonly future: Future<unknown>;
  private state: number;
  /** Its value or its error. */
  private outcome: unknown;
  /** The next one in the order in which results are wanted, for who wants them in one. */
  follower: FutureMember | null;

  constructor(pool: Pool<Member>, future: Future<unknown>) {
    super(pool);
    this.future = future;
    this.state = Idle;
    this.outcome = undefined;
    this.follower = null;
  }

  /** Says whether it has ended. */
  advance(): boolean {
    const { future } = this;
    try {
      if (this.state === Idle) {
        this.state = Begun;
        future.claim(this);
      }
      const poll = future.poll(this);
      if (poll === Pending) return false;
      this.settle(Fulfilled, poll);
    } catch (error) {
      this.settle(Rejected, error);
    }
    future.release(this);
    return true;
  }

  settle(state: number, outcome: unknown): void {
    this.state = state;
    this.outcome = outcome;
  }

  get hasEnded(): boolean {
    return this.state >= Fulfilled;
  }

  /** A value that it has given; `undefined` too if others hold it. */
  get ownValue(): unknown {
    return this.state === Fulfilled && !this.future.shared ? this.outcome : undefined;
  }

  /** Its value; throws its error. */
  take(): unknown {
    if (this.state === Rejected) throw this.outcome;
    return this.outcome;
  }

  override get polled(): Future<unknown> {
    return this.future;
  }

  override giveUp(): Poll<void> {
    const { future } = this;
    if (this.state === Idle) {
      // One that somebody else awaits is theirs; that it was given here too does not come up any more.
      if (future.shared || future.owner !== null) return undefined;
      future.claim(this);
      this.state = Begun;
    }
    return future.cancel(this);
  }
}

/** Futures that run at the same time, within one task. */
export class FuturePool extends Pool<FutureMember> {
  push(future: Future<unknown>): FutureMember {
    const member = new FutureMember(this as unknown as Pool<Member>, future);
    this.add(member);
    return member;
  }

  /** Advances members, in the pass that was begun, up to the first that ends; `null` if none does. */
  advance(cx: Context): FutureMember | null {
    for (let member = this.take(cx); member !== null; member = this.take(cx)) {
      if (!member.advance()) continue;
      this.remove(member);
      return member;
    }
    return null;
  }
}
