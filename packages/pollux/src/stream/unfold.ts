import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Inner } from "./inner.ts";

/** Values made of a state, which each step replaces. */
export class Unfold<S, T> implements StreamSource<T> {
  private state: S;
  /** `null` once it has ended. */
  private fn: ((state: S) => unknown) | null;
  private readonly inner: Inner;

  constructor(seed: S, fn: (state: S) => unknown) {
    this.state = seed;
    this.fn = fn;
    this.inner = new Inner("unfold");
  }

  pollNext(cx: Context): Poll<T | End> {
    const { fn, inner } = this;
    if (fn === null) return End;
    let poll: Poll<unknown>;
    try {
      if (inner.isRunning) poll = inner.poll(cx);
      else {
        if (!cx.takeBudget()) return Pending;
        poll = inner.follow(cx, callWith(cx, fn, this.state));
      }
    } catch (error) {
      // There is no next state to go on with.
      this.fn = null;
      throw error;
    }
    if (poll === Pending) return Pending;
    if (poll === undefined) {
      this.fn = null;
      return End;
    }
    // The type of `Stream.unfold` says what the function gives.
    const [value, state] = poll as [T, S];
    this.state = state;
    return value;
  }

  cancel(cx: Context): Poll<void> {
    this.fn = null;
    return this.inner.cancel(cx);
  }

  inspectNext(): Inspection {
    return around("unfold", this.inner.running);
  }
}
