import { expect, test } from "vitest";
import { describeFailure, fuzz } from "./fuzz/fuzz.ts";

// A few programs, always the same. For many and new ones: npm run fuzz -- --seed N --count M.
test("compile: random programs do what native async functions and uncompiled generators do", {
  timeout: 120_000,
}, async () => {
  const failure = await fuzz(20_000, 150);
  expect(failure === null ? null : describeFailure(failure)).toBeNull();
});
