import type { Context, Waker } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";

/** A channel as its senders see it: whether anybody is left to send to, and who waits for that to end. */
export interface HasReceivers {
  /** Whether a value sent now could reach nobody. */
  readonly isDeserted: boolean;
  /** What it is in a dump. */
  readonly target: InspectionTarget;
  /** Made when the first one waits: most channels have none. */
  desertionWaiters: LinkedList<Closed> | null;
}

/** Waits until nobody receives any more: what a sender's `closed()` returns. */
export class Closed extends Future<void> implements Linked<Closed> {
  private readonly channel: HasReceivers;
  private isDone = false;
  private waker: Waker | null = null;
  before: Closed | null = null;
  after: Closed | null = null;
  list: LinkedList<Closed> | null = null;

  constructor(channel: HasReceivers) {
    super();
    this.channel = channel;
  }

  override poll(cx: Context): Poll<void> {
    if (this.isDone) throw new PollAfterCompletionError("this `closed()`");
    if (!cx.takeBudget()) return Pending;
    if (this.channel.isDeserted) {
      this.cancel();
      return undefined;
    }
    cx.refundBudget();
    this.waker = cx.waker;
    if (this.list === null) {
      this.channel.desertionWaiters ??= new LinkedList();
      this.channel.desertionWaiters.pushBack(this);
    }
    return Pending;
  }

  override cancel(): Poll<void> {
    this.isDone = true;
    this.waker = null;
    this.list?.remove(this);
  }

  override inspect(): Inspection {
    return { op: "closed by all receivers of", target: this.channel.target };
  }

  wake(): void {
    this.waker?.wake();
  }
}

/** The last receiver has gone. A broadcast may get another before those who are woken look: they then wait on. */
export function wakeDeserted(channel: HasReceivers): void {
  const waiters = channel.desertionWaiters;
  if (waiters === null) return;
  channel.desertionWaiters = null;
  for (let waiter = waiters.shift(); waiter !== null; waiter = waiters.shift()) waiter.wake();
}
