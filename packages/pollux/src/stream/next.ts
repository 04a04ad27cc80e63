import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";

/**
 * The next value of a source, which it borrows: a cancel leaves that as it is.
 *
 * @internal
 */
export class Next<T> extends Future<T | End> {
  /** `null` once it has ended. */
  private source: StreamSource<T> | null;

  constructor(source: StreamSource<T>) {
    super();
    this.source = source;
  }

  override poll(cx: Context): Poll<T | End> {
    const { source } = this;
    if (source === null) throw new PollAfterCompletionError("this `next`");
    let poll: Poll<T | End>;
    try {
      poll = source.pollNext(cx);
    } catch (error) {
      this.source = null;
      throw error;
    }
    if (poll !== Pending) this.source = null;
    return poll;
  }

  override cancel(): Poll<void> {
    this.source = null;
  }
}
