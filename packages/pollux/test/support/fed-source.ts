import type { Context, Waker } from "../../src/core/context.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";
import { End, type StreamSource } from "../../src/core/stream-source.ts";

/** A stream that the test feeds, and that remembers what was done to it. */
export class FedSource<T> implements StreamSource<T> {
  polls = 0;
  cancels = 0;
  /** `cx.cancelReason` of the first cancel. */
  reason: unknown = undefined;
  /** What the cancel fails with. */
  cleanupFailure: { error: unknown } | null = null;
  readonly #values: ({ value: T } | { error: unknown })[] = [];
  #ended = false;
  /** Whether a cancel waits for `endCleanup`. */
  readonly #slow: boolean;
  #clean = false;
  #waker: Waker | null = null;

  constructor(cleanup: "sync" | "slow" = "sync") {
    this.#slow = cleanup === "slow";
  }

  feed(...values: T[]): this {
    for (const value of values) this.#values.push({ value });
    this.#waker?.wake();
    return this;
  }

  fail(error: unknown): this {
    this.#values.push({ error });
    this.#waker?.wake();
    return this;
  }

  end(): this {
    this.#ended = true;
    this.#waker?.wake();
    return this;
  }

  endCleanup(): void {
    this.#clean = true;
    this.#waker?.wake();
  }

  pollNext(cx: Context): Poll<T | End> {
    if (this.cancels > 0) throw new Error("polled after its cancel");
    this.polls++;
    const next = this.#values.shift();
    if (next !== undefined) {
      if ("error" in next) throw next.error;
      return next.value;
    }
    if (this.#ended) return End;
    this.#waker = cx.waker;
    return Pending;
  }

  cancel(cx: Context): Poll<void> {
    if (this.cancels++ === 0) this.reason = cx.cancelReason;
    this.#waker = cx.waker;
    if (this.#slow && !this.#clean) return Pending;
    if (this.cleanupFailure !== null) throw this.cleanupFailure.error;
    return undefined;
  }
}
