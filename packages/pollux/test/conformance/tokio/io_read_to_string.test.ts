import { expect, test } from "vitest";
import { InvalidDataError } from "../../../src/core/errors.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { mock } from "../../../src/io/mock.ts";
import { ready } from "../../support/context.ts";
import { utf8 } from "../../support/io.ts";

test("read_to_string: gives all that there is, as text", () => {
  expect(ready(new Cursor(utf8("hello world")).readToString())).toBe("hello world");
});

test("to_string_does_not_truncate_on_utf8_error: fails if it is no UTF-8", () => {
  expect(() => ready(new Cursor(Uint8Array.of(0xff, 0xff, 0xff)).readToString())).toThrow(InvalidDataError);
});

test("to_string_does_not_truncate_on_io_error: fails if a read does", () => {
  const error = new Error("whoops");
  expect(() => ready(mock({ read: "def" }, { readError: error }).readToString())).toThrow(error);
});
