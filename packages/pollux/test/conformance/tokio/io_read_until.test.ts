import { expect, test } from "vitest";
import { BufReader } from "../../../src/io/buf-reader.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { mock } from "../../../src/io/mock.ts";
import { ready } from "../../support/context.ts";
import { latin1, text, utf8 } from "../../support/io.ts";

const HASH = 35;

test("read_until: gives what comes up to the delimiter, then the rest, then nothing", () => {
  const reader = new Cursor(utf8("hello world"));
  const read = [1, 2, 3].map(() => text(ready(reader.readUntil(32))));
  expect(read).toEqual(["hello ", "world", ""]);
});

test("read_until_not_all_ready: also when it comes in pieces", () => {
  const reader = new BufReader(
    mock({ read: "Hello Wor" }, { read: latin1("ld#Fizz\xffBuz") }, { read: "z#1#2" }),
  );
  const read = [1, 2, 3, 4].map(() => ready(reader.readUntil(HASH)));
  expect(read).toEqual([utf8("Hello World#"), latin1("Fizz\xffBuzz#"), utf8("1#"), utf8("2")]);
});

test("read_until_fail: what came before a failure is not lost", () => {
  const error = new Error("The world has no end");
  const reader = new BufReader(mock({ read: latin1("Hello \xffWor") }, { readError: error }));
  expect(() => ready(reader.readUntil(HASH))).toThrow(error);
  expect(reader.buffer).toEqual(latin1("Hello \xffWor"));
});
