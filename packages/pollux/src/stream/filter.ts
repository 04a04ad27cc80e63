import { ambient } from "../core/ambient.ts";
import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const current = ambient;

/** The values for which a predicate is true. */
export class Filter<T> extends Adapter<T, T> {
  private readonly predicate: (value: T) => boolean;

  constructor(source: StreamSource<T>, predicate: (value: T) => boolean) {
    super(source);
    this.predicate = predicate;
  }

  override pollNext(cx: Context): Poll<T | End> {
    for (;;) {
      const poll = this.source.pollNext(cx);
      if (poll === PENDING || poll === End) return poll;
      // As in `Mapped`.
      const { predicate } = this;
      if (current.cx === cx ? predicate(poll) : callWith(cx, predicate, poll)) return poll;
    }
  }
}
