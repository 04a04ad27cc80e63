import { Adopted, isThenable } from "../core/adopted.ts";
import { callWith } from "../core/call-with.ts";
import type { Context } from "../core/context.ts";
import { CancelledError } from "../core/errors.ts";
import { type Future, isFuture } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { BlockingThread } from "./blocking-thread.ts";
import type { Services } from "./on-main.ts";

/** A service that a thread has asked for: run by the call that the thread works on, while the thread stands still. */
export class Question {
  readonly name: string;
  private readonly args: readonly unknown[];
  private readonly services: Services;
  private readonly thread: BlockingThread;
  private hasBegun: boolean;
  private future: Future<unknown> | null;

  constructor(name: string, args: readonly unknown[], services: Services, thread: BlockingThread) {
    this.name = name;
    this.args = args;
    this.services = services;
    this.thread = thread;
    this.hasBegun = false;
    this.future = null;
  }

  /** What it waits for, for dumps. */
  get awaited(): Future<unknown> | null {
    return this.future;
  }

  /** Goes on with the service, and answers the thread when that has ended, be it with a failure. */
  poll(cx: Context): Poll<void> {
    try {
      if (!this.hasBegun) {
        this.hasBegun = true;
        const given = callWith(cx, (question: Question) => question.callService(), this);
        if (isFuture(given)) this.future = given;
        else if (isThenable(given)) this.future = new Adopted(given);
        else {
          this.thread.answer({ value: given });
          return undefined;
        }
        this.future.claim(this);
      }
      const value = this.future?.poll(cx);
      if (value === Pending) return Pending;
      this.thread.answer({ value });
    } catch (error) {
      this.thread.answer({ error });
    }
    return undefined;
  }

  /** Gives the service up, and then tells the thread. */
  cancel(cx: Context): Poll<void> {
    let error: unknown = new CancelledError(cx.cancelReason, "the call was cancelled");
    try {
      if (this.future !== null && this.future.cancel(cx) === Pending) return Pending;
    } catch (failure) {
      error = failure;
    }
    this.thread.answer({ error });
    return undefined;
  }

  private callService(): unknown {
    const service = Object.hasOwn(this.services, this.name) ? this.services[this.name] : undefined;
    if (service === undefined)
      throw new TypeError(`there is no service ${this.name}: \`blocking\` is given them as \`services\``);
    return service(...this.args);
  }
}
