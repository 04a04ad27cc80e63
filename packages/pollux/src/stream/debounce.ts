import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { type Sleep, sleep } from "../time/sleep.ts";
import { Adapter } from "./adapter.ts";
import { disposalsOf, Teardown } from "./teardown.ts";

/** The values after which none came for a while. */
export class Debounce<T> extends Adapter<T, T> {
  private readonly ms: number;
  private readonly timer: Sleep;
  /** The latest value that was not given; `Pending` for none. */
  private latest: Poll<T>;
  private ended: boolean;
  private teardown: Cancellable | null;

  constructor(source: StreamSource<T>, ms: number) {
    super(source);
    this.ms = ms;
    this.timer = sleep(ms);
    this.latest = Pending;
    this.ended = false;
    this.teardown = null;
  }

  override pollNext(cx: Context): Poll<T | End> {
    while (!this.ended) {
      const poll = this.source.pollNext(cx);
      if (poll === End) this.ended = true;
      else if (poll !== Pending) {
        this.latest = poll;
        this.timer.resetUntil(cx.runtime.timers.now() + this.ms);
      } else if (this.latest === Pending) return Pending;
      // Looked at without budget: a source that always finds something to do, and gives nothing, spends all of it.
      else if (!this.timer.isElapsed && this.timer.poll(cx) === Pending) return Pending;
      else break;
    }
    const { latest } = this;
    if (latest === Pending) return End;
    this.latest = Pending;
    this.timer.cancel(cx);
    return latest;
  }

  override cancelNext(): void {
    this.timer.stopWaiting();
    super.cancelNext();
  }

  override cancel(cx: Context): Poll<void> {
    this.timer.cancel(cx);
    this.teardown ??= new Teardown([this.source, ...disposalsOf([this.latest])]);
    return this.teardown.cancel(cx);
  }

  override inspectNext(): Inspection {
    if (this.latest === Pending) return super.inspectNext();
    return { ...this.timer.inspect(), ...around("debounce", this.source), any: true };
  }
}
