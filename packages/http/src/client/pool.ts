import { type Context, Pending, type Poll, type RuntimeHandle, type Waker } from "pollux";
import { HttpError } from "../http-error.ts";

/** What a pool keeps: a connection. */
export interface Pooled<C> {
  /** The pool's entry of where it leads. */
  readonly place: Place<C>;
  /** Whose reactor it belongs to: it is of no use to tasks of another runtime. */
  readonly runtime: RuntimeHandle;
  /** When it became idle, in ms of the runtime's clock. Set by the pool. */
  idleSince: number;
  /** Whether a request may be sent on it now. */
  isUsable(now: number): boolean;
  close(): void;
}

/** The permission to open a connection. */
export const Open: unique symbol = Symbol("Open");
export type Open = typeof Open;

export interface PoolLimits {
  readonly perOrigin: number;
  readonly total: number;
  /** How many may wait. */
  readonly queue: number;
}

/** The connections to one origin, and who waits for one. */
export class Place<C> {
  readonly key: string;
  /** The one that became idle last is at the end, and is taken first: the others can age. */
  readonly idle: C[];
  /** Idle, in use, and being opened. */
  count: number;
  /** The queue of those that wait, the oldest first. */
  first: PoolWaiter<C> | null;
  last: PoolWaiter<C> | null;

  constructor(key: string) {
    this.key = key;
    this.idle = [];
    this.count = 0;
    this.first = null;
    this.last = null;
  }
}

/** Waits for a connection, or for the permission to open one. */
export class PoolWaiter<C> {
  readonly place: Place<C>;
  readonly runtime: RuntimeHandle;
  /** Its place in the order of all that wait. */
  readonly ticket: number;
  before: PoolWaiter<C> | null;
  after: PoolWaiter<C> | null;
  granted: C | Open | null;
  waker: Waker | null;

  constructor(place: Place<C>, runtime: RuntimeHandle, ticket: number) {
    this.place = place;
    this.runtime = runtime;
    this.ticket = ticket;
    this.before = null;
    this.after = null;
    this.granted = null;
    this.waker = null;
  }

  poll(cx: Context): Poll<C | Open> {
    if (this.granted !== null) return this.granted;
    this.waker = cx.waker;
    return Pending;
  }
}

/**
 * Connections that are kept, and the places for new ones: at most so many an origin, and so many in all. Who finds none
 * waits, and whatever becomes free goes to the one that has waited longest of those that it is of use to.
 *
 * Invariants: `total` is the sum of all `count`s, and within the limit; each `count` is within its limit; nobody waits that
 * could be served; a place with nothing in it is forgotten.
 */
export class Pool<C extends Pooled<C>> {
  private readonly limits: PoolLimits;
  private readonly places: Map<string, Place<C>>;
  /** Those in which somebody waits. */
  private readonly waitedFor: Set<Place<C>>;
  private tickets: number;
  /** How many wait. */
  waiting: number;
  /** Connections: idle, in use, and being opened. */
  total: number;
  idle: number;
  private isClosed: boolean;

  constructor(limits: PoolLimits) {
    this.limits = limits;
    this.places = new Map();
    this.waitedFor = new Set();
    this.tickets = 0;
    this.waiting = 0;
    this.total = 0;
    this.idle = 0;
    this.isClosed = false;
  }

  /** The entry of an origin: kept while there is something in it. */
  place(key: string): Place<C> {
    return this.places.get(key) ?? new Place(key);
  }

  /** An idle connection, or the permission to open one, or `null`: then one has to {@link wait}. */
  take(place: Place<C>, runtime: RuntimeHandle, now: number): C | Open | null {
    if (place.first !== null) return null;
    let found: C | Open | null = null;
    let isFreed = false;
    for (let at = place.idle.length - 1; at >= 0 && found === null; at--) {
      const connection = place.idle[at] as C; // It is below the length.
      if (connection.runtime !== runtime) continue;
      this.unidle(place, at);
      if (connection.isUsable(now)) found = connection;
      else {
        this.forget(connection);
        isFreed = true;
      }
    }
    found ??= this.tryOpen(place);
    if (isFreed) this.serve(place);
    return found;
  }

  private tryOpen(place: Place<C>): Open | null {
    const { limits } = this;
    if (place.count >= limits.perOrigin) {
      // Those that are idle, if any, are of no use to this runtime.
      if (place.idle.length === 0) return null;
      this.close(place, 0);
    } else if (this.total >= limits.total && !this.closeOldest()) {
      return null;
    }
    place.count++;
    this.total++;
    // It may have been forgotten, when what was in it was closed.
    this.places.set(place.key, place);
    return Open;
  }

  /** Makes room for one connection by closing the one that has been idle for longest. */
  private closeOldest(): boolean {
    let oldest: Place<C> | null = null;
    let since = Number.POSITIVE_INFINITY;
    if (this.idle === 0) return false;
    for (const place of this.places.values()) {
      const [first] = place.idle;
      if (first === undefined || first.idleSince >= since) continue;
      oldest = place;
      since = first.idleSince;
    }
    if (oldest === null) return false;
    this.close(oldest, 0);
    return true;
  }

  private close(place: Place<C>, at: number): void {
    this.forget(this.unidle(place, at));
  }

  private unidle(place: Place<C>, at: number): C {
    this.idle--;
    // Most take the last one.
    if (at === place.idle.length - 1) return place.idle.pop() as C; // It is below the length.
    return place.idle.splice(at, 1)[0] as C; // As above.
  }

  /** Closes a connection that is not idle. */
  private forget(connection: C): void {
    connection.close();
    this.leave(connection.place);
  }

  private leave(place: Place<C>): void {
    place.count--;
    this.total--;
    if (place.count === 0 && place.first === null) this.places.delete(place.key);
  }

  /**
   * Joins the queue.
   *
   * @throws HttpError if it is full
   */
  wait(place: Place<C>, runtime: RuntimeHandle): PoolWaiter<C> {
    if (this.waiting >= this.limits.queue) {
      throw new HttpError(503, "HTTP_QUEUE_FULL", `${this.waiting} requests wait for a connection already`);
    }
    const waiter = new PoolWaiter(place, runtime, this.tickets++);
    waiter.before = place.last;
    if (place.last === null) place.first = waiter;
    else place.last.after = waiter;
    place.last = waiter;
    this.places.set(place.key, place);
    this.waitedFor.add(place);
    this.waiting++;
    return waiter;
  }

  /** Gives up waiting: what it was granted meanwhile goes to the next one. */
  giveUp(waiter: PoolWaiter<C>, now: number): void {
    const { granted, place } = waiter;
    if (granted === null) {
      this.unqueue(waiter);
      if (place.count === 0 && place.first === null) this.places.delete(place.key);
    } else if (granted === Open) {
      this.drop(place);
    } else {
      this.giveBack(granted, now);
    }
  }

  private unqueue(waiter: PoolWaiter<C>): void {
    const { before, after, place } = waiter;
    if (before === null) place.first = after;
    else before.after = after;
    if (after === null) place.last = before;
    else after.before = before;
    waiter.before = null;
    waiter.after = null;
    this.waiting--;
    if (place.first === null) this.waitedFor.delete(place);
  }

  /** The connection is idle. */
  giveBack(connection: C, now: number): void {
    const { place } = connection;
    if (this.isClosed) {
      connection.close();
      this.drop(place);
      return;
    }
    connection.idleSince = now;
    place.idle.push(connection);
    this.idle++;
    if (this.waiting > 0) this.serve(place);
  }

  /** A connection that was in use has been closed, or could not be opened. */
  drop(place: Place<C>): void {
    this.leave(place);
    if (this.waiting > 0) this.serve(place);
  }

  /** Grants what can be granted, after something has become free in a place. */
  private serve(place: Place<C>): void {
    for (;;) {
      const waiter = this.nextToServe(place);
      if (waiter === null) return;
      this.unqueue(waiter);
      waiter.granted = this.idleOf(waiter) ?? this.tryOpen(waiter.place);
      waiter.waker?.wake();
    }
  }

  /** The oldest of those that can be served. */
  private nextToServe(place: Place<C>): PoolWaiter<C> | null {
    // Only the limit in all makes one origin wait for what another has.
    if (this.limits.total === Number.POSITIVE_INFINITY) return this.canServe(place) ? place.first : null;
    let oldest: PoolWaiter<C> | null = null;
    for (const each of this.waitedFor) {
      const { first } = each;
      if (first === null || (oldest !== null && first.ticket > oldest.ticket)) continue;
      if (this.canServe(each)) oldest = first;
    }
    return oldest;
  }

  private canServe(place: Place<C>): boolean {
    if (place.first === null) return false;
    if (place.idle.length > 0) return true;
    return place.count < this.limits.perOrigin && (this.total < this.limits.total || this.idle > 0);
  }

  private idleOf({ place, runtime }: PoolWaiter<C>): C | null {
    for (let at = place.idle.length - 1; at >= 0; at--) {
      if (place.idle[at]?.runtime === runtime) return this.unidle(place, at);
    }
    return null;
  }

  /** Closes idle connections that are too old, or that the other side has ended. */
  sweep(): void {
    for (const place of [...this.places.values()]) {
      for (let at = place.idle.length - 1; at >= 0; at--) {
        const connection = place.idle[at] as C; // It is below the length.
        if (!connection.isUsable(connection.runtime.timers.now())) this.close(place, at);
      }
      if (this.waiting > 0) this.serve(place);
    }
  }

  /** Closes what is idle, and from now on whatever comes back. */
  end(): void {
    this.isClosed = true;
    for (const place of [...this.places.values()]) {
      while (place.idle.length > 0) this.close(place, place.idle.length - 1);
      if (this.waiting > 0) this.serve(place);
    }
  }
}
