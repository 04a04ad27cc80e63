import type { Context, Waker } from "../core/context.ts";
import { counted } from "../core/counted.ts";
import { ClosedError, FutureInUseError } from "../core/errors.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import { LinkedList } from "../core/list.ts";
import { noteMaker } from "../task/origins.ts";
import { type Closed, type HasReceivers, wakeDeserted } from "./closed.ts";
import type { MpscAcquire } from "./mpsc-acquire.ts";
import { RingBuffer } from "./ring-buffer.ts";
import { disposeAllUndelivered, disposeUndelivered } from "./undelivered.ts";

/** The most places that a channel can have; an unbounded one has as many. A small integer in V8. */
export const MAX_CAPACITY = 0x3fffffff;

/** Who waits for the next value: a future, or the receiver itself for who polls it. */
export interface Receiving {
  waker: Waker | null;
  /** Whether another one that wants to wait is a mistake: two futures cannot both get the next value. */
  readonly isExclusive: boolean;
}

/**
 * What the two sides of an mpsc channel share: the values, and the places for them. A value needs a place; a place is
 * free, or holds a value, or belongs to a permit or to a waiting sender that was granted it.
 *
 * A freed place goes to the first waiting sender in the same moment, so that nobody can come in between.
 *
 * Invariants, whenever a waker is called or a method returns:
 * - `used` counts the places that are not free; `values.size` of them hold values.
 * - `limit` is `max` while values can be sent, and 0 once they cannot: one comparison, `used < limit`, tells whether
 *   there is a place to be had.
 * - while senders wait, no place is free: `used === max`.
 * - `receiving` is set only while there is no value, and one may still come.
 */
export class MpscChannel<T> implements HasReceivers {
  readonly max: number;
  limit: number;
  used = 0;
  readonly values: RingBuffer<T> = new RingBuffer();
  receiving: Receiving | null = null;
  readonly waiters: LinkedList<MpscAcquire<T, unknown>> = new LinkedList();
  strongCount = 1;
  weakCount = 0;
  /** The receiver accepts nothing more; what is there, and what permits stand for, it still receives. */
  isDeserted = false;
  /** Nor does it receive what is there. */
  isAbandoned = false;
  /** Every sender is closed, and nothing that they have begun is left. */
  isEnded = false;
  desertionWaiters: LinkedList<Closed> | null = null;
  readonly name: string | undefined;
  /** Who made each of the open senders, where that is tracked. */
  makers: Map<object, string> | null = null;

  constructor(max: number, name: string | undefined) {
    this.max = max;
    this.limit = max;
    this.name = name;
    noteMaker(this);
  }

  /** Puts a value in the place that the caller has taken for it. */
  push(value: T): void {
    this.values.push(value);
    const receiving = this.receiving;
    if (receiving !== null) this.wakeReceiver(receiving);
  }

  /** As {@link push}, by who has held the place for a while: the channel may be over meanwhile. */
  fill(value: T): void {
    if (this.isAbandoned) {
      this.giveBack(1);
      disposeUndelivered(value);
      return;
    }
    this.push(value);
    this.settle();
  }

  /** Takes the oldest value, of which there must be one; its place goes to the first sender that waits. */
  shift(): T {
    const value = this.values.shift();
    if (this.waiters.first === null) this.used--;
    else this.release(1);
    return value;
  }

  /** Frees places that were held without a value. */
  giveBack(count: number): void {
    this.release(count);
    this.settle();
  }

  private release(count: number): void {
    let left = count;
    // The first is read anew each time: a waker may do anything.
    for (let first = this.waiters.first; first !== null && left > 0; first = this.waiters.first) {
      left -= first.grant(left);
    }
    this.used -= left;
  }

  /** The last value has been received, and no other can come. */
  get isOver(): boolean {
    return this.limit === 0 && (this.used === 0 || this.isAbandoned);
  }

  /** Called when places were given back or filled, and when a side was closed: the channel may be over by now. */
  settle(): void {
    if (
      this.strongCount === 0 &&
      !this.isEnded &&
      this.used === this.values.size &&
      this.waiters.size === 0
    ) {
      this.isEnded = true;
      this.limit = 0;
    }
    if (this.receiving !== null && this.isOver) this.wakeReceiver(this.receiving);
  }

  /** A sender was closed. */
  dropSender(): void {
    this.strongCount--;
    this.settle();
  }

  /** The receiver was closed: senders that wait, and all later ones, are refused. */
  desert(): void {
    if (this.isDeserted) return;
    this.isDeserted = true;
    this.limit = 0;
    for (let waiter = this.waiters.shift(); waiter !== null; waiter = this.waiters.shift()) waiter.refuse();
    wakeDeserted(this);
    this.settle();
  }

  /** The receiver is gone: so is what it has not received. */
  abandon(): void {
    if (this.isAbandoned) return;
    this.isAbandoned = true;
    this.desert();
    const left: T[] = [];
    while (this.values.size > 0) left.push(this.shift());
    this.settle();
    disposeAllUndelivered(left);
  }

  /** Has `receiving` woken for the next value, or for the end. */
  park(receiving: Receiving, cx: Context): void {
    const other = this.receiving;
    if (other !== receiving) {
      if (other?.isExclusive === true) {
        throw new FutureInUseError(`another \`recv\` waits on ${this.describe()} already`);
      }
      this.receiving = receiving;
    }
    receiving.waker = cx.waker;
  }

  unpark(receiving: Receiving): void {
    receiving.waker = null;
    if (this.receiving === receiving) this.receiving = null;
  }

  private wakeReceiver(receiving: Receiving): void {
    const waker = receiving.waker;
    this.receiving = null;
    receiving.waker = null;
    waker?.wake();
  }

  get target(): InspectionTarget {
    return { kind: "mpsc channel", name: this.name, key: this };
  }

  /** For dumps: what can be received, and who can send. */
  receiverState(): string {
    const made = [...(this.makers?.values() ?? [])].map((maker) => `that of ${maker}`).join(", ");
    const sending = this.waiters.size === 0 ? "" : `, ${this.waiters.size} waiting`;
    return `empty, ${counted(this.strongCount, "sender")} open${sending}${made === "" ? "" : `: ${made}`}`;
  }

  /** For dumps: what can be sent, and who receives. */
  senderState(): string {
    const queue = this.waiters.size > 1 ? `, ${counted(this.waiters.size, "sender")} waiting` : "";
    const reserved = this.used - this.values.size;
    const taken = reserved === 0 ? "" : `, ${reserved} of them reserved`;
    return `${this.used} of ${this.max} places taken${taken}${queue}, ${this.receiving === null ? "nobody receives" : "the receiver waits"}`;
  }

  describe(): string {
    return this.name === undefined ? "the mpsc channel" : `the mpsc channel ${JSON.stringify(this.name)}`;
  }

  closedError(): ClosedError {
    return new ClosedError(this.describe());
  }
}
