import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import type { Lender } from "./next.ts";

/** A stream that is lent with `ref`: to give it up only gives the stream back. */
export class Loan<T> implements StreamSource<T> {
  /** `null` once the loan is over. */
  private lender: Lender<T> | null;

  constructor(lender: Lender<T>) {
    this.lender = lender;
  }

  pollNext(cx: Context): Poll<T | End> {
    const { lender } = this;
    if (lender === null) return End;
    return lender.pollFor(this, cx);
  }

  cancelNext(): void {
    this.lender?.leave(this);
  }

  cancel(): Poll<void> {
    this.lender?.leave(this);
    this.lender = null;
  }

  inspectNext(): Inspection {
    return this.lender?.inspectNext() ?? { op: "next", state: "given back" };
  }
}
