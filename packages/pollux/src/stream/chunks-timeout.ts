import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { type Sleep, sleep } from "../time/sleep.ts";
import { Adapter } from "./adapter.ts";
import { disposalsOf, Teardown } from "./teardown.ts";

/** The values in arrays: each is given when it is full, or some time after its first value. */
export class ChunksTimeout<T> extends Adapter<T, T[]> {
  private readonly size: number;
  private readonly ms: number;
  private readonly timer: Sleep;
  private values: T[];
  private ended: boolean;
  private teardown: Cancellable | null;

  constructor(source: StreamSource<T>, size: number, ms: number) {
    super(source);
    this.size = size;
    this.ms = ms;
    this.timer = sleep(ms);
    this.values = [];
    this.ended = false;
    this.teardown = null;
  }

  override pollNext(cx: Context): Poll<T[] | End> {
    while (!this.ended) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending) {
        if (this.values.length === 0) return Pending;
        // Looked at without budget: a source that always finds something to do, and gives nothing, spends all of it.
        if (!this.timer.isElapsed && this.timer.poll(cx) === Pending) return Pending;
        return this.take(cx);
      }
      if (poll === End) this.ended = true;
      else {
        if (this.values.length === 0) this.timer.resetUntil(cx.runtime.timers.now() + this.ms);
        if (this.values.push(poll) === this.size) return this.take(cx);
      }
    }
    return this.values.length === 0 ? End : this.take(cx);
  }

  private take(cx: Context): T[] {
    const { values } = this;
    this.values = [];
    this.timer.cancel(cx);
    return values;
  }

  override cancelNext(): void {
    this.timer.stopWaiting();
    super.cancelNext();
  }

  override cancel(cx: Context): Poll<void> {
    this.teardown ??= new Teardown([this.source, ...disposalsOf(this.take(cx))]);
    return this.teardown.cancel(cx);
  }

  override inspectNext(): Inspection {
    if (this.values.length === 0) return super.inspectNext();
    return { ...this.timer.inspect(), ...around("chunksTimeout", this.source), any: true };
  }
}
