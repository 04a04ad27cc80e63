import { AsyncIteration } from "../core/async-iteration.ts";
import { future, isThenable } from "../core/compiled.ts";
import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";

/** Nothing is given; a value that nobody has taken yet; taken, and the next one not wanted yet. */
const Idle = 0;
const Offered = 1;
const Given = 2;

/**
 * What an async generator waits for at each `yield` and `yield*`: one object for all of them, since only one is reached at
 * a time. It is pending from the value until the next one is wanted.
 *
 * Invariants:
 * - `settling` is what is awaited before its value is given, as a promise is.
 * - `delegation` is what a `yield*` gives the values of, and `step` its steps; `closing` gives it up.
 */
export class Yielding<T> extends Future<unknown> {
  private state: number;
  private value: unknown;
  private settling: Future<unknown> | null;
  private delegation: AsyncIteration | null;
  private step: Future<boolean> | null;
  private closing: Future<void> | null;
  private failure: { readonly error: unknown } | null;
  /** What giving up a step has failed with. */
  private cancelFailure: { readonly error: unknown } | null;
  private isClosed: boolean;

  constructor() {
    super();
    this.state = Idle;
    this.value = undefined;
    this.settling = null;
    this.delegation = null;
    this.step = null;
    this.closing = null;
    this.failure = null;
    this.cancelFailure = null;
    this.isClosed = false;
  }

  /** `yield`: a promise, a thenable or a future is awaited first. */
  give(value: unknown): this {
    if (isThenable(value)) {
      this.settling = future(value);
      this.settling.claim(this);
    } else this.offer(value);
    return this;
  }

  /** `yield*`: each value of a stream, an async iterable or an iterable. Its own value is what an iterator returns. */
  giveAll(iterable: unknown): this {
    this.checkOpen();
    this.delegation = new AsyncIteration(iterable);
    this.step = this.delegation.next();
    return this;
  }

  private checkOpen(): void {
    if (this.isClosed) throw new ClosedError("the stream of this `yield`");
  }

  private offer(value: unknown): void {
    this.checkOpen();
    this.value = value;
    this.state = Offered;
  }

  get hasValue(): boolean {
    return this.state === Offered;
  }

  /** Takes the value that is there. */
  take(): T {
    // What is yielded is of the generator's type: the compiler of TypeScript has seen to it.
    const value = this.value as T;
    this.value = undefined;
    this.state = Given;
    return value;
  }

  /** The next value is wanted: the generator goes on from its `yield` once it is polled. */
  proceed(): void {
    if (this.state === Given) this.state = Idle;
  }

  /** The stream is given up: a `yield` in a `finally` has nobody to give to. */
  close(): void {
    this.isClosed = true;
  }

  override poll(cx: Context): Poll<unknown> {
    if (this.state !== Idle) return Pending;
    if (this.settling !== null) return this.settle(cx, this.settling);
    if (this.delegation !== null) return this.delegate(cx, this.delegation);
    return undefined;
  }

  private settle(cx: Context, settling: Future<unknown>): Pending {
    let value: unknown;
    try {
      value = settling.poll(cx);
    } catch (error) {
      this.settling = null;
      throw error;
    }
    if (value === Pending) return Pending;
    this.settling = null;
    this.offer(value);
    return Pending;
  }

  private delegate(cx: Context, delegation: AsyncIteration): Poll<unknown> {
    if (this.failure === null) {
      try {
        const poll = this.step?.poll(cx);
        if (poll === Pending) return Pending;
        if (poll === true) {
          this.offer(delegation.value);
          return Pending;
        }
        this.endDelegation();
        return delegation.result;
      } catch (error) {
        this.failure = { error };
        this.closing = delegation.fail();
      }
    }
    if (this.closing?.poll(cx) === Pending) return Pending;
    const { error } = this.failure;
    this.endDelegation();
    throw error;
  }

  private endDelegation(): void {
    this.delegation = null;
    this.step = null;
    this.closing = null;
    this.failure = null;
    this.cancelFailure = null;
  }

  /** Gives up what is awaited, or what a `yield*` goes over. */
  override cancel(cx: Context): Poll<void> {
    this.state = Idle;
    this.value = undefined;
    const { settling, delegation } = this;
    if (settling !== null) {
      if (settling.cancel(cx) === Pending) return Pending;
      this.settling = null;
    }
    if (delegation === null) return undefined;
    if (this.closing === null) {
      try {
        if (this.step?.cancel(cx) === Pending) return Pending;
        this.closing = delegation.close();
      } catch (error) {
        // What it goes over is closed all the same.
        this.cancelFailure = { error };
        this.closing = delegation.fail();
      }
    }
    try {
      if (this.closing.poll(cx) === Pending) return Pending;
    } catch (error) {
      this.endDelegation();
      throw error;
    }
    const { cancelFailure } = this;
    this.endDelegation();
    if (cancelFailure !== null) throw cancelFailure.error;
    return undefined;
  }

  override inspect(): Inspection {
    if (this.settling !== null) return { op: "yield", futures: [["", this.settling]] };
    if (this.state !== Idle) return { op: "yield", state: "the next value is not wanted yet" };
    const waiting = this.closing ?? this.step;
    return waiting === null ? { op: "yield" } : { op: "yield*", futures: [["", waiting]] };
  }
}
