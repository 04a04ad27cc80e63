import { expect, test } from "vitest";
import { BackOff } from "./back-off.ts";

test("BackOff: doubles from 100 ms to half a minute", () => {
  const backOff = new BackOff();
  const waits = Array.from({ length: 12 }, (_, n) => backOff.failed(n));
  expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800]);
  expect(waits.at(-1)).toBe(30_000);
});

test("BackOff: begins anew after half a minute of good work, and not before", () => {
  const backOff = new BackOff();
  expect(backOff.failed(0)).toBe(100);
  backOff.began(100);
  expect(backOff.failed(30_099)).toBe(200);
  backOff.began(40_000);
  expect(backOff.failed(70_000)).toBe(100);
});
