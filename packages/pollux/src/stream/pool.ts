import { collect } from "../core/collect.ts";
import { Context, type RuntimeHandle } from "../core/context.ts";
import { CleanupError } from "../core/errors.ts";
import type { Polled } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";

/**
 * One of several that a stream polls: a future, or another stream; and the context that it is polled with.
 *
 * Invariants; only the pool writes the fields:
 * - `queued` is set exactly while the member stands in the pool's ready queue.
 * - `list` is `null` once it has left the pool: a wake does nothing any more, and it stands in no queue.
 */
export abstract class Member extends Context implements Linked<Member> {
  /** Of the pool's most recent poll. */
  declare runtime: RuntimeHandle;
  readonly pool: Pool<Member>;
  before: Member | null;
  after: Member | null;
  list: LinkedList<Member> | null;
  /** The next one in the ready queue. */
  link: Member | null;
  /** The one before it there. */
  backLink: Member | null;
  queued: boolean;

  constructor(pool: Pool<Member>) {
    super();
    this.pool = pool;
    this.before = null;
    this.after = null;
    this.list = null;
    this.link = null;
    this.backLink = null;
    this.queued = false;
  }

  /** What it stands for. */
  abstract readonly polled: Polled;

  /** Cancels what the member stands for. */
  abstract giveUp(): Poll<void>;

  /** Who has polled it: a dump goes on from there to its task. */
  get parent(): Context | null {
    return this.pool.cx;
  }

  override wake(): void {
    if (!this.queued && this.list !== null) this.pool.woken(this);
  }

  get isOver(): boolean {
    return this.list === null;
  }

  override get task(): Context {
    return this.pool.cx?.task ?? this;
  }
}

/**
 * Members that come and go while they are polled. Only those that were woken are, each once in a pass, in the order of
 * their wakes; a pass ends when the budget is spent, and the next one goes on with the member after.
 *
 * (`Parent` of the combinators does the same for children that are all there at the start, and never leave.)
 *
 * Invariants:
 * - `head` to `tail`, by `link`, are the members that are to be polled; up to `passEnd` those of the pass under way.
 * - a member that is woken wakes the poller, once until the next pass. One that is queued otherwise was added or has given
 *   something in the last poll, which gave a value: whoever polled asks again.
 */
export class Pool<M extends Member> {
  /** Of the most recent pass: where a wake goes. */
  cx: Context | null;
  readonly members: LinkedList<Member>;
  private head: Member | null;
  private tail: Member | null;
  private passEnd: Member | null;
  private notified: boolean;
  private cancelling: boolean;
  private errors: unknown[] | null;

  constructor() {
    this.cx = null;
    this.members = new LinkedList();
    this.head = null;
    this.tail = null;
    this.passEnd = null;
    this.notified = false;
    this.cancelling = false;
    this.errors = null;
  }

  get size(): number {
    return this.members.size;
  }

  /** For dumps: what the members stand for. */
  polled(nameOf: (member: M) => string = () => ""): [name: string, polled: Polled][] {
    // All members were added as this kind.
    return Array.from(this.members, (member) => [nameOf(member as M), member.polled]);
  }

  /** Called with the end: nobody waits any more. */
  forgetPoller(): void {
    this.cx = null;
  }

  /** Takes a member in, to be polled in the next pass. Outside of a poll, `wakePoller` has to follow. */
  add(member: M): void {
    this.members.pushBack(member);
    this.enqueue(member);
  }

  /** Has a member polled again, in the next pass: it has given something, and may have more. */
  again(member: M): void {
    if (!member.queued) this.enqueue(member);
  }

  /** Called by a member that was woken and is not queued. */
  woken(member: Member): void {
    this.enqueue(member);
    this.wakePoller();
  }

  private enqueue(member: Member): void {
    member.queued = true;
    member.backLink = this.tail;
    if (this.tail === null) this.head = member;
    else this.tail.link = member;
    this.tail = member;
  }

  private dequeue(member: Member): void {
    const { link, backLink } = member;
    // All that stand before the end of a pass are of that pass.
    if (member === this.passEnd) this.passEnd = backLink;
    if (backLink === null) this.head = link;
    else backLink.link = link;
    if (link === null) this.tail = backLink;
    else link.backLink = backLink;
    member.link = null;
    member.backLink = null;
    member.queued = false;
  }

  /** Has the poller look again. */
  wakePoller(): void {
    if (this.notified) return;
    this.notified = true;
    this.cx?.wake();
  }

  /** A poll has come: wakes go to its context, and the members that have been woken by now have their turn. */
  beginPass(cx: Context): void {
    this.cx = cx;
    this.notified = false;
    this.passEnd = this.tail;
  }

  /** The next member that is to be polled in this pass; `null` if there is none, or no budget left. */
  take(cx: Context): M | null {
    if (this.passEnd === null) return null;
    const { runtime } = cx;
    if (runtime.budget <= 0) {
      this.wakePoller();
      return null;
    }
    // Not empty: the end of the pass is still in the queue.
    const member = this.head as Member;
    this.dequeue(member);
    if (member.runtime !== runtime) member.runtime = runtime;
    // All members were added as this kind.
    return member as M;
  }

  /** The member is done with. The poller is not told: it may be the one who does it. */
  remove(member: M): void {
    this.members.remove(member);
    if (member.queued) this.dequeue(member);
  }

  /** Cancels all members at the same time. When it has ended, the pool is empty and can be filled again. */
  cancel(cx: Context): Poll<void> {
    if (!this.cancelling) {
      this.cancelling = true;
      for (const member of this.members) if (!member.queued) this.enqueue(member);
    }
    this.beginPass(cx);
    for (let member = this.take(cx); member !== null; member = this.take(cx)) {
      try {
        if (member.giveUp() === Pending) continue;
      } catch (error) {
        this.errors = collect(this.errors, error, cx.cancelReason);
      }
      this.remove(member);
    }
    if (this.members.size > 0) return Pending;
    const { errors } = this;
    this.cancelling = false;
    this.errors = null;
    this.forgetPoller();
    if (errors !== null) throw new CleanupError(cx.cancelReason, errors);
    return undefined;
  }
}
