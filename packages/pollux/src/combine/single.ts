import type { Context } from "../core/context.ts";
import { blockFuture } from "../core/coroutine.ts";
import { FutureInUseError, PollAfterCompletionError, type PolluxError } from "../core/errors.ts";
import { Future, isFuture, type Suspend } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";

/**
 * A future that goes on from one other at a time: owns it, and passes polls and cancels on with the context as it is.
 *
 * Invariant: `inner` is `null` before there is one, and again once it has ended: by completion or by cancel.
 */
export abstract class Single<T> extends Future<T> {
  protected inner: Future<unknown> | null;
  private readonly what: string;
  private begun: boolean;
  private cancelling: boolean;

  constructor(what: string, inner: Future<unknown> | null) {
    super();
    this.inner = inner;
    this.what = what;
    this.begun = false;
    this.cancelling = false;
  }

  /** Polls the inner future; lets go of it when that has given a value or thrown. */
  protected pollInner(cx: Context): Poll<unknown> {
    const { inner } = this;
    if (inner === null || this.cancelling) throw this.misuse();
    let poll: Poll<unknown>;
    try {
      if (!this.begun) {
        this.begun = true;
        inner.claim(this);
      }
      poll = inner.poll(cx);
    } catch (error) {
      this.letGo(inner);
      throw error;
    }
    if (poll !== Pending) this.letGo(inner);
    return poll;
  }

  private letGo(inner: Future<unknown>): void {
    inner.release(this);
    this.inner = null;
  }

  /**
   * Goes on with what a function of the user's has returned: a future or a generator becomes the inner future and is
   * polled, anything else is the value.
   */
  protected follow(cx: Context, given: unknown): Poll<unknown> {
    const next = futureOf(given, this.what);
    if (next === null) return given;
    this.inner = next;
    this.begun = false;
    return this.pollInner(cx);
  }

  override cancel(cx: Context): Poll<void> {
    const { inner } = this;
    this.cancelling = true;
    if (inner === null || !this.begun) {
      this.inner = null;
      return undefined;
    }
    let poll: Poll<void>;
    try {
      poll = inner.cancel(cx);
    } catch (error) {
      this.letGo(inner);
      throw error;
    }
    if (poll !== Pending) this.letGo(inner);
    return poll;
  }

  override inspect(): Inspection {
    return around(this.what, this.inner);
  }

  protected misuse(): PolluxError {
    if (this.cancelling && this.inner !== null) {
      return new FutureInUseError(`this ${this.what} is being cancelled and must not be polled`);
    }
    return new PollAfterCompletionError(`this ${this.what}`);
  }
}

/** The future that a function of the user's has returned, as it is or as a generator; `null` for any other value. */
export function futureOf(given: unknown, who: string): Future<unknown> | null {
  if (typeof given !== "object" || given === null) return null;
  if (isFuture(given)) return given;
  if (Object.prototype.toString.call(given) !== "[object Generator]") return null;
  // A generator that yields something else is told so when it is run.
  return blockFuture(given as Generator<Suspend, unknown, unknown>, who);
}
