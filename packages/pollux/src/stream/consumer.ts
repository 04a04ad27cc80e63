import { type Cancellable, Cleanup } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context } from "../core/context.ts";
import { disposalOf } from "../core/disposal.ts";
import {
  CleanupError,
  FutureInUseError,
  PollAfterCompletionError,
  type PolluxError,
} from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { StreamSource } from "../core/stream-source.ts";
import { ENOUGH } from "./enough.ts";
import { Teardown } from "./teardown.ts";

// A constant of this module: V8 folds it into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;

/**
 * Waiting for the source; in a poll; the outcome is there and the stream is being given up; the consumer itself is being
 * cancelled; the end.
 */
const Running = 0;
const Busy = 1;
const Ending = 2;
const Cancelling = 3;
const Done = 4;

/**
 * A future that takes the values of a stream, which it owns: when it fails or has enough before the stream has ended, it
 * gives the stream up and waits for its cleanup before it says so.
 */
export abstract class Consumer<T, R> extends Future<R> {
  protected readonly source: StreamSource<T>;
  /** Set by {@link consume} when it gives its outcome without having seen the end. */
  protected early: boolean;
  private phase: number;
  private outcome: unknown;
  private failed: boolean;
  private cleanup: Cleanup | null;
  private teardown: Cancellable | null;

  constructor(source: StreamSource<T>) {
    super();
    this.source = source;
    this.early = false;
    this.phase = Running;
    this.outcome = undefined;
    this.failed = false;
    this.cleanup = null;
    this.teardown = null;
  }

  /** Takes values until there is an outcome, or none is ready: a source that has values takes budget, so the loop ends. */
  protected abstract consume(cx: Context): Poll<R>;

  /** How a dump calls it. */
  protected abstract readonly what: string;

  /** What it has made of the latest value and waits for. */
  protected get running(): Future<unknown> | null {
    return null;
  }

  /** What is given up when the stream has not ended. */
  protected parts(): Cancellable {
    return this.source;
  }

  override poll(cx: Context): Poll<R> {
    if (this.phase === Running) {
      this.phase = Busy;
      try {
        const poll = this.consume(cx);
        if (poll === PENDING) {
          this.phase = Running;
          return PENDING;
        }
        if (!this.early) {
          this.phase = Done;
          return poll;
        }
        this.outcome = poll;
      } catch (error) {
        this.failed = true;
        this.outcome = error;
      }
      this.phase = Ending;
      this.cleanup = new Cleanup(this.parts(), this.reason, "a stream that was given up");
    }
    return this.end(cx);
  }

  private get reason(): unknown {
    return this.failed ? this.outcome : ENOUGH;
  }

  private end(cx: Context): Poll<R> {
    if (this.phase !== Ending) throw this.misuse();
    try {
      if ((this.cleanup as Cleanup).poll(cx) === PENDING) return PENDING;
    } catch (failure) {
      const { failed, outcome, reason } = this;
      this.finish();
      throw new CleanupError(reason, collect(null, failure, reason), failed ? undefined : outcome);
    }
    const { failed, outcome } = this;
    this.finish();
    if (failed) throw outcome;
    // What `consume` has given.
    return outcome as R;
  }

  override cancel(cx: Context): Poll<void> {
    if (this.phase === Busy) throw this.misuse();
    if (this.phase === Done) return undefined;
    this.teardown ??= this.phase === Running ? this.parts() : this.partsAtEnd();
    this.phase = Cancelling;
    try {
      if (this.teardown.cancel(cx) === PENDING) return PENDING;
    } catch (failure) {
      this.finish();
      throw failure;
    }
    this.finish();
    return undefined;
  }

  /** The cleanup that is under way; with it the outcome, which nobody is going to see. */
  private partsAtEnd(): Cancellable {
    const { cleanup, failed, outcome } = this;
    const goOn: Cancellable = { cancel: (cx) => (cleanup as Cleanup).poll(cx) };
    if (!failed) return new Teardown([goOn, disposalOf(outcome)]);
    const fail: Cancellable = {
      cancel: () => {
        throw outcome;
      },
    };
    return new Teardown([fail, goOn]);
  }

  override inspect(): Inspection {
    if (this.phase > Busy) return { op: this.what, state: "gives its stream up" };
    return around(this.what, this.running ?? this.source);
  }

  private finish(): void {
    this.phase = Done;
    this.outcome = undefined;
    this.cleanup = null;
    this.teardown = null;
  }

  private misuse(): PolluxError {
    if (this.phase === Busy)
      return new FutureInUseError("the consumer of a stream was polled from within its own poll");
    if (this.phase === Cancelling)
      return new FutureInUseError("this consumer of a stream is being cancelled");
    return new PollAfterCompletionError("this consumer of a stream");
  }
}
