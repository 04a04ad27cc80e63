import { Context, type RuntimeHandle } from "../../src/core/context.ts";
import type { Future } from "../../src/core/future.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";

/** A context that counts its wakes: for driving a future by hand, poll by poll. Unconstrained unless given a runtime. */
export class TestContext extends Context {
  wakes = 0;

  constructor(runtime?: RuntimeHandle) {
    super(...((runtime === undefined ? [] : [runtime]) as [RuntimeHandle]));
  }

  override wake(): void {
    this.wakes++;
  }

  /** Wakes since the last call. */
  takeWakes(): number {
    const wakes = this.wakes;
    this.wakes = 0;
    return wakes;
  }
}

/** Polls once with a context of its own, which is returned with the result. */
export function pollOnce<T>(future: Future<T>): { poll: Poll<T>; cx: TestContext } {
  const cx = new TestContext();
  return { poll: future.poll(cx), cx };
}

/** Polls once and requires a value. */
export function ready<T>(future: Future<T>, cx: Context = new TestContext()): T {
  const poll = future.poll(cx);
  if (poll === Pending) throw new Error("expected the future to be ready, it is pending");
  return poll;
}

/** Polls once and requires `Pending`; gives the context, to see whether it is woken. */
export function pending<T>(future: Future<T>, cx: TestContext = new TestContext()): TestContext {
  const poll = future.poll(cx);
  if (poll !== Pending) throw new Error(`expected the future to be pending, it gave ${String(poll)}`);
  return cx;
}
