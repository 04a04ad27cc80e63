import { expect, test } from "vitest";
import type { Poll } from "../../../src/core/poll.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { Reader } from "../../../src/io/reader.ts";
import { take } from "../../../src/io/take.ts";
import { ready } from "../../support/context.ts";
import { text, utf8 } from "../../support/io.ts";

test("take: gives no more than was asked for", () => {
  const buf = new Uint8Array(6);
  expect(ready(take(new Cursor(utf8("hello world")), 4).read(buf))).toBe(4);
  expect(text(buf)).toBe("hell\0\0");
});

test("issue_4435: writes to its part of a buffer alone", () => {
  const buf = utf8("AB\0\0\0\0\0\0");
  expect(ready(take(new Cursor(utf8("hello world")), 4).read(buf.subarray(2)))).toBe(4);
  expect(text(buf)).toBe("ABhell\0\0");
});

test("bad_reader_fails: a reader that says it has read more than it could is found out", () => {
  class Bad extends Reader {
    override pollRead(): Poll<number> {
      return 10;
    }
    override cancelRead(): void {}
    override close(): void {}
  }
  expect(() => ready(take(new Bad(), 4).read(new Uint8Array(8)))).toThrow(RangeError);
});
