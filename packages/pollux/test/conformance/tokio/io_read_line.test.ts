import { expect, test } from "vitest";
import { InvalidDataError } from "../../../src/core/errors.ts";
import { End } from "../../../src/core/stream-source.ts";
import { BufReader } from "../../../src/io/buf-reader.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { mock } from "../../../src/io/mock.ts";
import { ready } from "../../support/context.ts";
import { latin1, text, utf8 } from "../../support/io.ts";

test("read_line: gives each line, and then the end", () => {
  const reader = new Cursor(utf8("hello\nworld\n\n"));
  expect([1, 2, 3, 4].map(() => ready(reader.readLine()))).toEqual(["hello", "world", "", End]);
});

test("read_line_not_all_ready: also when it comes in pieces", () => {
  const reader = new BufReader(mock({ read: "Hello Wor" }, { read: "ld\nFizzBuz" }, { read: "z\n1\n2" }));
  const lines = [1, 2, 3, 4, 5].map(() => ready(reader.readLine()));
  expect(lines).toEqual(["Hello World", "FizzBuzz", "1", "2", End]);
});

test("read_line_invalid_utf8: a line that is no UTF-8 is an error", () => {
  const reader = new BufReader(mock({ read: latin1("Hello Wor\xffld.\n") }));
  expect(() => ready(reader.readLine())).toThrow(InvalidDataError);
});

test("read_line_fail: what came before a failure is not lost", () => {
  const error = new Error("The world has no end");
  const reader = new BufReader(mock({ read: "Hello Wor" }, { readError: error }));
  expect(() => ready(reader.readLine())).toThrow(error);
  expect(text(reader.buffer)).toBe("Hello Wor");
});

test("read_line_fail_and_utf8_fail: the failure counts, not what the line would have been", () => {
  const error = new Error("The world has no end");
  const reader = new BufReader(
    mock({ read: "Hello Wor" }, { read: latin1("\xff\xff\xff") }, { readError: error }),
  );
  expect(() => ready(reader.readLine())).toThrow(error);
  expect(reader.buffer).toEqual(latin1("Hello Wor\xff\xff\xff"));
});
