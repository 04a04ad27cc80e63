import { Cleanup } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context } from "../core/context.ts";
import { CancelledError, CleanupError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { spawn } from "../task/spawn.ts";
import { Close } from "./close.ts";

/** One step of a loop. An error ends the loop, which does not call `return` then: so the stream is closed first. */
class Step<T> extends Future<T | End> {
  private readonly source: StreamSource<T>;
  private failure: unknown = undefined;
  /** Set once the stream has failed. */
  private cleanup: Cleanup | null = null;

  constructor(source: StreamSource<T>) {
    super();
    this.source = source;
  }

  override poll(cx: Context): Poll<T | End> {
    if (this.cleanup === null) {
      try {
        return this.source.pollNext(cx);
      } catch (error) {
        this.failure = error;
        this.cleanup = new Cleanup(this.source, error, "a stream that failed in a `for await`");
      }
    }
    if (this.cleanUp(this.cleanup, cx) === Pending) return Pending;
    throw this.failure;
  }

  private cleanUp(cleanup: Cleanup, cx: Context): Poll<void> {
    try {
      return cleanup.poll(cx);
    } catch (error) {
      throw new CleanupError(this.failure, collect(null, error, this.failure));
    }
  }

  /** The stream is closed by who cancels, unless it has failed: then that goes on, and the failure is not lost. */
  override cancel(cx: Context): Poll<void> {
    if (this.cleanup === null) return undefined;
    if (this.cleanUp(this.cleanup, cx) === Pending) return Pending;
    throw this.failure;
  }

  override inspect(): Inspection {
    if (this.cleanup !== null) return { op: "for await", state: "gives its stream up" };
    return around("for await", this.source);
  }
}

/** The `for await` of a stream, which it owns. */
export class StreamIterator<T> implements AsyncIterableIterator<T, undefined, undefined> {
  private readonly source: StreamSource<T>;
  private step: JoinHandle<T | End> | null = null;
  /** The step that was asked for last. One begins when the one before has ended, as in an async generator. */
  private last: Promise<unknown> | null = null;
  private ended = false;

  constructor(source: StreamSource<T>) {
    this.source = source;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const next = this.last === null ? this.advance() : this.last.then(this.advance, this.advance);
    this.last = next;
    return next;
  }

  private readonly advance = async (): Promise<IteratorResult<T, undefined>> => {
    if (this.ended) return { done: true, value: undefined };
    this.step = spawn(new Step(this.source));
    try {
      const value = await this.step;
      if (value !== End) return { done: false, value };
      this.ended = true;
      return { done: true, value: undefined };
    } catch (error) {
      // A step that `return` has aborted is no failure.
      if (this.ended && error instanceof CancelledError) return { done: true, value: undefined };
      this.ended = true;
      throw error;
    } finally {
      this.step = null;
    }
  };

  /** Gives the stream up and waits for its cleanup. A step that still waits receives nothing. */
  async return(): Promise<IteratorResult<T, undefined>> {
    if (!this.ended) {
      this.ended = true;
      this.step?.abort();
      await this.last?.catch(() => {});
      await spawn(new Close(this.source));
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
