import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";

/** Gives a stream up. A cancel goes on with that. */
export class Close extends Future<void> {
  /** `null` once there is nothing left to do. */
  private source: Cancellable | null;
  private ended: boolean;

  /** @param source - `null` if there is nothing to be closed */
  constructor(source: Cancellable | null) {
    super();
    this.source = source;
    this.ended = false;
  }

  override poll(cx: Context): Poll<void> {
    if (this.ended) throw new PollAfterCompletionError("this `close`");
    return this.drive(cx);
  }

  override cancel(cx: Context): Poll<void> {
    return this.drive(cx);
  }

  private drive(cx: Context): Poll<void> {
    try {
      if (this.source?.cancel(cx) === Pending) return Pending;
    } catch (error) {
      this.end();
      throw error;
    }
    this.end();
    return undefined;
  }

  private end(): void {
    this.source = null;
    this.ended = true;
  }

  override inspect(): Inspection {
    return { op: "close", state: "a stream is being given up" };
  }
}
