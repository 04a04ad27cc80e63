import { describe, expect, test } from "vitest";
import { functionIn } from "../test/support/passes.ts";
import { Names } from "./names.ts";

describe("new names", () => {
  test("are what was asked for where that is free, and are taken from then on", () => {
    const names = new Names(["at", "at$1"]);
    expect([names.fresh("at"), names.fresh("at"), names.fresh("frame"), names.fresh("frame")]).toEqual([
      "at$2",
      "at$3",
      "frame",
      "frame$1",
    ]);
  });

  test("of two coroutines may be the same, and those of the module are taken in both", () => {
    const module = new Names(["value"]);
    const fn = functionIn("function f() { let at; }");
    const [one, other] = [module.within(fn, false), module.within(fn, true)];
    module.fresh("late");
    expect(["cx", "value", "late", "at"].map((each) => one.fresh(each))).toEqual([
      "cx",
      "value$1",
      "late$1",
      "at$1",
    ]);
    // It is said to be as in the source, whose names are the module's.
    expect(["cx", "at"].map((each) => other.fresh(each))).toEqual(["cx", "at"]);
    expect(module.fresh("cx")).toBe("cx");
  });

  test("of the runtime are one a module, and what is imported is known", () => {
    const module = new Names(["future"]);
    const one = module.within(functionIn("function f() {}"), true);
    expect([one.runtime("future").name, module.runtime("future").name]).toEqual(["future$1", "future$1"]);
    expect([...module.imports]).toEqual([["future", "future$1"]]);
    expect([one.isRuntime("future$1"), one.isRuntime("future")]).toEqual([true, false]);
    expect(one.fresh("future$1")).toBe("future$1$1");
  });
});
