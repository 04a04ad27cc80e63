import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError, FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { Runtime } from "../runtime/runtime.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import { join } from "./join.ts";
import { ready } from "./ready.ts";
import { withSignal } from "./with-signal.ts";

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("withSignal", () => {
  test("gives what the future gives, and leaves no listener behind", () => {
    const { signal } = new AbortController();
    const probe = new Probe<string>();
    const future = withSignal(probe, signal);
    expect(listeners(signal)).toBe(0);
    const cx = pending(future);
    pending(future, cx);
    expect(listeners(signal)).toBe(1);
    probe.resolve("there");
    expect(readyNow(future, cx)).toBe("there");
    expect(listeners(signal)).toBe(0);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("throws what the future fails with, and leaves no listener behind", () => {
    const { signal } = new AbortController();
    const probe = new Probe();
    const future = withSignal(probe, signal);
    const cx = pending(future);
    probe.reject(new Error("failed"));
    expect(() => future.poll(cx)).toThrow("failed");
    expect(listeners(signal)).toBe(0);
  });

  test("an abort wakes it, cancels the future with the reason, waits for its cleanup, and throws the reason as it is", () => {
    const controller = new AbortController();
    const probe = new Probe("slow", "slow");
    const future = withSignal(probe, controller.signal);
    const cx = pending(future);
    const reason = { any: "thing" };
    controller.abort(reason);
    expect(cx.wakes).toBe(1);
    pending(future, cx);
    expect([probe.state, probe.reason, listeners(controller.signal)]).toEqual(["cancelling", reason, 0]);
    probe.endCleanup();
    let thrown: unknown;
    try {
      future.poll(cx);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe(reason);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("the waker of the most recent poll is woken", () => {
    const controller = new AbortController();
    const future = withSignal(new Probe(), controller.signal);
    const [first, second] = [pending(future), pending(future)];
    controller.abort();
    expect([first.wakes, second.wakes]).toEqual([0, 1]);
  });

  test("does not begin the future when the signal has fired already", () => {
    const probe = new Probe();
    const future = withSignal(probe, AbortSignal.abort(new Error("enough")));
    expect(() => future.poll(new TestContext())).toThrow("enough");
    expect([probe.polls, probe.cancels]).toEqual([0, 0]);
  });

  test("a poll that aborts the signal itself and is pending is given up at once; a value wins", () => {
    const controller = new AbortController();
    const probe = new Probe<string>();
    probe.onPoll = () => controller.abort(new Error("enough"));
    const future = withSignal(probe, controller.signal);
    expect(() => future.poll(new TestContext())).toThrow("enough");
    expect(probe.state).toBe("cancelled");
    const other = new AbortController();
    const quick = new Probe<string>();
    quick.resolve("there");
    quick.onPoll = () => other.abort(new Error("enough"));
    expect(readyNow(withSignal(quick, other.signal))).toBe("there");
  });

  test("throws a CleanupError when the cleanup fails; its cause is the signal's reason", () => {
    const controller = new AbortController();
    const future = withSignal(join(new Probe("a", "throws"), new Probe("b", "throws")), controller.signal);
    const cx = pending(future);
    controller.abort("enough");
    let thrown: unknown;
    try {
      future.poll(cx);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CleanupError);
    expect((thrown as CleanupError).cause).toBe("enough");
    expect((thrown as CleanupError).errors).toEqual([new Error("cleanup of a"), new Error("cleanup of b")]);
  });

  test("passes a cancel on, and leaves no listener behind", () => {
    const controller = new AbortController();
    const probe = new Probe("slow", "slow");
    const future = withSignal(probe, controller.signal);
    const cx = pending(future);
    expect(future.cancel(cx)).toBe(Pending);
    expect(listeners(controller.signal)).toBe(0);
    expect(() => future.poll(cx)).toThrow(FutureInUseError);
    probe.endCleanup();
    expect(future.cancel(cx)).toBeUndefined();
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
    expect(probe.breaches).toEqual([]);
  });

  test("a cancel while it cleans up after an abort goes on with that cleanup", () => {
    const controller = new AbortController();
    const probe = new Probe("slow", "slow");
    const future = withSignal(probe, controller.signal);
    const cx = pending(future);
    controller.abort("enough");
    pending(future, cx);
    expect(future.cancel(cx)).toBe(Pending);
    probe.endCleanup();
    expect(future.cancel(cx)).toBeUndefined();
    expect([probe.reason, probe.breaches]).toEqual(["enough", []]);
  });

  test("touches nothing when it is cancelled before its first poll", () => {
    const { signal } = new AbortController();
    const probe = new Probe();
    const future = withSignal(probe, signal);
    future.cancel(new TestContext());
    expect([probe.cancels, listeners(signal)]).toEqual([0, 0]);
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("does not listen for a future that somebody else awaits", () => {
    const { signal } = new AbortController();
    const probe = new Probe();
    pending(join(probe));
    expect(() => withSignal(probe, signal).poll(new TestContext())).toThrow(FutureInUseError);
    expect(listeners(signal)).toBe(0);
  });

  test("cancelled at every poll: no listener stays, and what it ran has cleaned up", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      const controller = new AbortController();
      let open = 0;
      const work = co(function* () {
        open++;
        try {
          yield* yieldNow();
          controller.abort(new Error("enough"));
          yield* sleep(60_000);
        } finally {
          open--;
          yield* yieldNow();
        }
      });
      const runtime = new Runtime({ clock: "paused" });
      const main = co(function* () {
        try {
          yield* withSignal(work(), controller.signal);
        } catch (error) {
          expect((error as Error).message).toBe("enough");
        }
      });
      await runtime.run(cancelAt(main()));
      expect([open, listeners(controller.signal), runtime.timers.size]).toEqual([0, 0, 0]);
    });
  });

  test("leaves nothing behind after 100,000 cancelled ones", () => {
    const { signal } = new AbortController();
    const lent = new Probe();
    for (let n = 0; n < 100_000; n++) {
      const future = withSignal(lent.ref(), signal);
      future.cancel(pending(future));
    }
    expect(listeners(signal)).toBe(0);
    expect(lent.owner).toBeNull();
  });

  test("takes a future and an AbortSignal", () => {
    const wrong = withSignal as (...args: unknown[]) => unknown;
    expect(() => wrong(1, new AbortController().signal)).toThrow(TypeError);
    expect(() => wrong(ready(1), new AbortController())).toThrow("withSignal needs an AbortSignal");
    expect(() => wrong(ready(1), undefined)).toThrow("withSignal needs an AbortSignal");
  });
});
