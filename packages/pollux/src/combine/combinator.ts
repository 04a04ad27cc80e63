import { Cleanup } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context } from "../core/context.ts";
import { disposalOf } from "../core/disposal.ts";
import {
  CleanupError,
  FutureInUseError,
  PollAfterCompletionError,
  type PolluxError,
} from "../core/errors.ts";
import { attachErrors } from "../core/further-errors.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Begun, Cancelled, Child, Fulfilled, GivenUp, Idle, Rejected } from "./child.ts";
import { LOST } from "./lost.ts";
import { Parent } from "./parent.ts";

// A constant of this module: V8 folds it into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;

/**
 * The life of a combinator. `Settling`: a child has decided the outcome, and the others are being cancelled.
 * `Cancelling`: the combinator itself is, which can begin in `Waiting` and in `Settling`.
 */
const New = 0;
const Waiting = 1;
const Settling = 2;
const Cancelling = 3;
const Done = 4;

/**
 * What joins, selects and races have in common: how they end.
 *
 * When a child {@link decides} the outcome, the others are cancelled, all at the same time, and the outcome is given
 * when the last cleanup has ended. So after the end, as after a cancel, no child is left. What fails in cleanup surfaces
 * in a `CleanupError`, and a value that nobody is going to receive is disposed of if it can be: nothing is lost.
 *
 * Invariant: in `Settling` and `Cancelling` no child is `Idle` or `Begun`.
 */
export abstract class Combinator<T> extends Parent<T> {
  protected readonly what: string;
  private state: number;
  /** Whether a poll or a cancel of this combinator is under way. */
  private busy: boolean;
  /** The child that decided the outcome. */
  protected winner: Child | null;
  private firstFailed: Child | null;
  /** Why children were given up. */
  private reason: unknown;
  /** What failed in cleanup. */
  private errors: unknown[] | null;
  /** The outcome that was won and cannot be delivered. */
  private undelivered: unknown;

  /** @param what - names the combinator in errors, such as `"select"` */
  constructor(what: string) {
    super();
    this.what = what;
    this.state = New;
    this.busy = false;
    this.winner = null;
    this.firstFailed = null;
    this.reason = undefined;
    this.errors = null;
    this.undelivered = undefined;
  }

  /** Whether the failure of a child is one of the whole only if {@link outcome} says so. */
  protected get tolerant(): boolean {
    return false;
  }

  /** Whether it ends with the first of its children: for dumps. */
  protected get firstWins(): boolean {
    return false;
  }

  /** Called before the first child is polled. */
  protected begin(): void {
    // Nothing to prepare.
  }

  /** A child has given a value or failed: whether that decides the outcome, so that the others are given up. */
  protected abstract decides(child: Child): boolean;

  /** The outcome, once all children have ended; may throw. */
  protected abstract outcome(): T;

  override poll(cx: Context): Poll<T> {
    if (this.busy || this.state >= Cancelling) throw this.misuse();
    this.polledWith(cx);
    this.busy = true;
    if (this.state === New) {
      this.state = Waiting;
      this.begin();
    }
    this.advanceWoken(cx.runtime);
    this.busy = false;
    return this.left > 0 ? PENDING : this.finish();
  }

  protected override advance(child: Child): boolean {
    if (child.state === GivenUp) {
      this.cleanUp(child);
      return false;
    }
    const { future } = child;
    let poll: Poll<unknown>;
    try {
      if (child.state === Idle) {
        child.state = Begun;
        future.claim(child);
      }
      poll = future.poll(child);
      if (poll === PENDING) return false;
      child.state = Fulfilled;
      child.value = poll;
    } catch (error) {
      child.state = Rejected;
      child.value = error;
      this.firstFailed ??= child;
    }
    future.release(child);
    this.left--;
    if (!this.decides(child)) return false;
    this.state = Settling;
    this.winner = child;
    this.giveUp(child.state === Rejected ? child.value : LOST);
    return true;
  }

  /** Cancels all children that have not ended: one after the other, but without waiting in between. */
  private giveUp(reason: unknown): void {
    this.reason = reason;
    this.emptyQueue();
    for (let child = this.first; child !== null; child = child.sibling) {
      if (child.state <= Begun) this.giveUpOn(child);
    }
  }

  private giveUpOn(child: Child): void {
    const { future } = child;
    if (child.state === Idle && !future.shared) {
      // Never polled here, but perhaps begun in a loan that is over: then there is something to release. One that
      // somebody else awaits is theirs; that it was given here too does not come up any more.
      if (future.owner !== null) {
        this.cancelled(child);
        return;
      }
      future.claim(child);
    }
    const { runtime } = this.cx as Context;
    const outerReason = runtime.cancelReason;
    child.state = GivenUp;
    child.runtime = runtime;
    runtime.cancelReason = this.reason;
    try {
      // Most cancels end at once, and need no object that drives them.
      if (future.cancel(child) === PENDING) {
        const cleanup = new Cleanup(future, this.reason, `what ${this.what} gave up on`);
        cleanup.wait(child);
        child.value = cleanup;
      } else this.cancelled(child);
    } catch (error) {
      this.cancelFailed(child, error);
    }
    runtime.cancelReason = outerReason;
  }

  private cleanUp(child: Child): void {
    try {
      if ((child.value as Cleanup).poll(child) === PENDING) return;
    } catch (error) {
      this.cancelFailed(child, error);
      return;
    }
    this.cancelled(child);
  }

  private cancelled(child: Child): void {
    child.future.release(child);
    child.state = Cancelled;
    child.value = undefined;
    this.left--;
  }

  private cancelFailed(child: Child, error: unknown): void {
    this.errors = collect(this.errors, error, this.reason);
    this.cancelled(child);
  }

  /** All children have ended: gives the outcome, unless there is something to be disposed of first. */
  private finish(): Poll<T> {
    const failed = this.firstFailed !== null && !this.tolerant;
    if (failed || this.errors !== null) {
      if (failed && this.winner === null) this.reason = this.failure();
      this.busy = true;
      this.discardValues();
      this.busy = false;
      if (this.left > 0) return PENDING;
    }
    const { errors, reason, undelivered } = this;
    try {
      if (errors !== null) throw new CleanupError(reason, errors, undelivered);
      if (failed) throw reason;
      return this.outcome();
    } finally {
      this.end();
    }
  }

  /** The first failure as it is, with those of the others beside it. */
  private failure(): unknown {
    const first = this.firstFailed as Child;
    const others = this.failures(first);
    if (others.length === 0 || attachErrors(first.value, others)) return first.value;
    return new CleanupError(first.value, others);
  }

  private failures(except: Child | null): unknown[] {
    const errors: unknown[] = [];
    for (let child = this.first; child !== null; child = child.sibling) {
      if (child.state === Rejected && child !== except) errors.push(child.value);
    }
    return errors;
  }

  /** Disposes of the values that children have given and that nobody is going to receive. */
  private discardValues(): void {
    if (this.winner?.state === Fulfilled) this.undelivered = this.outcome();
    this.discardOf(this.first);
  }

  private discardOf(first: Child | null): void {
    for (let child = first; child !== null; child = child.sibling) {
      const { future, value } = child;
      // Others may hold what a shared future gives.
      if (child.state !== Fulfilled || future.shared) continue;
      child.state = Cancelled;
      // What a combinator has given holds what its own children have given.
      if (future instanceof Combinator) this.discardOf(future.first);
      else {
        const disposal = disposalOf(value);
        if (disposal !== null) this.giveUpOn(this.adopt(disposal));
      }
    }
  }

  /**
   * Cancels all children and waits for them. If the combinator is cancelling some of them for reasons of its own, it
   * goes on with that, and disposes of what it has won.
   */
  override cancel(cx: Context): Poll<void> {
    if (this.busy) throw this.misuse();
    if (this.state === New) this.end();
    if (this.state === Done) return undefined;
    this.polledWith(cx);
    this.busy = true;
    if (this.state !== Waiting) this.advanceWoken(cx.runtime);
    if (this.state !== Cancelling) this.beginCancel(cx.cancelReason);
    this.busy = false;
    if (this.left > 0) return PENDING;
    const { errors, reason, undelivered } = this;
    this.end();
    if (errors !== null) throw new CleanupError(reason, errors, undelivered);
    return undefined;
  }

  private beginCancel(reason: unknown): void {
    // A failure that was going to be thrown must not vanish with the cancel.
    if (this.firstFailed !== null && !this.tolerant) {
      this.errors = [...this.failures(null), ...(this.errors ?? [])];
    }
    if (this.state === Waiting) this.giveUp(reason);
    else this.reason = reason;
    this.state = Cancelling;
    this.discardValues();
  }

  override inspect(): Inspection {
    return {
      op: this.what,
      futures: this.unfinished(),
      any: this.firstWins && this.state === Waiting,
    };
  }

  private end(): void {
    this.state = Done;
    // Another combinator may still have to dispose of what it has been given by this one.
    this.letGo(this.owner instanceof Child);
    this.winner = null;
    this.firstFailed = null;
    this.reason = undefined;
    this.errors = null;
    this.undelivered = undefined;
  }

  private misuse(): PolluxError {
    if (this.busy) return new FutureInUseError(`this ${this.what} was polled from within its own poll`);
    if (this.state === Cancelling)
      return new FutureInUseError(`this ${this.what} is being cancelled and must not be polled`);
    return new PollAfterCompletionError(`this ${this.what}`);
  }
}
