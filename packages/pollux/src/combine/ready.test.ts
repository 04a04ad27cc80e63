import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime } from "../runtime/runtime.ts";
import { failed, ready } from "./ready.ts";

describe("ready", () => {
  test("gives its value at the first poll, once", () => {
    const future = ready("there");
    expect(readyNow(future)).toBe("there");
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
    expectTypeOf(ready()).toEqualTypeOf<Future<void>>();
    expectTypeOf(ready(1)).toEqualTypeOf<Future<number>>();
  });

  test("takes a unit of the budget, and waits for the next poll when there is none", () => {
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 1;
    readyNow(ready(1), cx);
    expect(cx.runtime.budget).toBe(0);
    const future = ready(2);
    pending(future, cx);
    expect(cx.wakes).toBe(1);
    cx.runtime.budget = 1;
    expect(readyNow(future, cx)).toBe(2);
  });

  test("is over after a cancel", () => {
    const future = ready(1);
    future.cancel(new TestContext());
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });
});

describe("failed", () => {
  test("throws the error as it is, whatever it is, once", () => {
    const error = new Error("failed");
    const future = failed(error);
    expect(() => future.poll(new TestContext())).toThrow(error);
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
    let thrown: unknown = "nothing";
    try {
      failed(undefined).poll(new TestContext());
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBeUndefined();
    expectTypeOf(failed(1)).toEqualTypeOf<Future<never>>();
  });
});
