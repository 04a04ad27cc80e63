import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { lazy } from "./lazy.ts";
import { ready } from "./ready.ts";

describe("lazy", () => {
  test("calls the function at the first poll, once", () => {
    let calls = 0;
    const probe = new Probe<string>();
    const future = lazy(() => {
      calls++;
      return probe;
    });
    expect(calls).toBe(0);
    const cx = pending(future);
    probe.resolve("there");
    expect(readyNow(future, cx)).toBe("there");
    expect(calls).toBe(1);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("takes functions that return a value, a future or a generator", () => {
    expect(readyNow(lazy(() => 1))).toBe(1);
    expect(readyNow(lazy(() => ready(2)))).toBe(2);
    const generator = lazy(function* () {
      return yield* ready(3);
    });
    expectTypeOf(generator).toEqualTypeOf<Future<number>>();
    expect(readyNow(generator)).toBe(3);
    expectTypeOf(lazy(() => ready("one"))).toEqualTypeOf<Future<string>>();
  });

  test("throws what the function throws", () => {
    const future = lazy(() => {
      throw new Error("failed");
    });
    expect(() => future.poll(new TestContext())).toThrow("failed");
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("does not call the function when it is cancelled before", () => {
    let calls = 0;
    const future = lazy(() => calls++);
    future.cancel(new TestContext());
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
    expect(calls).toBe(0);
  });

  test("passes a cancel on to what the function has returned", () => {
    const probe = new Probe();
    const future = lazy(() => probe);
    future.cancel(pending(future));
    expect(probe.state).toBe("cancelled");
  });
});
