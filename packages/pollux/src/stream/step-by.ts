import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

/** The first value, and then every `step`-th. */
export class StepBy<T> extends Adapter<T, T> {
  private readonly step: number;
  /** Values to skip before the next that is given. */
  private left: number;

  constructor(source: StreamSource<T>, step: number) {
    super(source);
    this.step = step;
    this.left = 0;
  }

  override pollNext(cx: Context): Poll<T | End> {
    for (;;) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending || poll === End) return poll;
      if (this.left > 0) this.left--;
      else {
        this.left = this.step - 1;
        return poll;
      }
    }
  }
}
