import { Cleanup } from "../core/cleanup.ts";
import type { Context, Waker } from "../core/context.ts";
import { CleanupError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import type { LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { CancelListener, CancelState } from "./cancel-state.ts";

/**
 * The life of it: `New`, `Running`; then `GivingUp`, if the token was cancelled, or `Dropped`, if it was itself cancelled
 * before that; `Done`.
 */
const New = 0;
const Running = 1;
const GivingUp = 2;
const Dropped = 3;
const Done = 4;

/** Polls a future until it ends or a token is cancelled; in the latter case cancels it and waits for its cleanup. */
export class RunUntilCancelled<T> extends Future<T | undefined> implements CancelListener {
  private readonly token: CancelState;
  private readonly future: Future<T>;
  private state: number = New;
  private waker: Waker | null = null;
  private cleanup: Cleanup | null = null;
  before: CancelListener | null = null;
  after: CancelListener | null = null;
  list: LinkedList<CancelListener> | null = null;

  constructor(token: CancelState, future: Future<T>) {
    super();
    this.token = token;
    this.future = future;
  }

  override poll(cx: Context): Poll<T | undefined> {
    if (this.state === New) {
      this.future.claim(this);
      this.state = this.token.isCancelled ? GivingUp : Running;
    }
    if (this.state === Running) {
      const poll = this.run(cx);
      if (poll !== Pending || this.state === Running) return poll;
    }
    if (this.state !== GivingUp) throw new PollAfterCompletionError("this runUntilCancelled()");
    return this.giveUp(cx);
  }

  /** The future goes first: a value that is there already is not thrown away. */
  private run(cx: Context): Poll<T> {
    let poll: Poll<T>;
    try {
      poll = this.future.poll(cx);
    } catch (error) {
      this.leave(Done);
      throw error;
    }
    if (poll !== Pending) this.leave(Done);
    else if (this.token.isCancelled) this.leave(GivingUp);
    else {
      this.waker = cx.waker;
      if (this.list === null) this.token.listen(this);
    }
    return poll;
  }

  override cancel(cx: Context): Poll<void> {
    if (this.state === GivingUp) return this.giveUp(cx);
    if (this.state === Running) this.leave(Dropped);
    if (this.state === Dropped) return this.drop(cx);
    this.state = Done;
    return undefined;
  }

  override inspect(): Inspection {
    return { ...around("runUntilCancelled", this.future), any: true, outside: this.state === Running };
  }

  onCancel(): void {
    this.waker?.wake();
  }

  private giveUp(cx: Context): Poll<undefined> {
    const reason = this.token.reason;
    this.cleanup ??= new Cleanup(this.future, reason, "what runUntilCancelled gave up on");
    try {
      if (this.cleanup.poll(cx) === Pending) return Pending;
    } catch (error) {
      this.state = Done;
      if (error instanceof CleanupError && error.cause === reason) throw error;
      throw new CleanupError(reason, [error]);
    }
    this.state = Done;
    return undefined;
  }

  private drop(cx: Context): Poll<void> {
    let ended = true;
    try {
      ended = this.future.cancel(cx) !== Pending;
    } finally {
      if (ended) this.state = Done;
    }
    return ended ? undefined : Pending;
  }

  private leave(state: number): void {
    this.state = state;
    this.waker = null;
    if (this.list !== null) this.token.unlisten(this);
  }
}
