import type { Context, Waker } from "../../src/core/context.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";
import { End, type StreamSource } from "../../src/core/stream-source.ts";
import type { CleanupKind } from "./probe.ts";

/**
 * A source that is driven by hand, from outside: it counts what is done with it, and notes every breach of the rules that
 * whoever owns a source has to keep. {@link Feed.breaches} must be empty at the end of a test.
 */
export class Feed<T> implements StreamSource<T> {
  readonly cleanup: CleanupKind;
  readonly breaches: string[] = [];
  polls = 0;
  cancels = 0;
  /** `cx.cancelReason` of the first cancel. */
  reason: unknown = undefined;
  state: "new" | "open" | "ended" | "cancelling" | "cancelled" = "new";
  readonly #queue: ({ value: T } | { error: unknown } | "end")[] = [];
  #mayEnd = false;
  #cleanupError: { error: unknown } | undefined;
  #waker: Waker | undefined;

  constructor(values: Iterable<T> = [], cleanup: CleanupKind = "sync") {
    this.cleanup = cleanup;
    this.push(...values);
  }

  push(...values: T[]): this {
    for (const value of values) this.#queue.push({ value });
    return this.#changed();
  }

  fail(error: unknown): this {
    this.#queue.push({ error });
    return this.#changed();
  }

  end(): this {
    this.#queue.push("end");
    return this.#changed();
  }

  /** Has a slow cleanup fail when it ends. */
  failCleanup(error: unknown): this {
    this.#cleanupError = { error };
    return this;
  }

  endCleanup(): void {
    this.#mayEnd = true;
    this.#changed();
  }

  /** Wakes whoever polled last. */
  wake(): void {
    this.#changed();
  }

  #changed(): this {
    this.#waker?.wake();
    return this;
  }

  pollNext(cx: Context): Poll<T | End> {
    this.polls++;
    if (this.state === "ended") return End;
    if (this.state !== "new" && this.state !== "open")
      this.breaches.push(`a source was polled when ${this.state}`);
    this.state = "open";
    const [first] = this.#queue;
    if (first === undefined) {
      this.#waker = cx.waker;
      return Pending;
    }
    if (!cx.takeBudget()) return Pending;
    this.#queue.shift();
    if (first === "end") {
      this.state = "ended";
      return End;
    }
    if ("error" in first) throw first.error;
    return first.value;
  }

  cancel(cx: Context): Poll<void> {
    if (this.cancels++ === 0) this.reason = cx.cancelReason;
    if (this.state === "ended" || this.state === "cancelled") return undefined;
    if (this.cleanup === "slow" && !this.#mayEnd) {
      this.state = "cancelling";
      this.#waker = cx.waker;
      return Pending;
    }
    this.state = "cancelled";
    if (this.#cleanupError !== undefined) throw this.#cleanupError.error;
    if (this.cleanup === "throws") throw new Error("cleanup of the source");
    return undefined;
  }

  /** Whether it has ended or was given up, and all of its cleanup with it. */
  get isOver(): boolean {
    return this.state === "ended" || this.state === "cancelled";
  }
}

/** Polls a source until it gives `Pending` or `End`: its values, errors as they are in `{ error }`, and which of the two. */
export function drain<T>(source: StreamSource<T>, cx: Context): unknown[] {
  const seen: unknown[] = [];
  for (let n = 0; n < 10_000; n++) {
    let poll: Poll<T | End>;
    try {
      poll = source.pollNext(cx);
    } catch (error) {
      seen.push({ error });
      continue;
    }
    seen.push(poll);
    if (poll === Pending || poll === End) return seen;
  }
  throw new Error("the source never came to an end");
}
