import { ambient } from "../core/ambient.ts";
import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const current = ambient;

/** What a function makes of each value. */
export class Mapped<T, U> extends Adapter<T, U> {
  private readonly fn: (value: T) => U;

  constructor(source: StreamSource<T>, fn: (value: T) => U) {
    super(source);
    this.fn = fn;
  }

  override pollNext(cx: Context): Poll<U | End> {
    const poll = this.source.pollNext(cx);
    if (poll === PENDING) return PENDING;
    if (poll === End) return End;
    const { fn } = this;
    // The function is called from here where it can be: V8 sees what it is at each place for itself, and inlines it.
    return current.cx === cx ? fn(poll) : callWith(cx, fn, poll);
  }
}
