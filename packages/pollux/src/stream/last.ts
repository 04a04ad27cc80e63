import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Consumer } from "./consumer.ts";
import { disposalsOf, Teardown } from "./teardown.ts";

/** The last value; `undefined` if there is none. */
export class Last<T> extends Consumer<T, T | undefined> {
  private value: T | undefined;

  constructor(source: StreamSource<T>) {
    super(source);
    this.value = undefined;
  }

  protected override get what(): string {
    return "last";
  }

  protected override consume(cx: Context): Poll<T | undefined> {
    for (;;) {
      const poll = this.source.pollNext(cx);
      if (poll === Pending) return Pending;
      if (poll === End) return this.value;
      this.value = poll;
    }
  }

  protected override parts(): Cancellable {
    return new Teardown([this.source, ...disposalsOf([this.value])]);
  }
}
