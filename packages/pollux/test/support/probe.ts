import type { Context, Waker } from "../../src/core/context.ts";
import { PollAfterCompletionError } from "../../src/core/errors.ts";
import { Future } from "../../src/core/future.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";

/** How the cleanup of a {@link Probe} goes: ends at once, fails at once, or lasts until `endCleanup` or `failCleanup`. */
export type CleanupKind = "sync" | "throws" | "slow";

/**
 * A future that is driven by hand, from outside: it counts what is done with it, and notes every breach of the rules
 * that whoever owns a future has to keep. {@link Probe.breaches} must be empty at the end of a test.
 */
export class Probe<T = unknown> extends Future<T> {
  readonly name: string;
  readonly cleanup: CleanupKind;
  readonly breaches: string[] = [];
  polls = 0;
  /** Polls that nobody had asked for by the waker. */
  unasked = 0;
  cancels = 0;
  reason: unknown = undefined;
  state: "new" | "pending" | "completed" | "cancelling" | "cancelled" = "new";
  /** What to do at each poll or cancel, before anything else. */
  onPoll: (cx: Context) => void = () => {};
  onCancel: (cx: Context) => void = () => {};

  #outcome: { value: T } | { error: unknown } | undefined;
  #cleanupOutcome: { error?: unknown } | undefined;
  #waker: Waker | undefined;
  #asked = true;

  constructor(name = "probe", cleanup: CleanupKind = "sync") {
    super();
    this.name = name;
    this.cleanup = cleanup;
  }

  override poll(cx: Context): Poll<T> {
    this.polls++;
    this.onPoll(cx);
    if (this.state !== "new" && this.state !== "pending") {
      this.breaches.push(`${this.name} was polled when ${this.state}`);
      throw new PollAfterCompletionError(this.name);
    }
    if (!this.#asked) this.unasked++;
    this.#asked = false;
    this.state = "pending";
    const outcome = this.#outcome;
    if (outcome === undefined) {
      this.#waker = cx.waker;
      return Pending;
    }
    this.state = "completed";
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  override cancel(cx: Context): Poll<void> {
    this.cancels++;
    this.onCancel(cx);
    if (this.state === "completed" || this.state === "cancelled") {
      this.breaches.push(`${this.name} was cancelled when ${this.state}`);
      return undefined;
    }
    const fresh = this.state === "new";
    if (this.state !== "cancelling") this.reason = cx.cancelReason;
    if (!fresh && this.cleanup === "slow" && this.#cleanupOutcome === undefined) {
      this.state = "cancelling";
      this.#waker = cx.waker;
      return Pending;
    }
    this.state = "cancelled";
    if (fresh) return undefined;
    if (this.cleanup === "throws") throw new Error(`cleanup of ${this.name}`);
    if (this.#cleanupOutcome !== undefined && "error" in this.#cleanupOutcome)
      throw this.#cleanupOutcome.error;
    return undefined;
  }

  resolve(value: T): void {
    this.#outcome = { value };
    this.wake();
  }

  reject(error: unknown): void {
    this.#outcome = { error };
    this.wake();
  }

  endCleanup(): void {
    this.#cleanupOutcome = {};
    this.wake();
  }

  failCleanup(error: unknown): void {
    this.#cleanupOutcome = { error };
    this.wake();
  }

  /** Wakes whoever polled last, as a leaf future would. */
  wake(): void {
    this.#asked = true;
    this.#waker?.wake();
  }

  /** Whether it has come to its end one way or the other. */
  get isOver(): boolean {
    return this.state === "completed" || this.state === "cancelled";
  }
}

/** A value that counts how often it has been disposed of. */
export class Resource implements Disposable {
  disposals = 0;

  [Symbol.dispose](): void {
    this.disposals++;
  }
}
