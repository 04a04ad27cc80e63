import type { Context, RuntimeHandle, Waker } from "./context.ts";
import { PollAfterCompletionError } from "./errors.ts";
import { Future } from "./future.ts";
import type { Inspection } from "./inspection.ts";
import { requireNodeLoop } from "./owned-thread.ts";
import { Pending, type Poll } from "./poll.ts";

/** `Fulfilled` and `Rejected`: settled, and not taken yet. `Abandoned`: cancelled while it waited. */
const New = 0;
const Waiting = 1;
const Fulfilled = 2;
const Rejected = 3;
const Abandoned = 4;
const Done = 5;

/**
 * Waits for a promise, or any other thenable. It subscribes at the first poll; while it waits, it counts among the
 * runtime's outstanding operations, so that a paused clock does not run ahead of it.
 *
 * A cancel cannot stop a promise: it ends the waiting. What the promise comes to later is nobody's any more, a rejection
 * too: whoever cancels says that the outcome does not matter.
 */
export class Adopted<T> extends Future<T> {
  private source: PromiseLike<T> | null;
  private state: number;
  private outcome: unknown;
  private waker: Waker | null;
  /** Set while this counts among the runtime's outstanding operations. */
  private runtime: RuntimeHandle | null;

  constructor(source: PromiseLike<T> | null) {
    super();
    this.source = source;
    this.state = New;
    this.outcome = undefined;
    this.waker = null;
    this.runtime = null;
  }

  /** What it is for the error where it cannot be waited for, in the plural. */
  protected get kind(): string {
    return "promises";
  }

  /** What to wait for, asked for at the first poll. */
  protected begin(_cx: Context): PromiseLike<T> | T {
    return this.source as PromiseLike<T>;
  }

  /** Given the value that has come after the cancel. */
  protected tooLate(_value: T): void {
    // A promise that was made elsewhere has others who see to its value.
  }

  override poll(cx: Context): Poll<T> {
    if (this.state >= Abandoned) throw new PollAfterCompletionError("this promise's future");
    if (!cx.takeBudget()) return Pending;
    if (this.state === New) {
      requireNodeLoop(cx.runtime, this.kind);
      this.subscribe(cx);
    }
    if (this.isWaiting) {
      cx.refundBudget();
      this.count(cx);
      this.waitWith(cx);
      return Pending;
    }
    return this.take();
  }

  override cancel(_cx: Context): Poll<void> {
    if (this.state < Abandoned) this.end(this.isWaiting ? Abandoned : Done, undefined);
  }

  override inspect(): Inspection {
    return { op: "a promise" };
  }

  private subscribe(cx: Context): void {
    this.state = Waiting;
    try {
      const given = this.begin(cx);
      this.source = null;
      if (!isThenable(given)) {
        this.settle(Fulfilled, given);
        return;
      }
      this.count(cx);
      given.then(
        (value) => this.settle(Fulfilled, value),
        (error) => this.settle(Rejected, error),
      );
    } catch (error) {
      this.settle(Rejected, error);
    }
  }

  private count(cx: Context): void {
    if (this.runtime !== null) return;
    this.runtime = cx.runtime;
    this.runtime.outstanding++;
  }

  /** Nobody waits any more. What the promise comes to is kept for the next poll. */
  stopWaiting(): void {
    this.waker = null;
    if (this.runtime !== null) this.runtime.outstanding--;
    this.runtime = null;
  }

  /** The first call counts: thenables that call twice exist. */
  private settle(state: number, outcome: unknown): void {
    if (this.state === Waiting) {
      const { waker } = this;
      this.end(state, outcome);
      waker?.wake();
    } else if (this.state === Abandoned) {
      this.state = Done;
      if (state === Fulfilled) this.tooLate(outcome as T);
    }
  }

  /** Whether it has begun and not ended, settled or not. */
  protected get hasBegun(): boolean {
    return this.state > New && this.state < Abandoned;
  }

  protected get isWaiting(): boolean {
    return this.state === Waiting;
  }

  protected waitWith(cx: Context): void {
    this.waker = cx.waker;
  }

  /** The outcome of a promise that has settled. */
  protected take(): T {
    const { outcome, state } = this;
    this.end(Done, undefined);
    if (state === Rejected) throw outcome;
    return outcome as T;
  }

  private end(state: number, outcome: unknown): void {
    this.state = state;
    this.outcome = outcome;
    this.source = null;
    this.stopWaiting();
  }
}

/** Whether `await` would wait for it. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof (value as Partial<PromiseLike<unknown>>).then === "function";
}
