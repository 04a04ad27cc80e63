import { futureOf } from "../combine/single.ts";
import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { blockFuture } from "../core/coroutine.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";

/** What a function given to a stream may return in place of a plain value: a future or a generator, one at a time. */
export class Inner implements Cancellable {
  private future: Future<unknown> | null;
  private readonly who: string;

  /** @param who - names the function in errors, such as `"andThen"` */
  constructor(who: string) {
    this.future = null;
    this.who = who;
  }

  /** What is running. */
  get running(): Future<unknown> | null {
    return this.future;
  }

  get isRunning(): boolean {
    return this.future !== null;
  }

  /**
   * Goes on with what the function has returned: a future or a generator is polled, anything else is the value.
   *
   * @throws TypeError for a promise: it would go on beside the stream, unseen, which is never what was meant
   */
  follow(cx: Context, given: unknown): Poll<unknown> {
    const future =
      given instanceof Promise ? blockFuture(given as never, this.who) : futureOf(given, this.who);
    if (future === null) return given;
    future.claim(this);
    this.future = future;
    return this.poll(cx);
  }

  /** Polls what is running. */
  poll(cx: Context): Poll<unknown> {
    const future = this.future as Future<unknown>;
    let poll: Poll<unknown>;
    try {
      poll = future.poll(cx);
    } catch (error) {
      this.letGo(future);
      throw error;
    }
    if (poll !== Pending) this.letGo(future);
    return poll;
  }

  cancel(cx: Context): Poll<void> {
    const { future } = this;
    if (future === null) return undefined;
    let poll: Poll<void>;
    try {
      poll = future.cancel(cx);
    } catch (error) {
      this.letGo(future);
      throw error;
    }
    if (poll !== Pending) this.letGo(future);
    return poll;
  }

  private letGo(future: Future<unknown>): void {
    future.release(this);
    this.future = null;
  }
}
