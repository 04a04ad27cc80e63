import type { Context } from "../core/context.ts";
import { type Inspection, inspectionOf } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";
import { Teardown } from "./teardown.ts";
import { type StreamInput, toSource } from "./to-source.ts";

/** The values of each stream of a stream, one after the other. */
export class Flatten<T> extends Adapter<StreamInput<T>, T> {
  private current: StreamSource<T> | null;
  private readonly who: string;
  private teardown: Teardown | null;

  constructor(source: StreamSource<StreamInput<T>>, who: string) {
    super(source);
    this.current = null;
    this.who = who;
    this.teardown = null;
  }

  override pollNext(cx: Context): Poll<T | End> {
    for (;;) {
      if (this.current !== null) {
        const poll = this.current.pollNext(cx);
        if (poll !== End) return poll;
        this.current = null;
      }
      const poll = this.source.pollNext(cx);
      if (poll === Pending || poll === End) return poll;
      this.current = toSource(poll, this.who);
    }
  }

  override cancelNext(): void {
    (this.current ?? this.source).cancelNext?.();
  }

  override cancel(cx: Context): Poll<void> {
    this.teardown ??= new Teardown([this.current, this.source]);
    return this.teardown.cancel(cx);
  }

  override inspectNext(): Inspection {
    return inspectionOf(this.current ?? this.source);
  }
}
