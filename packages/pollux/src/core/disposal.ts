import { Adopted, isThenable } from "./adopted.ts";
import { callWith } from "./call-with.ts";
import type { Context } from "./context.ts";
import { PollAfterCompletionError } from "./errors.ts";
import { Future, isFuture } from "./future.ts";
import { around, type Inspection } from "./inspection.ts";
import { Pending, type Poll } from "./poll.ts";

type Disposer = () => unknown;

/** The method that `await using` would call: the asynchronous one if there are both. */
export function disposerOf(value: unknown): Disposer | undefined {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return undefined;
  // Any object may have the methods; what they are is looked at before they are called.
  const { [Symbol.asyncDispose]: later, [Symbol.dispose]: now } = value as Partial<
    AsyncDisposable & Disposable
  >;
  if (typeof later === "function") return later;
  return typeof now === "function" ? now : undefined;
}

/**
 * Releases a value that was won and that nobody can receive any more. There is nothing to poll: the *cancel* disposes of
 * the value and waits for that, so that whoever drives the cleanup of futures drives this too.
 */
class Disposal extends Future<never> {
  readonly value: unknown;
  readonly disposer: Disposer;
  private begun = false;
  private waiting: Future<unknown> | null = null;

  constructor(value: unknown, disposer: Disposer) {
    super();
    this.value = value;
    this.disposer = disposer;
  }

  override poll(): never {
    throw new PollAfterCompletionError("what gave this value");
  }

  override cancel(cx: Context): Poll<void> {
    if (!this.begun) {
      this.begun = true;
      const done = callWith(cx, dispose, this);
      if (isFuture(done)) this.waiting = done;
      else if (isThenable(done)) this.waiting = new Adopted(done);
      this.waiting?.claim(this);
    }
    if (this.waiting === null) return undefined;
    return this.waiting.poll(cx) === Pending ? Pending : undefined;
  }

  override inspect(): Inspection {
    return around("dispose", this.waiting);
  }
}

function dispose({ value, disposer }: Disposal): unknown {
  return disposer.call(value);
}

/** The future whose cancel disposes of the value; `null` if it is neither `Disposable` nor `AsyncDisposable`. */
export function disposalOf(value: unknown): Future<never> | null {
  const disposer = disposerOf(value);
  return disposer === undefined ? null : new Disposal(value, disposer);
}
