import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import { Pending } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import type { Accepts } from "./accept.ts";

/**
 * Connections as they come, until the listener is closed.
 *
 * @internal
 */
export class Incoming<S> implements StreamSource<S> {
  private readonly listener: Accepts<S>;

  constructor(listener: Accepts<S>) {
    this.listener = listener;
  }

  pollNext(cx: Context): Poll<S | End> {
    const { listener } = this;
    if (listener.isClosed) {
      this.cancel();
      return End;
    }
    let poll: Poll<S>;
    try {
      listener.reading.begin(this);
      poll = listener.pollAccept(cx);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll !== Pending) this.cancel();
    return poll;
  }

  cancelNext(): void {
    this.cancel();
  }

  /** The next connection stays for whoever asks next. */
  cancel(): void {
    if (this.listener.reading.end(this)) this.listener.cancelRead();
  }

  inspectNext(): Inspection {
    return { op: "accept() on", target: this.listener.inspected };
  }
}
