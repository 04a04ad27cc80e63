import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import type { Future } from "../core/future.ts";
import { allSettled } from "./all-settled.ts";
import { failed, ready } from "./ready.ts";

describe("allSettled", () => {
  test("waits for all, and tells of each how it ended, in the order of the list", () => {
    const [a, b] = [new Probe<string>(), new Probe<number>()];
    const both = allSettled([a, b]);
    const cx = pending(both);
    const failure = new Error("failed");
    b.reject(failure);
    pending(both, cx);
    a.resolve("one");
    expect(readyNow(both, cx)).toEqual([
      { status: "fulfilled", value: "one" },
      { status: "rejected", reason: failure },
    ]);
  });

  test("has the types of Promise.allSettled", () => {
    expectTypeOf(allSettled([ready(1), ready("one")])).toEqualTypeOf<
      Future<[PromiseSettledResult<number>, PromiseSettledResult<string>]>
    >();
    const list: Future<number>[] = [];
    expectTypeOf(allSettled(list)).toEqualTypeOf<Future<PromiseSettledResult<number>[]>>();
    expectTypeOf(allSettled(new Set(list))).toEqualTypeOf<Future<PromiseSettledResult<number>[]>>();
  });

  test("a failure is a value: nothing is disposed of because of it, and a cancel does not report it", () => {
    const probe = new Probe();
    const both = allSettled([failed(new Error("failed")), probe]);
    const cx = pending(both);
    expect(both.cancel(cx)).toBeUndefined();
    expect(probe.state).toBe("cancelled");
  });

  test("takes nothing but a list of futures", () => {
    const wrong = allSettled as (futures: unknown) => unknown;
    expect(() => wrong([1])).toThrow("allSettled needs futures");
    expect(() => wrong(ready(1))).toThrow("allSettled needs a list of futures");
  });
});
