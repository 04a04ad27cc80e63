import { expect, test } from "vitest";
import { ready } from "../../test/support/context.ts";
import { utf8 } from "../../test/support/io.ts";
import { Cursor } from "./cursor.ts";

test("Cursor: seeks from the start, from where it is, and from the end", () => {
  const reader = new Cursor(utf8("0123456789"));
  const buf = new Uint8Array(2);
  expect(ready(reader.seek(3))).toBe(3);
  ready(reader.readExact(buf));
  expect(buf).toEqual(utf8("34"));
  expect(ready(reader.seek(-1, "current"))).toBe(4);
  expect(ready(reader.seek(-2, "end"))).toBe(8);
  expect(ready(reader.readToString())).toBe("89");
});

test("Cursor: may stand behind the end, where there is nothing, and comes back", () => {
  const reader = new Cursor(utf8("abc"));
  expect(ready(reader.seek(2, "end"))).toBe(5);
  expect(reader.position).toBe(5);
  expect(ready(reader.read(new Uint8Array(1)))).toBe(0);
  expect(ready(reader.seek(-4, "current"))).toBe(1);
  expect(ready(reader.readToString())).toBe("bc");
  expect(reader.position).toBe(3);
});

test("Cursor: cannot stand before the start, and stays where it was", () => {
  const reader = new Cursor(utf8("abc"));
  ready(reader.seek(1));
  expect(() => ready(reader.seek(-2, "current"))).toThrow(RangeError);
  expect(reader.position).toBe(1);
});

test("Cursor: refuses bad arguments at the call", () => {
  expect(() => new Cursor("abc" as never)).toThrow(TypeError);
  const reader = new Cursor(new Uint8Array(1));
  expect(() => reader.seek("1" as never)).toThrow(TypeError);
  expect(() => reader.seek(0.5)).toThrow(RangeError);
  expect(() => reader.seek(0, "middle" as never)).toThrow(TypeError);
});
