import { expect, test } from "vitest";
import { End } from "../../../src/core/stream-source.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { ready } from "../../support/context.ts";
import { utf8 } from "../../support/io.ts";

test("lines_inherent: gives lines without their ends, of both kinds", () => {
  const lines = new Cursor(utf8("hello\r\nworld\n\n")).lines();
  expect([1, 2, 3, 4].map(() => ready(lines.next()))).toEqual(["hello", "world", "", End]);
});
