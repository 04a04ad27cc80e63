import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Consumer } from "./consumer.ts";
import { disposalsOf, Teardown } from "./teardown.ts";

// A constant of this module: V8 folds it into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;

/** All values. */
export class Collect<T> extends Consumer<T, T[]> {
  private values: T[];

  constructor(source: StreamSource<T>) {
    super(source);
    this.values = [];
  }

  protected override get what(): string {
    return "collect";
  }

  protected override consume(cx: Context): Poll<T[]> {
    const { source, values } = this;
    for (;;) {
      const poll = source.pollNext(cx);
      if (poll === PENDING) return PENDING;
      if (poll === End) return values;
      values.push(poll);
    }
  }

  protected override parts(): Cancellable {
    return new Teardown([this.source, ...disposalsOf(this.values)]);
  }
}
