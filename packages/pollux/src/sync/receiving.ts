import { blockFuture, co } from "../core/coroutine.ts";
import { ClosedError } from "../core/errors.ts";
import { type Future, isFuture } from "../core/future.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { spawn } from "../task/spawn.ts";
import type { Body } from "./with-guard.ts";

const eachReceived = co(function* forEach<T>(receive: () => Future<T>, fn: (value: T) => unknown) {
  for (;;) {
    let value: T;
    try {
      value = yield* receive();
    } catch (error) {
      if (error instanceof ClosedError) return;
      throw error;
    }
    const result = fn(value);
    if (isBlock(result)) yield* blockFuture(result, "forEach");
  }
});

/**
 * Whether the loop is to wait for what its function has returned. A promise too, though it is refused then: it would go
 * on beside the loop, unseen, which is never what was meant.
 */
function isBlock(result: unknown): result is Body<unknown> {
  if (typeof result !== "object" || result === null) return false;
  return (
    isFuture(result) ||
    Object.prototype.toString.call(result) === "[object Generator]" ||
    result instanceof Promise
  );
}

/**
 * The `forEach` of the receivers, which is `for await` for coroutines: receives until the channel is closed, and waits
 * for what `fn` returns before it goes on.
 *
 * @param receive - makes the future of the next value
 * @throws TypeError if `fn` is no function
 */
export function receiveEach<T>(receive: () => Future<T>, fn: (value: T) => unknown): Future<void> {
  if (typeof fn !== "function") throw new TypeError("forEach needs a function: forEach((value) => { … })");
  // A generic coroutine gives a future of what its body returns, and TypeScript infers `undefined` for this one.
  return eachReceived(receive, fn as (value: unknown) => unknown) as Future<void>;
}

/**
 * The `for await` of the receivers, for code outside of the runtime: each step is a task on the current runtime or on
 * the default one. Leaving the loop early leaves the receiver open.
 */
export class ReceiverIterator<T> implements AsyncIterableIterator<T, undefined, undefined> {
  private readonly receive: () => Future<T>;
  private step: JoinHandle<T> | null = null;
  /** The step that was asked for last. One begins when the one before has ended, as in an async generator. */
  private last: Promise<unknown> | null = null;
  private ended = false;

  constructor(receive: () => Future<T>) {
    this.receive = receive;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const next = this.last === null ? this.advance() : this.last.then(this.advance, this.advance);
    this.last = next;
    return next;
  }

  private readonly advance = async (): Promise<IteratorResult<T, undefined>> => {
    if (this.ended) return { done: true, value: undefined };
    this.step = spawn(this.receive());
    try {
      return { done: false, value: await this.step };
    } catch (error) {
      if (!this.ended && !(error instanceof ClosedError)) throw error;
      this.ended = true;
      return { done: true, value: undefined };
    } finally {
      this.step = null;
    }
  };

  /** Ends the iteration. A step that still waits receives nothing. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.ended = true;
    this.step?.abort();
    await this.last?.catch(() => {});
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
