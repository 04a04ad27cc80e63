import type { Context, Waker } from "../core/context.ts";
import { counted } from "../core/counted.ts";
import { ClosedError, LaggedError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { noteMaker } from "../task/origins.ts";
import { type Closed, type HasReceivers, wakeDeserted } from "./closed.ts";

/** The most values that a broadcast channel can keep: positions in it are found with 32-bit operations. */
export const MAX_BROADCAST_CAPACITY = 0x40000000;

/** Where a receiver stands. */
export interface BroadcastCursor {
  /** The position of the value that it receives next; below `tail - capacity` it has missed some. */
  next: number;
  isOpen: boolean;
  /** Its futures among the channel's waiters. */
  waiting: number;
}

/**
 * What the senders and receivers of a broadcast channel share: the last `capacity` values, in a ring. Values have
 * positions, counted from 0 on; the one at `p` stands in slot `p & mask` until the one at `p + capacity` takes it.
 *
 *     receiver, lagging        receiver
 *        v                      v
 *     0  1  2 [ 3  4  5  6  7  8  9  10 ]        tail = 11, capacity = 8
 *
 * Invariants, whenever a waker is called or a method returns:
 * - `wanted[slot]` receivers have still to see the value in it; at 0 the slot holds `undefined`, so that the channel
 *   keeps no value alive that nobody is going to receive.
 * - who waits has received everything, and the channel has senders.
 */
export class BroadcastChannel<T> implements HasReceivers {
  readonly capacity: number;
  readonly mask: number;
  tail = 0;
  receiverCount = 1;
  strongCount = 1;
  weakCount = 0;
  readonly name: string | undefined;
  readonly waiters: LinkedList<BroadcastRecv<T>> = new LinkedList();
  desertionWaiters: LinkedList<Closed> | null = null;
  // Both grow up to the capacity as the first values come: a large capacity that is not used costs nothing.
  private readonly values: (T | undefined)[] = [];
  private readonly wanted: number[] = [];

  /** @param capacity - a power of two */
  constructor(capacity: number, name: string | undefined) {
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.name = name;
    noteMaker(this);
  }

  /** Sends to all receivers there are, and gives their number. */
  send(value: T): number {
    const count = this.receiverCount;
    if (count === 0) return 0;
    const slot = this.tail & this.mask;
    this.values[slot] = value;
    this.wanted[slot] = count;
    this.tail++;
    this.wakeReceivers();
    return count;
  }

  /**
   * The next value for a receiver; `Pending` when it has received all, whatever may come.
   *
   * @throws LaggedError if it has missed values; it then stands at the oldest that is kept
   * @throws ClosedError if there is none and there are no senders, or the receiver is closed
   */
  receive(cursor: BroadcastCursor): Poll<T> {
    if (!cursor.isOpen) throw new ClosedError(`this receiver of ${this.describe()}`);
    const oldest = this.tail - this.capacity;
    if (cursor.next < oldest) {
      const missed = oldest - cursor.next;
      cursor.next = oldest;
      throw new LaggedError(missed);
    }
    if (cursor.next === this.tail) {
      if (this.strongCount === 0) throw this.closedError();
      return Pending;
    }
    const slot = cursor.next & this.mask;
    cursor.next++;
    const value = this.values[slot];
    this.seen(slot);
    // What is between oldest and tail and was wanted by this receiver is there, be it `undefined` itself.
    return value as T;
  }

  private seen(slot: number): void {
    // The slot exists: a value stands in it.
    const wanted = (this.wanted[slot] as number) - 1;
    this.wanted[slot] = wanted;
    if (wanted === 0) this.values[slot] = undefined;
  }

  /** Adds a receiver for what is sent from now on. */
  subscribe(): number {
    this.receiverCount++;
    return this.tail;
  }

  unsubscribe(cursor: BroadcastCursor): void {
    if (!cursor.isOpen) return;
    cursor.isOpen = false;
    this.receiverCount--;
    for (let at = Math.max(cursor.next, this.tail - this.capacity); at < this.tail; at++)
      this.seen(at & this.mask);
    if (cursor.waiting > 0) this.wakeReceivers(cursor);
    if (this.receiverCount === 0) wakeDeserted(this);
  }

  dropSender(): void {
    if (--this.strongCount === 0) this.wakeReceivers();
  }

  get isDeserted(): boolean {
    return this.receiverCount === 0;
  }

  /** Values that are kept and that a receiver has still to see. Those behind the oldest of them are wanted as well. */
  get len(): number {
    let low = Math.max(0, this.tail - this.capacity);
    let high = this.tail;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.wanted[middle & this.mask] === 0) low = middle + 1;
      else high = middle;
    }
    return this.tail - low;
  }

  /** Wakes all who wait, or those of one receiver. A waker may have some of them wait anew: those are left. */
  private wakeReceivers(of?: BroadcastCursor): void {
    if (this.waiters.first === null) return;
    const waiters = this.waiters.takeAll();
    for (let waiter = waiters.shift(); waiter !== null; waiter = waiters.shift()) {
      if (of === undefined || waiter.cursor === of) waiter.wake();
      else this.waiters.pushBack(waiter);
    }
  }

  get target(): InspectionTarget {
    return { kind: "broadcast channel", name: this.name, key: this };
  }

  describe(): string {
    return this.name === undefined
      ? "the broadcast channel"
      : `the broadcast channel ${JSON.stringify(this.name)}`;
  }

  closedError(): ClosedError {
    return new ClosedError(this.describe());
  }
}

/** Waits for the next value of one receiver. */
export class BroadcastRecv<T> extends Future<T> implements Linked<BroadcastRecv<T>> {
  private readonly channel: BroadcastChannel<T>;
  readonly cursor: BroadcastCursor;
  private isDone = false;
  private waker: Waker | null = null;
  before: BroadcastRecv<T> | null = null;
  after: BroadcastRecv<T> | null = null;
  list: LinkedList<BroadcastRecv<T>> | null = null;

  constructor(channel: BroadcastChannel<T>, cursor: BroadcastCursor) {
    super();
    this.channel = channel;
    this.cursor = cursor;
  }

  override poll(cx: Context): Poll<T> {
    if (this.isDone) throw new PollAfterCompletionError("this `recv`");
    if (!cx.takeBudget()) return Pending;
    let poll: Poll<T>;
    try {
      poll = this.channel.receive(this.cursor);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll !== Pending) {
      this.cancel();
      return poll;
    }
    cx.refundBudget();
    this.waker = cx.waker;
    if (this.list === null) {
      this.channel.waiters.pushBack(this);
      this.cursor.waiting++;
    }
    return Pending;
  }

  override cancel(): Poll<void> {
    this.isDone = true;
    this.waker = null;
    if (this.list?.remove(this) === true) this.cursor.waiting--;
  }

  override inspect(): Inspection {
    return {
      op: "receive from",
      target: this.channel.target,
      state: `nothing new, ${counted(this.channel.strongCount, "sender")} open`,
    };
  }

  /** Called when the channel has taken this out of its waiters. */
  wake(): void {
    const waker = this.waker;
    this.cursor.waiting--;
    this.waker = null;
    waker?.wake();
  }
}
