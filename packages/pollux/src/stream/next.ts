import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { End } from "../core/stream-source.ts";

/** Whom values can be borrowed from: one borrower at a time waits. */
export interface Lender<T> {
  pollFor(borrower: object, cx: Context): Poll<T | End>;
  /** The borrower waits no longer: neither does the stream, if it was the one who did. */
  leave(borrower: object): void;
  inspectNext(): Inspection;
}

/** The next value of a stream, which it borrows: a cancel leaves that as it is. */
export class Next<T> extends Future<T | End> {
  /** `null` once it has ended. */
  private lender: Lender<T> | null;

  constructor(lender: Lender<T>) {
    super();
    this.lender = lender;
  }

  override poll(cx: Context): Poll<T | End> {
    const { lender } = this;
    if (lender === null) throw new PollAfterCompletionError("this `next`");
    let poll: Poll<T | End>;
    try {
      poll = lender.pollFor(this, cx);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll !== Pending) this.lender = null;
    return poll;
  }

  override cancel(): Poll<void> {
    this.lender?.leave(this);
    this.lender = null;
  }

  override inspect(): Inspection {
    return around("next", this.lender);
  }
}
