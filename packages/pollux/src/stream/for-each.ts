import { ambient } from "../core/ambient.ts";
import { callWith } from "../core/call-with.ts";
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

/** Calls a function with each value, and waits for what it returns. */
export class ForEach<T> extends Consumer<T, void> {
  private readonly fn: (value: T) => unknown;
  private readonly inner: Inner;

  constructor(source: StreamSource<T>, fn: (value: T) => unknown) {
    super(source);
    this.fn = fn;
    this.inner = new Inner("forEach");
  }

  protected override get what(): string {
    return "forEach";
  }

  protected override get running(): Future<unknown> | null {
    return this.inner.running;
  }

  protected override consume(cx: Context): Poll<void> {
    const { fn, inner, source } = this;
    if (inner.isRunning && inner.poll(cx) === PENDING) return PENDING;
    for (;;) {
      const poll = source.pollNext(cx);
      if (poll === PENDING) return PENDING;
      if (poll === End) return undefined;
      // As in `Mapped`.
      const result = current.cx === cx ? fn(poll) : callWith(cx, fn, poll);
      if (typeof result === "object" && result !== null && inner.follow(cx, result) === PENDING)
        return PENDING;
    }
  }

  protected override parts(): Cancellable {
    return this.inner.isRunning ? new Teardown([this.inner, this.source]) : this.source;
  }
}
