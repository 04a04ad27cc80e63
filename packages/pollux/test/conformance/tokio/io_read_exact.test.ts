import { expect, test } from "vitest";
import { Cursor } from "../../../src/io/cursor.ts";
import { ready } from "../../support/context.ts";
import { text, utf8 } from "../../support/io.ts";

test("read_exact: fills the buffer, and leaves the rest", () => {
  const reader = new Cursor(utf8("hello world"));
  const buf = new Uint8Array(8);
  ready(reader.readExact(buf));
  expect(text(buf)).toBe("hello wo");
  expect(reader.position).toBe(8);
});
