import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import type { OwnedThread } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { type KeepsAlive, Waiting } from "../reactor/waiting.ts";

/** A sender, as those see it who wait until nobody receives. */
export interface Watched extends KeepsAlive {
  readonly isDeserted: boolean;
  readonly target: InspectionTarget;
  watch(closed: CrossClosed, thread: OwnedThread | null): void;
  unwatch(closed: CrossClosed): void;
}

/** Waits until nobody receives any more: what `CrossSender.closed` returns. */
export class CrossClosed extends Future<void> {
  private readonly sender: Watched;
  private readonly wait: Waiting;
  private isDone: boolean;

  constructor(sender: Watched) {
    super();
    this.sender = sender;
    this.wait = new Waiting(sender);
    this.isDone = false;
  }

  override poll(cx: Context): Poll<void> {
    if (this.isDone) throw new PollAfterCompletionError("this `closed()`");
    if (!cx.takeBudget()) return Pending;
    const { sender } = this;
    if (sender.isDeserted) {
      this.cancel();
      return undefined;
    }
    cx.refundBudget();
    this.wait.begin(cx);
    sender.watch(this, cx.runtime.ownedThread);
    return Pending;
  }

  override cancel(): Poll<void> {
    this.isDone = true;
    this.wait.end();
    this.sender.unwatch(this);
  }

  override inspect(): Inspection {
    return { op: "closed by the receiver of", target: this.sender.target, outside: true };
  }

  wake(): void {
    this.wait.wake();
  }
}
