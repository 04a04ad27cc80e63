import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Consumer } from "./consumer.ts";

/** How many values there are. */
export class Count extends Consumer<unknown, number> {
  private count: number;

  constructor(source: StreamSource<unknown>) {
    super(source);
    this.count = 0;
  }

  protected override get what(): string {
    return "count";
  }

  protected override consume(cx: Context): Poll<number> {
    for (;;) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending) return Pending;
      if (poll === End) return this.count;
      this.count++;
    }
  }
}
