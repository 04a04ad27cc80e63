import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { select } from "../combine/select.ts";
import { co } from "../core/coroutine.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import { aborted } from "./abort-signal.ts";

const listeners = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("aborted", () => {
  test("gives the signal's reason when it has fired, and listens from the first poll until then", () => {
    const controller = new AbortController();
    const { signal } = controller;
    const future = aborted(signal);
    expect(listeners(signal)).toBe(0);
    const cx = pending(future);
    pending(future, cx);
    expect(listeners(signal)).toBe(1);
    controller.abort("enough");
    expect(cx.wakes).toBe(1);
    expect(readyNow(future, cx)).toBe("enough");
    expect(listeners(signal)).toBe(0);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("is ready at once when the signal has fired already", () => {
    expect(readyNow(aborted(AbortSignal.abort("enough")))).toBe("enough");
  });

  test("wakes whoever polled last", () => {
    const controller = new AbortController();
    const future = aborted(controller.signal);
    const [first, second] = [pending(future), pending(future)];
    controller.abort();
    expect([first.wakes, second.wakes]).toEqual([0, 1]);
  });

  test("takes a unit of the budget, and gives it back when it waits", () => {
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 1;
    pending(aborted(new AbortController().signal), cx);
    expect(cx.runtime.budget).toBe(1);
    readyNow(aborted(AbortSignal.abort()), cx);
    expect(cx.runtime.budget).toBe(0);
    pending(aborted(AbortSignal.abort()), cx);
    expect(cx.wakes).toBe(1);
  });

  test("stops listening when it is cancelled, and does nothing when that is before its first poll", () => {
    const { signal } = new AbortController();
    const future = aborted(signal);
    future.cancel(pending(future));
    expect(listeners(signal)).toBe(0);
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
    const untouched = aborted(signal);
    untouched.cancel(new TestContext());
    expect(() => untouched.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("leaves no listener behind after 100,000 lost selects", async () => {
    const { signal } = new AbortController();
    const main = co(function* () {
      for (let n = 0; n < 100_000; n++) yield* select({ stopped: aborted(signal), now: sleep(0) });
    });
    await run(main());
    expect(listeners(signal)).toBe(0);
  });

  test("takes nothing but an AbortSignal", () => {
    expect(() => (aborted as (signal: unknown) => unknown)(undefined)).toThrow(
      "aborted needs an AbortSignal",
    );
  });
});
