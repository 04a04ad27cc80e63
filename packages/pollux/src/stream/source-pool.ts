import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Member, Pool } from "./pool.ts";

/** A stream in a pool. */
export class SourceMember<T> extends Member {
  readonly source: StreamSource<T>;
  readonly key: unknown;

  constructor(pool: Pool<Member>, source: StreamSource<T>, key: unknown) {
    super(pool);
    this.source = source;
    this.key = key;
  }

  override get polled(): StreamSource<T> {
    return this.source;
  }

  override giveUp(): Poll<void> {
    return this.source.cancel(this);
  }
}

/** Streams that are polled at the same time. One that has given a value is asked again when the others were. */
export class SourcePool<T> extends Pool<SourceMember<T>> {
  /** Whose value, error or end was given last. */
  given: SourceMember<T> | null;

  constructor() {
    super();
    this.given = null;
  }

  push(source: StreamSource<T>, key?: unknown): SourceMember<T> {
    const member = new SourceMember(this as unknown as Pool<Member>, source, key);
    this.add(member);
    return member;
  }

  /** A value of one of them. `End` is that of all; `ended` is told of each. */
  pollNext(cx: Context, ended?: (key: unknown) => void): Poll<T | End> {
    this.beginPass(cx);
    for (let member = this.take(cx); member !== null; member = this.take(cx)) {
      let poll: Poll<T | End>;
      try {
        poll = member.source.pollNext(member);
      } catch (error) {
        this.again(member);
        throw error;
      }
      if (poll === Pending) continue;
      if (poll !== End) {
        this.again(member);
        this.given = member;
        return poll;
      }
      this.remove(member);
      ended?.(member.key);
    }
    if (this.members.size > 0) return Pending;
    this.forgetPoller();
    return End;
  }

  /** None of them waits any more; each is asked again in the next pass, as none will be woken. */
  cancelNext(): void {
    this.forgetPoller();
    for (const member of this.members) {
      // Only members of this kind are added.
      const { source } = member as SourceMember<T>;
      if (source.cancelNext === undefined) continue;
      source.cancelNext();
      this.again(member as SourceMember<T>);
    }
  }
}
