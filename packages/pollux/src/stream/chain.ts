import type { Context } from "../core/context.ts";
import { type Inspection, inspectionOf } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";
import { Teardown } from "./teardown.ts";

/** The values of one stream, and then those of another. */
export class Chain<T> extends Adapter<T, T> {
  private readonly second: StreamSource<T>;
  private firstEnded: boolean;
  private teardown: Teardown | null;

  constructor(first: StreamSource<T>, second: StreamSource<T>) {
    super(first);
    this.second = second;
    this.firstEnded = false;
    this.teardown = null;
  }

  override pollNext(cx: Context): Poll<T | End> {
    if (!this.firstEnded) {
      const poll = this.source.pollNext(cx);
      if (poll !== End) return poll;
      this.firstEnded = true;
    }
    return this.second.pollNext(cx);
  }

  override cancelNext(): void {
    (this.firstEnded ? this.second : this.source).cancelNext?.();
  }

  override cancel(cx: Context): Poll<void> {
    this.teardown ??= new Teardown([this.source, this.second], true);
    return this.teardown.cancel(cx);
  }

  override inspectNext(): Inspection {
    return inspectionOf(this.firstEnded ? this.second : this.source);
  }
}
