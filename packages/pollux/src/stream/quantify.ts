import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Consumer } from "./consumer.ts";

/** Whether a predicate is `answer` for one value at least: ends with `answer` there, and with its opposite otherwise. */
export class Quantify<T> extends Consumer<T, boolean> {
  private readonly predicate: (value: T) => boolean;
  private readonly answer: boolean;

  constructor(source: StreamSource<T>, predicate: (value: T) => boolean, answer: boolean) {
    super(source);
    this.predicate = predicate;
    this.answer = answer;
  }

  protected override get what(): string {
    return this.answer ? "any" : "all";
  }

  protected override consume(cx: Context): Poll<boolean> {
    const { answer } = this;
    for (;;) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending) return Pending;
      if (poll === End) return !answer;
      if (callWith(cx, this.predicate, poll) === answer) {
        this.early = true;
        return answer;
      }
    }
  }
}
