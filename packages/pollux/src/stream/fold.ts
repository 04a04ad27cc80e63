import { ambient } from "../core/ambient.ts";
import { callWithBoth } from "../core/call-with.ts";
import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Consumer } from "./consumer.ts";
import { Inner } from "./inner.ts";
import { Teardown } from "./teardown.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const current = ambient;

/** What a function makes of all values. */
export class Fold<T, S> extends Consumer<T, S> {
  private state: S;
  private readonly fn: (state: S, value: T) => unknown;
  private readonly inner: Inner;

  constructor(source: StreamSource<T>, initial: S, fn: (state: S, value: T) => unknown) {
    super(source);
    this.state = initial;
    this.fn = fn;
    this.inner = new Inner("fold");
  }

  protected override get what(): string {
    return "fold";
  }

  protected override get running(): Future<unknown> | null {
    return this.inner.running;
  }

  protected override consume(cx: Context): Poll<S> {
    const { fn, inner, source } = this;
    if (inner.isRunning) {
      const poll = inner.poll(cx);
      if (poll === PENDING) return PENDING;
      // The type of `Stream.fold` says what the function's results give: here and below.
      this.state = poll as S;
    }
    for (;;) {
      const poll = source.pollNext(cx);
      if (poll === PENDING) return PENDING;
      if (poll === End) return this.state;
      // As in `Mapped`.
      const { state } = this;
      let result: Poll<unknown> = current.cx === cx ? fn(state, poll) : callWithBoth(cx, fn, state, poll);
      if (typeof result === "object" && result !== null) {
        result = inner.follow(cx, result);
        if (result === PENDING) return PENDING;
      }
      this.state = result as S;
    }
  }

  protected override parts(): Cancellable {
    return this.inner.isRunning ? new Teardown([this.inner, this.source]) : this.source;
  }
}
