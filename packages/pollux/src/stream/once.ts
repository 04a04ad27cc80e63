import type { Context } from "../core/context.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Inner } from "./inner.ts";

/** Not polled yet; the future runs; given. */
const New = 0;
const Running = 1;
const Done = 2;

/** One value: given, or that of a future. */
export class Once<T> implements StreamSource<T> {
  private value: unknown;
  private readonly inner: Inner;
  private state: number;

  constructor(value: unknown) {
    this.value = value;
    this.inner = new Inner("Stream.once");
    this.state = New;
  }

  pollNext(cx: Context): Poll<T | End> {
    if (this.state === Done) return End;
    if (this.state === New && !cx.takeBudget()) return Pending;
    let poll: Poll<unknown> = Pending;
    try {
      poll = this.state === New ? this.begin(cx) : this.inner.poll(cx);
    } catch (error) {
      this.state = Done;
      throw error;
    }
    if (poll !== Pending) this.state = Done;
    // The type of `Stream.once` says what a future gives.
    return poll as Poll<T>;
  }

  private begin(cx: Context): Poll<unknown> {
    const { value } = this;
    this.value = undefined;
    this.state = Running;
    return this.inner.follow(cx, value);
  }

  cancel(cx: Context): Poll<void> {
    this.state = Done;
    return this.inner.cancel(cx);
  }

  inspectNext(): Inspection {
    return around("once", this.inner.running);
  }
}
