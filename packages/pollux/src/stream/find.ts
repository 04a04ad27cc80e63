import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Consumer } from "./consumer.ts";

/** The first value that a predicate accepts; `undefined` if there is none. */
export class Find<T> extends Consumer<T, T | undefined> {
  private readonly predicate: (value: T) => boolean;

  constructor(source: StreamSource<T>, predicate: (value: T) => boolean) {
    super(source);
    this.predicate = predicate;
  }

  protected override get what(): string {
    return "find";
  }

  protected override consume(cx: Context): Poll<T | undefined> {
    for (;;) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending) return Pending;
      if (poll === End) return undefined;
      if (callWith(cx, this.predicate, poll)) {
        this.early = true;
        return poll;
      }
    }
  }
}
