import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import { AllFailedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { any } from "./any.ts";
import { failed, ready } from "./ready.ts";

describe("any", () => {
  test("gives the first value, whatever has failed before", () => {
    const [a, b, c] = [new Probe<string>(), new Probe<string>(), new Probe<string>()];
    const all = any([a, b, c]);
    const cx = pending(all);
    a.reject(new Error("failed"));
    pending(all, cx);
    b.resolve("b");
    expect(readyNow(all, cx)).toBe("b");
    expect([a.cancels, c.state]).toEqual([0, "cancelled"]);
  });

  test("throws AllFailedError when all have failed, with the failures in the order of the list", () => {
    const [a, b] = [new Probe<string>(), new Probe<string>()];
    const both = any([a, b]);
    const cx = pending(both);
    b.reject("b");
    pending(both, cx);
    a.reject("a");
    let thrown: unknown;
    try {
      both.poll(cx);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AllFailedError);
    expect((thrown as AllFailedError).errors).toEqual(["a", "b"]);
  });

  test("has failed at once when it is given nothing", () => {
    expect(() => any([]).poll(new TestContext())).toThrow(AllFailedError);
  });

  test("a cancel does not report the failures that it has seen", () => {
    const both = any([failed(new Error("failed")), new Probe()]);
    expect(both.cancel(pending(both))).toBeUndefined();
  });

  test("gives the union of the values", () => {
    expectTypeOf(any([ready(1), failed(0)])).toEqualTypeOf<Future<number>>();
    expectTypeOf(any([ready(1), ready("one")])).toEqualTypeOf<Future<number | string>>();
  });
});
