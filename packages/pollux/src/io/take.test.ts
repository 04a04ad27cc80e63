import { expect, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { yieldsAtTimes } from "../../test/support/cooperative.ts";
import { StepReader, text, utf8 } from "../../test/support/io.ts";
import { FutureInUseError } from "../core/errors.ts";
import { Cursor } from "./cursor.ts";
import { duplex } from "./duplex-stream.ts";
import { take } from "./take.ts";

test("take: ends at its limit, which can be set anew, and leaves the rest", () => {
  const inner = new Cursor(utf8("abcdefgh"));
  const reader = take(inner, 3);
  expect(text(ready(reader.readToEnd()))).toBe("abc");
  expect(reader.limit).toBe(0);
  reader.limit = 2;
  expect(text(ready(reader.readToEnd()))).toBe("de");
  expect(text(ready(inner.readToEnd()))).toBe("fgh");
});

test("take: ends with the reader, if that comes first", () => {
  const reader = take(new Cursor(utf8("abc")), 10);
  expect(text(ready(reader.readToEnd()))).toBe("abc");
  expect(reader.limit).toBe(7);
});

test("take: a read of the reader is refused while one waits through it, and the other way round", () => {
  const [a, b] = duplex(8);
  const first = take(a, 4);
  const read = first.readToEnd();
  const cx = pending(read);
  expect(() => ready(a.read(new Uint8Array(1)))).toThrow(FutureInUseError);
  expect(() => ready(take(a, 1).read(new Uint8Array(1)))).toThrow(FutureInUseError);
  ready(b.writeAll(utf8("abcd")));
  expect(cx.wakes).toBe(1);
  expect(text(ready(read, cx))).toBe("abcd");
  const other = a.read(new Uint8Array(1));
  pending(other);
  first.limit = 1;
  expect(() => ready(first.read(new Uint8Array(1)))).toThrow(FutureInUseError);
  other.cancel(new TestContext());
});

test("take: closes the reader", () => {
  const inner = new StepReader();
  take(inner, 1).close();
  expect(inner.closes).toBe(1);
});

test("take: lets others run at its end too", () => {
  const reader = take(new StepReader(), 0);
  return yieldsAtTimes(() => reader.read(new Uint8Array(1)));
});

test("take: refuses what is no number of bytes", () => {
  expect(() => take(new StepReader(), -1)).toThrow(RangeError);
  expect(() => take(new StepReader(), "1" as never)).toThrow(TypeError);
  expect(() => {
    take(new StepReader(), 1).limit = 0.5;
  }).toThrow(RangeError);
});
