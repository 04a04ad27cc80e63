import { callWith } from "../core/call-with.ts";
import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { around, type Inspection, inspectionOf } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { EarlyEnd } from "./early-end.ts";
import { Inner } from "./inner.ts";
import { Teardown } from "./teardown.ts";
import type { Movable } from "./to-source.ts";

/**
 * The values of a stream, with what a function makes of each error in its place. A stream that the function returns takes
 * over, and so does the end: the source is then given up.
 */
export class CatchError<T, U> extends EarlyEnd<T, T | U> {
  private readonly fn: (error: unknown) => unknown;
  private readonly inner: Inner;
  /** What takes over from the source; `null` while that goes on. */
  private successor: StreamSource<T | U> | null;
  private gaveUp: boolean;
  private both: Teardown | null;

  constructor(source: StreamSource<T>, fn: (error: unknown) => unknown) {
    super(source);
    this.fn = fn;
    this.inner = new Inner("catchError");
    this.successor = null;
    this.gaveUp = false;
    this.both = null;
  }

  override pollNext(cx: Context): Poll<T | U | End> {
    if (this.gaveUp) return this.afterSource(cx);
    if (this.inner.isRunning) return this.follow(cx, this.inner.poll(cx));
    let failure: unknown;
    try {
      return this.source.pollNext(cx);
    } catch (error) {
      failure = error;
    }
    return this.follow(cx, this.inner.follow(cx, callWith(cx, this.fn, failure)));
  }

  private follow(cx: Context, result: Poll<unknown>): Poll<T | U | End> {
    if (result === End) this.gaveUp = true;
    else if (typeof (result as Partial<Movable<U>> | null | undefined)?.moveInto === "function") {
      this.successor = (result as Movable<U>).moveInto("catchError");
      this.gaveUp = true;
    }
    // The type of `Stream.catchError` says what the function's results give.
    return this.gaveUp ? this.afterSource(cx) : (result as Poll<U>);
  }

  private afterSource(cx: Context): Poll<T | U | End> {
    if (this.endEarly(cx) === Pending) return Pending;
    return this.successor === null ? End : this.successor.pollNext(cx);
  }

  protected override parts(): Cancellable {
    return new Teardown([this.inner, this.source]);
  }

  override cancelNext(): void {
    super.cancelNext();
    this.successor?.cancelNext?.();
  }

  override cancel(cx: Context): Poll<void> {
    const source: Cancellable = { cancel: (context) => super.cancel(context) };
    this.both ??= new Teardown([source, this.successor]);
    return this.both.cancel(cx);
  }

  override inspectNext(): Inspection {
    const { running } = this.inner;
    if (running !== null) return around("catchError", running);
    return this.isOver && this.successor !== null ? inspectionOf(this.successor) : super.inspectNext();
  }
}
