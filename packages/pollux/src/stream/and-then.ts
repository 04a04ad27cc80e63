import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";
import { Inner } from "./inner.ts";
import { Teardown } from "./teardown.ts";

/** What the future that a function makes of each value gives; one after the other. */
export class AndThen<T, U> extends Adapter<T, U> {
  private readonly fn: (value: T) => unknown;
  private readonly inner: Inner;
  private teardown: Teardown | null;

  constructor(source: StreamSource<T>, fn: (value: T) => unknown) {
    super(source);
    this.fn = fn;
    this.inner = new Inner("andThen");
    this.teardown = null;
  }

  override pollNext(cx: Context): Poll<U | End> {
    // The type of `Stream.andThen` says what the function's results give.
    if (this.inner.isRunning) return this.inner.poll(cx) as Poll<U>;
    const poll = this.source.pollNext(cx);
    if (poll === Pending) return Pending;
    if (poll === End) return End;
    return this.inner.follow(cx, callWith(cx, this.fn, poll)) as Poll<U>;
  }

  override cancel(cx: Context): Poll<void> {
    this.teardown ??= new Teardown([this.inner, this.source]);
    return this.teardown.cancel(cx);
  }

  override inspectNext(): Inspection {
    const { running } = this.inner;
    return running === null ? super.inspectNext() : around("andThen", running);
  }
}
