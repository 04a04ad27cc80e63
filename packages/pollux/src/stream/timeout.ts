import type { Context } from "../core/context.ts";
import { TimeoutError } from "../core/errors.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";
import { type Sleep, sleep } from "../time/sleep.ts";
import { Adapter } from "./adapter.ts";

/** The values of a stream; a `TimeoutError` where one does not come in time. */
export class Timeout<T> extends Adapter<T, T> {
  private readonly ms: number;
  private readonly timer: Sleep;
  private waits: boolean;
  /** Thrown for the value that is awaited: it is awaited without a limit from then on. */
  private expired: boolean;
  /** The time was up when there was no budget to ask the source with: it is asked once more. */
  private deferred: boolean;

  constructor(source: StreamSource<T>, ms: number) {
    super(source);
    this.ms = ms;
    this.timer = sleep(ms);
    this.waits = false;
    this.expired = false;
    this.deferred = false;
  }

  override pollNext(cx: Context): Poll<T | End> {
    const couldAsk = cx.runtime.budget > 0;
    let poll: Poll<T | End>;
    try {
      poll = this.source.pollNext(cx);
    } catch (error) {
      this.stop(cx);
      throw error;
    }
    if (poll !== Pending) {
      this.stop(cx);
      return poll;
    }
    if (this.expired) return Pending;
    if (!this.waits) {
      this.waits = true;
      this.timer.reset(this.ms);
    }
    // Looked at without budget: a source that always finds something to do, and gives nothing, spends all of it.
    if (!this.timer.isElapsed && this.timer.poll(cx) === Pending) return Pending;
    if (!couldAsk && !this.deferred) {
      this.deferred = true;
      cx.wake();
      return Pending;
    }
    this.expired = true;
    throw new TimeoutError(`the stream gave nothing for ${this.ms} ms`);
  }

  private stop(cx: Context): void {
    if (!this.waits) return;
    this.waits = false;
    this.expired = false;
    this.deferred = false;
    this.timer.cancel(cx);
  }

  override cancelNext(): void {
    this.timer.stopWaiting();
    super.cancelNext();
  }

  override cancel(cx: Context): Poll<void> {
    this.stop(cx);
    return super.cancel(cx);
  }

  override inspectNext(): Inspection {
    if (!this.waits || this.expired) return super.inspectNext();
    return { ...this.timer.inspect(), ...around("timeout", this.source), any: true };
  }
}
