import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import type { Inspection, Polled } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { EarlyEnd } from "./early-end.ts";
import { disposalsOf, Teardown } from "./teardown.ts";

/** The values of two streams in pairs, as long as both have one. */
export class Zip<T, U> extends EarlyEnd<T, [T, U]> {
  private readonly right: StreamSource<U>;
  /** A value whose partner has not come; `End` for none. */
  private leftValue: T | End;
  private rightValue: U | End;
  private leftEnded: boolean;
  private rightEnded: boolean;

  constructor(left: StreamSource<T>, right: StreamSource<U>) {
    super(left);
    this.right = right;
    this.leftValue = End;
    this.rightValue = End;
    this.leftEnded = false;
    this.rightEnded = false;
  }

  override pollNext(cx: Context): Poll<[T, U] | End> {
    if (this.leftEnded || this.rightEnded) return this.endEarly(cx);
    if (this.leftValue === End) {
      const poll = this.source.pollNext(cx);
      if (poll === End) {
        this.leftEnded = true;
        return this.endEarly(cx);
      }
      if (poll !== Pending) this.leftValue = poll;
    }
    if (this.rightValue === End) {
      const poll = this.right.pollNext(cx);
      if (poll === End) {
        this.rightEnded = true;
        return this.endEarly(cx);
      }
      if (poll !== Pending) this.rightValue = poll;
    }
    const { leftValue, rightValue } = this;
    if (leftValue === End || rightValue === End) return Pending;
    this.leftValue = End;
    this.rightValue = End;
    return [leftValue, rightValue];
  }

  override cancelNext(): void {
    super.cancelNext();
    // As the left one, it is left to the cleanup once one of them has ended.
    if (!this.leftEnded && !this.rightEnded) this.right.cancelNext?.();
  }

  protected override parts(): Cancellable {
    const left = this.leftEnded ? null : this.source;
    const right = this.rightEnded ? null : this.right;
    return new Teardown([left, right, ...disposalsOf([this.leftValue, this.rightValue])], true);
  }

  /** One side may be enough: its end. */
  override inspectNext(): Inspection {
    if (this.leftEnded || this.rightEnded) return super.inspectNext();
    const futures: [string, Polled][] = [];
    if (this.leftValue === End) futures.push(["left", this.source]);
    if (this.rightValue === End) futures.push(["right", this.right]);
    return { op: "zip", futures, any: true };
  }
}
