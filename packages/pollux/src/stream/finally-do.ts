import { callWith } from "../core/call-with.ts";
import { collect } from "../core/collect.ts";
import type { Context } from "../core/context.ts";
import { CleanupError } from "../core/errors.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";
import { Inner } from "./inner.ts";

/** Not polled yet; the source goes on; it has ended or was cancelled, and the function is called or runs; the end. */
const New = 0;
const Open = 1;
const Finalizing = 2;
const Done = 3;

/** The values of a stream; a function is called once when that has ended, by itself or by a cancel. */
export class FinallyDo<T> extends Adapter<T, T> {
  private readonly fn: () => unknown;
  private readonly inner: Inner;
  private state: number;
  /** What failed in a cancel. */
  private errors: unknown[] | null;

  constructor(source: StreamSource<T>, fn: () => unknown) {
    super(source);
    this.fn = fn;
    this.inner = new Inner("finallyDo");
    this.state = New;
    this.errors = null;
  }

  override pollNext(cx: Context): Poll<T | End> {
    if (this.state <= Open) {
      this.state = Open;
      const poll = this.source.pollNext(cx);
      if (poll !== End) return poll;
    }
    return this.finalize(cx) === Pending ? Pending : End;
  }

  private finalize(cx: Context): Poll<void> {
    if (this.state === Done) return undefined;
    try {
      if (this.state === Finalizing) {
        if (this.inner.poll(cx) === Pending) return Pending;
      } else {
        this.state = Finalizing;
        if (this.inner.follow(cx, callWith(cx, this.fn, undefined)) === Pending) return Pending;
      }
    } catch (error) {
      this.state = Done;
      throw error;
    }
    this.state = Done;
    return undefined;
  }

  override cancelNext(): void {
    if (this.state <= Open) super.cancelNext();
  }

  /** The source is cancelled, and then the function runs to its end: that is not interrupted. */
  override cancel(cx: Context): Poll<void> {
    if (this.state <= Open) {
      try {
        if (this.source.cancel(cx) === Pending) return Pending;
      } catch (error) {
        this.errors = collect(this.errors, error, cx.cancelReason);
      }
      // What never began needs no end.
      this.state = this.state === New ? Done : this.state;
    }
    try {
      if (this.finalize(cx) === Pending) return Pending;
    } catch (error) {
      this.errors = collect(this.errors, error, cx.cancelReason);
    }
    const { errors } = this;
    this.errors = null;
    if (errors !== null) throw new CleanupError(cx.cancelReason, errors);
    return undefined;
  }

  override inspectNext(): Inspection {
    const { running } = this.inner;
    return running === null ? super.inspectNext() : around("finallyDo", running);
  }
}
