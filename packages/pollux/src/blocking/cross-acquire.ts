import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Waiting } from "../reactor/waiting.ts";
import type { CrossSender } from "./cross-sender.ts";

/** Waits for a place in a channel between threads. */
export abstract class CrossAcquire<T, R> extends Future<R> implements Linked<CrossAcquire<T, unknown>> {
  protected readonly sender: CrossSender<T>;
  /** Whether the sender was open when it was called. */
  private readonly open: boolean;
  private readonly wait: Waiting;
  private isGranted: boolean;
  private isDone: boolean;
  before: CrossAcquire<T, unknown> | null;
  after: CrossAcquire<T, unknown> | null;
  list: LinkedList<CrossAcquire<T, unknown>> | null;

  constructor(sender: CrossSender<T>, open: boolean) {
    super();
    this.sender = sender;
    this.open = open;
    this.wait = new Waiting(sender);
    this.isGranted = false;
    this.isDone = false;
    this.before = null;
    this.after = null;
    this.list = null;
  }

  /** What it is in errors. */
  protected abstract get what(): string;

  /**
   * The place is its own.
   *
   * @param granted - whether the receiver has granted it; else it was free for all
   */
  protected abstract taken(granted: boolean): R;

  override poll(cx: Context): Poll<R> {
    if (this.isDone) throw new PollAfterCompletionError(`this \`${this.what}\``);
    if (!cx.takeBudget()) return Pending;
    const { sender } = this;
    if (!this.open || sender.isDeserted || (this.list === null && !this.isGranted && sender.isClosed)) {
      this.cancel();
      throw sender.closedError(this.open);
    }
    if (this.isGranted || (this.list === null && sender.tryTake())) {
      this.isDone = true;
      return this.taken(this.isGranted);
    }
    cx.refundBudget();
    this.wait.begin(cx);
    if (this.list === null) sender.park(this, cx.runtime.ownedThread);
    else sender.listen(cx.runtime.ownedThread);
    return Pending;
  }

  override cancel(): Poll<void> {
    if (this.isDone) return;
    this.isDone = true;
    this.wait.end();
    const left = this.list?.remove(this) ?? false;
    if (this.isGranted) this.sender.passOn();
    if (left) this.sender.endIfDone();
  }

  override inspect(): Inspection {
    return {
      op: `${this.what} to`,
      target: this.sender.target,
      state: `${this.sender.capacity} free`,
      outside: true,
    };
  }

  /** There is a place for it. */
  grant(): void {
    this.isGranted = true;
    this.wait.wake();
  }

  wake(): void {
    this.wait.wake();
  }
}

/** Sends one value, once there is a place for it. */
export class CrossSend<T> extends CrossAcquire<T, void> {
  private readonly value: T;

  constructor(sender: CrossSender<T>, open: boolean, value: T) {
    super(sender, open);
    this.value = value;
  }

  protected override get what(): string {
    return "send";
  }

  protected override taken(granted: boolean): void {
    if (granted) this.sender.useGranted(this.value);
    else this.sender.post(this.value, false);
  }
}
