import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { KEEPS_NOTHING_ALIVE } from "../node/keeps-nothing-alive.ts";
import { Waiting } from "../reactor/waiting.ts";

/** How Node tells the outcome of an operation: the error is `null` where there is none. */
export type Done<T> = (error: Error | null, value: T) => void;

/** What a request does, and what becomes of it when it is given up. */
export interface RequestSpec<T> {
  /** Names it in errors and dumps: `"stat"`. */
  readonly op: string;
  /** What it is about, for dumps: a path. */
  readonly about: string;
  /** Asks the system. An operation that first has to wait for another one looks at `isGivenUp` before it begins. */
  readonly start: (done: Done<T>, isGivenUp: () => boolean) => void;
  /**
   * Whether a cancel waits until the system has done with it: for what changes something, or has a buffer of the caller's.
   * What only looks is left to itself.
   */
  readonly finishes: boolean;
  /** Gives back a value that nobody took. */
  readonly tooLate?: (value: T) => void;
}

/** `Running` until the system has answered; `Answered` until somebody has taken that. */
const New = 0;
const Running = 1;
const Answered = 2;
const Abandoned = 3;
const Over = 4;

/**
 * An operation of the file system, in a thread of libuv's pool, begun by the first poll. It cannot be stopped there.
 *
 * @internal
 */
export class Request<T> extends Future<T> {
  private readonly spec: RequestSpec<T>;
  /** libuv keeps the process alive while a thread of its is at work. */
  private readonly waiting: Waiting;
  private state: number;
  private isGivenUp: boolean;
  private error: Error | null;
  private value: T | undefined;

  constructor(spec: RequestSpec<T>) {
    super();
    this.spec = spec;
    this.waiting = new Waiting(KEEPS_NOTHING_ALIVE);
    this.state = New;
    this.isGivenUp = false;
    this.error = null;
    this.value = undefined;
  }

  override poll(cx: Context): Poll<T> {
    if (this.state >= Abandoned) throw new PollAfterCompletionError(`${this.spec.op}()`);
    if (!cx.takeBudget()) return Pending;
    if (this.state === New) {
      requireNodeLoop(cx.runtime, "files");
      this.begin();
    }
    if (this.state === Running) {
      cx.refundBudget();
      this.waiting.begin(cx);
      return Pending;
    }
    this.state = Over;
    if (this.error !== null) throw this.error;
    // Without an error there is the value.
    return this.value as T;
  }

  private begin(): void {
    this.state = Running;
    try {
      this.spec.start(
        (error, value) => this.answer(error, value),
        () => this.isGivenUp,
      );
    } catch (error) {
      // Node throws nothing but errors of its own.
      if (this.state === Running) this.answer(error as Error, undefined as T);
    }
  }

  private answer(error: Error | null, value: T): void {
    const { state } = this;
    if (state === Abandoned) {
      this.state = Over;
      if (error === null) this.spec.tooLate?.(value);
      return;
    }
    this.state = Answered;
    this.error = error;
    this.value = value;
    this.waiting.wake();
  }

  override cancel(cx: Context): Poll<void> {
    this.isGivenUp = true;
    if (this.state === Running && this.spec.finishes) {
      this.waiting.begin(cx);
      return Pending;
    }
    this.waiting.end();
    if (this.state === Running) {
      this.state = Abandoned;
      return undefined;
    }
    const isUnclaimed = this.state === Answered && this.error === null;
    if (this.state !== Abandoned) this.state = Over;
    // The answer has a value then.
    if (isUnclaimed) this.spec.tooLate?.(this.value as T);
    return undefined;
  }

  override inspect(): Inspection {
    return { op: this.spec.op, state: this.spec.about };
  }
}
