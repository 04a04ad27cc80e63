import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import type { Future } from "../core/future.ts";
import { any } from "./any.ts";
import { never } from "./never.ts";
import { race } from "./race.ts";
import { seedRandom } from "./random.ts";
import { failed, ready } from "./ready.ts";

describe("race", () => {
  test("gives the value that comes first", () => {
    const [a, b] = [new Probe<string>(), new Probe<string>()];
    const both = race([a, b]);
    const cx = pending(both);
    b.resolve("b");
    expect(readyNow(both, cx)).toBe("b");
  });

  test("throws the failure that comes first", () => {
    expect(() => race([never(), failed(new Error("failed"))]).poll(new TestContext())).toThrow("failed");
  });

  test("leaves to chance which of several ready ones wins, and the same seed chooses the same", () => {
    const rounds = (seed: number): number[] => {
      seedRandom(seed);
      return Array.from({ length: 100 }, () => readyNow(race([ready(0), ready(1), ready(2)])));
    };
    const wins = rounds(1);
    expect(new Set(wins)).toEqual(new Set([0, 1, 2]));
    expect(rounds(1)).toEqual(wins);
    expect(rounds(2)).not.toEqual(wins);
  });

  test("gives the union of the values", () => {
    expectTypeOf(race([ready(1), ready(2)])).toEqualTypeOf<Future<number>>();
    expectTypeOf(race([ready(1), ready("one")])).toEqualTypeOf<Future<number | string>>();
    expectTypeOf(race([ready(1), never()])).toEqualTypeOf<Future<number>>();
  });

  test("has no use for an empty list, and says so at the call", () => {
    expect(() => race([])).toThrow(RangeError);
    expect(() => (race as (futures: unknown) => unknown)(ready(1))).toThrow("race needs a list of futures");
    expect(() => (any as (futures: unknown) => unknown)(ready(1))).toThrow("any needs a list of futures");
  });
});
