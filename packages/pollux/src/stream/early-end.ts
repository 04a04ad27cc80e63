import { type Cancellable, Cleanup } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context } from "../core/context.ts";
import { CleanupError } from "../core/errors.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Adapter } from "./adapter.ts";
import { ENOUGH } from "./enough.ts";

/**
 * A stream that can end before its source does: it then cancels that, and gives `End` when the cleanup has ended.
 *
 * Invariant: once `isOver`, nothing is left to be released.
 */
export abstract class EarlyEnd<T, U> extends Adapter<T, U> {
  protected isOver: boolean;
  private cleanup: Cleanup | null;
  private teardown: Cancellable | null;

  constructor(source: StreamSource<T>) {
    super(source);
    this.isOver = false;
    this.cleanup = null;
    this.teardown = null;
  }

  /** What is given up at an early end, and by a cancel. */
  protected parts(): Cancellable {
    return this.source;
  }

  /** Ends, and gives up what is left. To be called again until it gives `End`, and harmless after. */
  protected endEarly(cx: Context): Poll<End> {
    if (this.isOver) return End;
    this.cleanup ??= new Cleanup(this.parts(), ENOUGH, "what a stream that has ended was made of");
    return this.cleanUp(this.cleanup, cx) === Pending ? Pending : End;
  }

  private cleanUp(cleanup: Cleanup, cx: Context): Poll<void> {
    try {
      if (cleanup.poll(cx) === Pending) return Pending;
    } catch (error) {
      this.isOver = true;
      throw new CleanupError(ENOUGH, collect(null, error, ENOUGH));
    }
    this.isOver = true;
    return undefined;
  }

  /** What is being cleaned up is left to that. */
  override cancelNext(): void {
    if (this.cleanup === null) super.cancelNext();
  }

  override cancel(cx: Context): Poll<void> {
    if (this.isOver) return undefined;
    // What is being cleaned up for an end of its own is cleaned up; there is nothing more to cancel.
    if (this.cleanup !== null) return this.cleanUp(this.cleanup, cx);
    this.teardown ??= this.parts();
    return this.teardown.cancel(cx);
  }

  override inspectNext(): Inspection {
    if (this.cleanup === null || this.isOver) return super.inspectNext();
    return { op: "the end", state: "gives up what it was made of" };
  }
}
