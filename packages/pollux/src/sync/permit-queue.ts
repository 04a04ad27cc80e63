import { ambient } from "../core/ambient.ts";
import type { Context, Waker } from "../core/context.ts";
import { ClosedError, PollAfterCompletionError } from "../core/errors.ts";
import { admit, Future, pendingOn, type Suspend, suspendOn } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { noteMaker } from "../task/origins.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const current = ambient;

/** The most permits there can be: with those on loan added, the count stays a small integer in V8. */
export const MAX_PERMITS = 0x3fffffff;

/** Who takes permits, for dumps: the coroutine, since one task may run many at a time; else the context. */
type Holder = Context | Future<unknown>;

function holderIn(cx: Context): Holder {
  return cx.resumed === null ? cx : cx.resumed;
}

/**
 * A number of permits and a queue of those who wait for some, strictly first come, first served. Semaphore, Mutex,
 * RwLock and OnceCell are made of it.
 *
 * A waiter is served in the moment its permits are there, not when it is polled next: nobody can come in between, and
 * however many wait, to release is O(1) for each waiter that is served.
 *
 * Invariants, whenever a waker is called or a method returns:
 * - a waiter that could be served has been: the first one needs more than `available`.
 * - a queue that is closed has no waiters.
 */
export class PermitQueue {
  /** What it is part of, such as `"semaphore"`; with `name`, for errors and dumps. */
  readonly kind: string;
  readonly name: string | undefined;
  /** Permits that nobody has. While somebody waits they are reserved for the first one. */
  available: number;
  closed = false;
  readonly waiters: LinkedList<Acquire<unknown>> = new LinkedList();
  /**
   * For dumps: somebody who has permits, or a waiter that was granted some and has not been polled since. The last to
   * take any, and `null` from when any are given back: so it is never one who has none, and of a lock it is the holder.
   */
  holder: Holder | Acquire<unknown> | null = null;

  constructor(kind: string, name: string | undefined, available: number) {
    this.kind = kind;
    this.name = name;
    this.available = available;
    noteMaker(this);
  }

  /** Takes permits at once, or none: never past those who wait. */
  tryTake(count: number): boolean {
    if (this.available < count || this.waiters.first !== null) return false;
    this.available -= count;
    return true;
  }

  /** As {@link tryTake}, for code that runs now. */
  tryTakeNow(count: number): boolean {
    if (!this.tryTake(count)) return false;
    this.holder = ambient.cx === null ? null : holderIn(ambient.cx);
    return true;
  }

  /** Adds permits, or gives back what was taken. */
  give(count: number): void {
    this.available += count;
    this.holder = null;
    if (this.waiters.first !== null) this.serve();
  }

  /** Refuses everybody who waits, and everybody who comes from now on. What was granted stays granted. */
  close(): void {
    this.closed = true;
    for (let waiter = this.waiters.shift(); waiter !== null; waiter = this.waiters.shift())
      waiter.end(Refused);
  }

  /** Takes a waiter out that has given up; the large share it waited for may have kept smaller ones waiting. */
  leave(waiter: Acquire<unknown>): void {
    const wasFirst = this.waiters.first === waiter;
    this.waiters.remove(waiter);
    if (wasFirst) this.serve();
  }

  /** The first waiter is read anew each time: a waker may give, close, or have a waiter leave. */
  private serve(): void {
    for (;;) {
      const waiter = this.waiters.first;
      if (waiter === null || waiter.count > this.available) return;
      this.waiters.remove(waiter);
      this.available -= waiter.count;
      this.holder = waiter;
      waiter.end(Granted);
    }
  }

  /** For messages: `semaphore`, or `semaphore "connection pool"`. */
  describe(): string {
    return this.name === undefined ? this.kind : `${this.kind} ${JSON.stringify(this.name)}`;
  }
}

/**
 * The life of an acquire: `New`, perhaps `Waiting` (it stands in the queue), then `Granted` (the permits are its own) or
 * `Refused` (the queue was closed), which its next poll tells; `Done` from then on.
 */
const New = 0;
const Waiting = 1;
const Granted = 2;
const Refused = 3;
const Done = 4;

/**
 * Waits for permits; a leaf future that is its own node in the queue. What it resolves to is the subclass's: a permit,
 * or the guard of a lock.
 */
export abstract class Acquire<G> extends Future<G> implements Linked<Acquire<unknown>> {
  protected readonly queue: PermitQueue;
  readonly count: number;
  private state: number = New;
  /** Of the latest poll, also for one that has been granted its permits. */
  private waker: Waker | null = null;
  before: Acquire<unknown> | null = null;
  after: Acquire<unknown> | null = null;
  list: LinkedList<Acquire<unknown>> | null = null;

  constructor(queue: PermitQueue, count: number) {
    super();
    this.queue = queue;
    this.count = count;
  }

  /** What it does, for dumps: `"lock"`. */
  protected abstract get op(): string;

  /** Makes the guard; the permits are the caller's from here on. */
  protected abstract granted(): G;

  /** The queue is closed: throws, or says so with a value. */
  protected refused(): G {
    throw new ClosedError(`the ${this.queue.describe()}`);
  }

  /** As `Future.next`, which says why it is repeated. */
  override next(): IteratorResult<Suspend, G> {
    const cx = current.cx;
    if (cx === null || (this.owner !== null && this.owner !== cx.resumed)) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING) return { done: true, value: poll };
    if (this.owner === null) this.owner = cx.resumed;
    return suspendOn(cx, this);
  }

  /** As `Future.awaitIn`, likewise. */
  override awaitIn(cx: Context): Poll<G> {
    if (this.owner !== null && this.owner !== cx.resumed) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING) return poll;
    if (this.owner === null) this.owner = cx.resumed;
    return pendingOn(cx, this);
  }

  override poll(cx: Context): Poll<G> {
    const state = this.state;
    if (state === Done) throw new PollAfterCompletionError(`this acquire of the ${this.queue.describe()}`);
    if (!cx.takeBudget()) return Pending;
    const queue = this.queue;
    if (state === Granted || (state === New && !queue.closed && queue.tryTake(this.count))) {
      this.state = Done;
      queue.holder = holderIn(cx);
      return this.granted();
    }
    if (queue.closed) {
      this.state = Done;
      return this.refused();
    }
    if (state === New) {
      this.state = Waiting;
      queue.waiters.pushBack(this);
    }
    cx.refundBudget();
    this.waker = cx.waker;
    return Pending;
  }

  /** Leaves the queue; permits that were granted already go to the next in it. */
  override cancel(_cx: Context): Poll<void> {
    const state = this.state;
    this.state = Done;
    this.waker = null;
    if (state === Waiting) this.queue.leave(this);
    else if (state === Granted) this.queue.give(this.count);
  }

  /** The queue has taken this waiter out, for the reason given. */
  end(state: number): void {
    this.state = state;
    // Kept: a dump tells by it who was to be polled.
    (this.waker as Waker).wake();
  }

  override inspect(): Inspection {
    const { holder, kind, name, waiters } = this.queue;
    const state = this.list !== null && waiters.first !== this ? "behind others" : undefined;
    const waits = {
      op: this.op,
      target: { kind, name, key: this.queue },
      ...(state !== undefined && { state }),
    };
    if (holder === null) return waits;
    return holder instanceof Acquire ? { ...waits, granted: [holder.waker] } : { ...waits, tasks: [holder] };
  }
}
