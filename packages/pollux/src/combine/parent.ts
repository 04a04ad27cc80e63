import type { Context, RuntimeHandle } from "../core/context.ts";
import { describe } from "../core/errors.ts";
import { Future, isFuture } from "../core/future.ts";
import { Begun, Child, Fulfilled } from "./child.ts";
import { requireFuture } from "./require-future.ts";

/**
 * A future made of several: owns them as its children, and knows which of them have been woken.
 *
 * Only a child that was woken is polled, and at most once in a poll of the parent, so that n children that each wait
 * once cost O(n) polls. When the coop budget is spent, the parent wakes itself and goes on with the next child in its
 * next poll: none is passed over, however much the others before it spend.
 *
 * Invariants:
 * - `head` to `tail`, by `link`, are the children that are to be polled; up to `passEnd` those that the budget has
 *   cut off in the last poll.
 * - `left` counts the children that have not ended.
 * - outside of a poll, if a child is queued, `notified` is set: the poller has been woken since its poll.
 */
export abstract class Parent<T> extends Future<T> {
  /** Of the most recent poll: where a wake goes. `null` before the first and after the end. */
  cx: Context | null;
  /** The children in the order in which they were given, by `sibling`. */
  protected first: Child | null;
  private head: Child | null;
  private tail: Child | null;
  private passEnd: Child | null;
  private notified: boolean;
  /** Whether woken children are polled in the order in which they were given, and not in that of their wakes. */
  protected biased: boolean;
  protected count: number;
  protected left: number;

  constructor() {
    super();
    this.cx = null;
    this.first = null;
    this.head = null;
    this.tail = null;
    this.passEnd = null;
    this.notified = false;
    this.biased = false;
    this.count = 0;
    this.left = 0;
  }

  /** Takes a future in, before the first poll: until then all children are queued, in order. */
  protected add(future: Future<unknown>, key: string): void {
    const child = new Child(this, future, this.count++, key);
    const last = this.tail;
    if (last === null) {
      this.first = child;
      this.head = child;
    } else {
      last.sibling = child;
      last.link = child;
    }
    this.tail = child;
    this.left++;
  }

  /** Takes in each future of a list; `what` names the combinator in errors. */
  protected addAll(futures: Iterable<Future<unknown>>, what: string): void {
    if (typeof futures?.[Symbol.iterator] !== "function" || isFuture(futures)) {
      throw new TypeError(`${what} needs a list of futures, not ${describe(futures)}`);
    }
    for (const future of futures) this.add(requireFuture(future, what, this.count), "");
  }

  /** Takes in a future that has begun, and is not to be polled unless it is woken. */
  protected adopt(future: Future<unknown>): Child {
    const child = new Child(this, future, this.count++, "");
    child.queued = false;
    child.state = Begun;
    child.sibling = this.first;
    this.first = child;
    this.left++;
    return child;
  }

  /** Has the first poll begin with the child at `index`, and go round. */
  protected rotate(index: number): void {
    const { head, tail } = this;
    let before = head;
    for (let n = 1; n < index; n++) before = before?.link ?? null;
    const start = before?.link ?? null;
    if (index === 0 || before === null || start === null || tail === null) return;
    tail.link = head;
    before.link = null;
    this.head = start;
    this.tail = before;
  }

  /**
   * Polls a child, or drives its cleanup.
   *
   * @returns `true` to stop, the queue having been emptied
   */
  protected abstract advance(child: Child): boolean;

  /** A poll has come: from now on wakes go to its context. */
  protected polledWith(cx: Context): void {
    this.cx = cx;
    this.notified = false;
  }

  /** Advances the children that have been woken by now; those that are woken meanwhile have their turn in the next poll. */
  protected advanceWoken(runtime: RuntimeHandle): void {
    const end = this.tail;
    this.passEnd = end;
    if (end === null) return;
    let child: Child;
    do {
      if (runtime.budget <= 0) {
        this.wakePoller();
        return;
      }
      // Not empty: `end` is still in the queue.
      child = this.head as Child;
      this.head = child.link;
      if (child.link === null) this.tail = null;
      else child.link = null;
      child.queued = false;
      if (child === end) this.passEnd = null;
      if (child.runtime !== runtime) child.runtime = runtime;
      if (this.advance(child)) return;
    } while (child !== end);
  }

  /** Called by a child that was woken and is not queued. */
  woken(child: Child): void {
    const { tail } = this;
    child.queued = true;
    if (tail === null) {
      this.head = child;
      this.tail = child;
    } else if (this.biased && tail !== this.passEnd && tail.index > child.index) {
      this.insert(child);
    } else {
      tail.link = child;
      this.tail = child;
    }
    this.wakePoller();
  }

  /** Queues a child before those that were given after it, yet behind those that the budget has cut off. */
  private insert(child: Child): void {
    let before = this.passEnd;
    let after = before === null ? this.head : before.link;
    while (after !== null && after.index < child.index) {
      before = after;
      after = after.link;
    }
    child.link = after;
    if (before === null) this.head = child;
    else before.link = child;
  }

  protected wakePoller(): void {
    if (this.notified) return;
    this.notified = true;
    this.cx?.wake();
  }

  /** Forgets which children were woken. */
  protected emptyQueue(): void {
    let child = this.head;
    while (child !== null) {
      const { link }: Child = child;
      child.queued = false;
      child.link = null;
      child = link;
    }
    this.head = null;
    this.tail = null;
    this.passEnd = null;
  }

  /** The children that have not ended, for {@link Future.inspect}. */
  protected unfinished(): [name: string, future: Future<unknown>][] {
    const list: [string, Future<unknown>][] = [];
    for (let child = this.first; child !== null; child = child.sibling)
      if (child.state < Fulfilled) list.push([child.key, child.future]);
    return list;
  }

  /** Lets go of everything: whoever still has a child's waker keeps no more than that child and this object. */
  protected letGo(keepChildren: boolean): void {
    this.cx = null;
    if (!keepChildren) this.first = null;
    this.head = null;
    this.tail = null;
    this.passEnd = null;
    this.left = 0;
  }
}
