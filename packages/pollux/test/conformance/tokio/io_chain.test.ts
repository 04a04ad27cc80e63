import { expect, test } from "vitest";
import { chain } from "../../../src/io/chain.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { ready, TestContext } from "../../support/context.ts";
import { text, utf8 } from "../../support/io.ts";

test("chain: reads one reader after the other", () => {
  const both = chain(new Cursor(utf8("hello ")), new Cursor(utf8("world")));
  expect(text(ready(both.readToEnd()))).toBe("hello world");
});

test("empty_read_does_not_skip_first: a poll that has no room is no end of the first one", () => {
  const both = chain(new Cursor(utf8("hello ")), new Cursor(utf8("world")));
  expect(both.pollRead(new TestContext(), new Uint8Array(0))).toBe(0);
  expect(text(ready(both.readToEnd()))).toBe("hello world");
});
