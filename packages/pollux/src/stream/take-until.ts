import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { EarlyEnd } from "./early-end.ts";
import { Teardown } from "./teardown.ts";

/** The values that come before a future is ready. */
export class TakeUntil<T> extends EarlyEnd<T, T> {
  /** `null` once it has ended. */
  private until: Future<unknown> | null;
  private begun: boolean;
  private sourceEnded: boolean;

  constructor(source: StreamSource<T>, until: Future<unknown>) {
    super(source);
    this.until = until;
    this.begun = false;
    this.sourceEnded = false;
  }

  override pollNext(cx: Context): Poll<T | End> {
    if (this.until === null || this.sourceEnded || this.pollUntil(this.until, cx)) return this.endEarly(cx);
    const poll = this.source.pollNext(cx);
    if (poll !== End) return poll;
    this.sourceEnded = true;
    return this.endEarly(cx);
  }

  /** Says whether the future is ready. */
  private pollUntil(until: Future<unknown>, cx: Context): boolean {
    try {
      if (!this.begun) {
        until.claim(this);
        this.begun = true;
      }
      if (until.poll(cx) === Pending) return false;
    } catch (error) {
      this.letGo(until);
      throw error;
    }
    this.letGo(until);
    return true;
  }

  private letGo(until: Future<unknown>): void {
    until.release(this);
    this.until = null;
  }

  protected override parts(): Cancellable {
    const { until } = this;
    // One that somebody else awaits is theirs.
    const own = until !== null && (this.begun || (until.owner === null && !until.shared)) ? until : null;
    return new Teardown([own, this.sourceEnded ? null : this.source], true);
  }

  override inspectNext(): Inspection {
    const { until } = this;
    if (until === null || this.sourceEnded) return super.inspectNext();
    return {
      op: "takeUntil",
      futures: [
        ["until", until],
        ["stream", this.source],
      ],
      any: true,
    };
  }
}
