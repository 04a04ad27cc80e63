import { describe, expect, test } from "vitest";
import { randomBelow, seedRandom } from "./random.ts";

const draw = (count: number, bound: number): number[] =>
  Array.from({ length: count }, () => randomBelow(bound));

describe("randomBelow", () => {
  test("gives each integer below the bound about as often", () => {
    seedRandom(1);
    const counts = [0, 0, 0, 0, 0];
    for (const n of draw(50_000, 5)) counts[n] = (counts[n] ?? 0) + 1;
    expect(counts.length).toBe(5);
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  test("gives the same numbers for the same seed, and others for its neighbour", () => {
    const numbers = (seed: number): number[] => {
      seedRandom(seed);
      return draw(20, 1000);
    };
    expect(numbers(5)).toEqual(numbers(5));
    expect(numbers(5)).not.toEqual(numbers(6));
    expect(numbers(0)[0]).not.toBe(numbers(1)[0]);
  });

  test("works with any seed: 0, negative, fractional, the one that would make the state 0", () => {
    for (const seed of [0, -1, 0.5, 2 ** 53, 0x9e3779b9, Number.NaN]) {
      seedRandom(seed);
      expect(new Set(draw(100, 1000)).size).toBeGreaterThan(50);
    }
  });
});
