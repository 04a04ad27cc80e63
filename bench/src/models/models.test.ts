import { describe, expect, test } from "vitest";
import { callbacks } from "./callbacks.ts";
import { delayed10k, pingPong } from "./cases.ts";
import { stacks, whyNoFibers } from "./fibers.ts";
import { generators } from "./generators.ts";
import type { Model } from "./model.ts";
import { promises } from "./promises.ts";
import { modelsText } from "./table.ts";

// Those that need what is built, threads and compiled coroutines, check in each round that they have done the work.
const models: [name: string, model: Model][] = [
  ["callbacks", callbacks],
  ["promises", promises],
  ["generators", generators],
];
if (whyNoFibers() === null) models.push(["fibers", stacks]);

describe.each(models)("models: %s", (_name, model) => {
  test("each task has slept and is counted once", async () => {
    expect(await model.delayed(100)).toBe(4950);
  });

  test("both have all their turns", async () => {
    expect(await model.pingPong(1)).toBe(2);
    expect(await model.pingPong(50)).toBe(100);
  });
});

test("modelsText: a row for each model, with what was measured, and what the columns are", () => {
  const of = (median: number) => ({ median, min: median, max: median });
  const text = modelsText([
    {
      case: delayed10k,
      results: new Map([
        ["callback", of(25e6)],
        ["thread", of(2500e6)],
      ]),
    },
    { case: pingPong, results: new Map([["promise", of(60)]]) },
  ]);
  expect(text).toMatch(/^callbacks .* 25\.0 +- +- +-$/m);
  expect(text).toMatch(/^promises .* - +- +- +60\.0$/m);
  expect(text).toMatch(/^blocking threads .* 2,500 +- +- +-$/m);
  expect(text).toContain("There cannot be 10,000 threads");
});
