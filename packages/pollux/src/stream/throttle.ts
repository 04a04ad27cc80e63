import type { Context } from "../core/context.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { type Sleep, sleep } from "../time/sleep.ts";
import { Adapter } from "./adapter.ts";

/** The values of a stream, with a pause after each. */
export class Throttle<T> extends Adapter<T, T> {
  private readonly ms: number;
  private readonly timer: Sleep;
  private waits: boolean;

  constructor(source: StreamSource<T>, ms: number) {
    super(source);
    this.ms = ms;
    this.timer = sleep(ms);
    this.waits = false;
  }

  override pollNext(cx: Context): Poll<T | End> {
    if (this.waits) {
      if (this.timer.poll(cx) === Pending) return Pending;
      this.waits = false;
    }
    const poll = this.source.pollNext(cx);
    if (poll !== Pending && poll !== End) {
      this.waits = true;
      this.timer.resetUntil(cx.runtime.timers.now() + this.ms);
    }
    return poll;
  }

  override cancelNext(): void {
    this.timer.stopWaiting();
    super.cancelNext();
  }

  override cancel(cx: Context): Poll<void> {
    this.timer.cancel(cx);
    return super.cancel(cx);
  }

  override inspectNext(): Inspection {
    return this.waits ? around("throttle", this.timer) : super.inspectNext();
  }
}
