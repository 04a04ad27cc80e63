import type { Context, Waker } from "../core/context.ts";
import { counted } from "../core/counted.ts";
import { ClosedError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { noteMaker } from "../task/origins.ts";
import { type Closed, type HasReceivers, wakeDeserted } from "./closed.ts";

/** Which version of the value a receiver has seen. */
export interface WatchCursor {
  seen: number;
  isOpen: boolean;
  /** Its futures among the channel's waiters. */
  waiting: number;
}

/**
 * What the senders and receivers of a watch channel share: the latest value, and its version, which grows by one with
 * every value sent.
 */
export class WatchChannel<T> implements HasReceivers {
  value: T;
  version = 0;
  receiverCount = 1;
  senderCount = 1;
  readonly name: string | undefined;
  private readonly waiters: LinkedList<WatchWait<T>> = new LinkedList();
  desertionWaiters: LinkedList<Closed> | null = null;

  constructor(initial: T, name: string | undefined) {
    this.value = initial;
    this.name = name;
    noteMaker(this);
  }

  set(value: T): void {
    this.value = value;
    this.version++;
    this.wakeReceivers();
  }

  wait(waiter: WatchWait<T>): void {
    if (waiter.list !== null) return;
    this.waiters.pushBack(waiter);
    waiter.cursor.waiting++;
  }

  /** Has a receiver see the current value as one that it has not seen. */
  markChanged(cursor: WatchCursor): void {
    cursor.seen = this.version - 1;
    if (cursor.waiting > 0) this.wakeReceivers(cursor);
  }

  dropSender(): void {
    if (--this.senderCount === 0) this.wakeReceivers();
  }

  dropReceiver(cursor: WatchCursor): void {
    if (!cursor.isOpen) return;
    cursor.isOpen = false;
    this.receiverCount--;
    if (cursor.waiting > 0) this.wakeReceivers(cursor);
    if (this.receiverCount === 0) wakeDeserted(this);
  }

  get isDeserted(): boolean {
    return this.receiverCount === 0;
  }

  /** Wakes all who wait, or those of one receiver. A waker may have some of them wait anew: those are left. */
  private wakeReceivers(of?: WatchCursor): void {
    if (this.waiters.first === null) return;
    const waiters = this.waiters.takeAll();
    for (let waiter = waiters.shift(); waiter !== null; waiter = waiters.shift()) {
      if (of === undefined || waiter.cursor === of) waiter.wake();
      else this.waiters.pushBack(waiter);
    }
  }

  get target(): InspectionTarget {
    return { kind: "watch channel", name: this.name, key: this };
  }

  describe(): string {
    return this.name === undefined ? "the watch channel" : `the watch channel ${JSON.stringify(this.name)}`;
  }

  /** Throws if a receiver can see nothing new any more. */
  checkOpen(cursor: WatchCursor): void {
    if (!cursor.isOpen) throw new ClosedError(`this receiver of ${this.describe()}`);
    if (this.senderCount === 0) throw new ClosedError(this.describe());
  }
}

/** Waits for a version of the value that one receiver has not seen. */
export abstract class WatchWait<T> extends Future<T> implements Linked<WatchWait<T>> {
  protected readonly channel: WatchChannel<T>;
  readonly cursor: WatchCursor;
  private isDone = false;
  private waker: Waker | null = null;
  before: WatchWait<T> | null = null;
  after: WatchWait<T> | null = null;
  list: LinkedList<WatchWait<T>> | null = null;

  constructor(channel: WatchChannel<T>, cursor: WatchCursor) {
    super();
    this.channel = channel;
    this.cursor = cursor;
  }

  /** Whether the current value is what is waited for; marks it seen. */
  protected abstract look(): boolean;

  override poll(cx: Context): Poll<T> {
    if (this.isDone) throw new PollAfterCompletionError("this wait for a change");
    if (!cx.takeBudget()) return Pending;
    const channel = this.channel;
    const { value, version } = channel;
    try {
      if (this.cursor.isOpen && this.look()) {
        this.cancel();
        return value;
      }
      // A predicate may itself have sent the next value, when this did not wait yet: another poll looks at that.
      if (channel.version === version) channel.checkOpen(this.cursor);
      else cx.wake();
    } catch (error) {
      this.cancel();
      throw error;
    }
    cx.refundBudget();
    this.waker = cx.waker;
    channel.wait(this);
    return Pending;
  }

  override cancel(): Poll<void> {
    this.isDone = true;
    this.waker = null;
    if (this.list?.remove(this) === true) this.cursor.waiting--;
  }

  override inspect(): Inspection {
    return {
      op: "a change of",
      target: this.channel.target,
      state: `version ${this.channel.version}, ${counted(this.channel.senderCount, "sender")} open`,
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

/** Waits for a value that the receiver has not seen. */
export class WatchChanged<T> extends WatchWait<T> {
  protected override look(): boolean {
    const { version } = this.channel;
    const changed = this.cursor.seen !== version;
    this.cursor.seen = version;
    return changed;
  }
}

/** Waits for a value that a predicate accepts, the current one included. */
export class WatchFor<T> extends WatchWait<T> {
  private readonly predicate: (value: T) => boolean;
  /** The version that was looked at last; none at first, since the current value counts even if it was seen. */
  private looked: number | undefined = undefined;

  constructor(channel: WatchChannel<T>, cursor: WatchCursor, predicate: (value: T) => boolean) {
    super(channel, cursor);
    this.predicate = predicate;
  }

  protected override look(): boolean {
    const { version, value } = this.channel;
    this.cursor.seen = version;
    if (this.looked === version) return false;
    this.looked = version;
    return this.predicate(value);
  }
}
