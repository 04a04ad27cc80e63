import { expect, test } from "vitest";
import { repeat } from "./repeat.ts";

test("repeat: refuses what is no byte", () => {
  expect(() => repeat(256)).toThrow(RangeError);
  expect(() => repeat("a" as never)).toThrow(TypeError);
});
