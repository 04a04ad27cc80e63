import { expect, test } from "vitest";
import { pending, ready } from "../../test/support/context.ts";
import { text, utf8 } from "../../test/support/io.ts";
import { ClosedError } from "../core/errors.ts";
import { simplex } from "./simplex.ts";

test("simplex: a writer waits for room, and the reader reads all that was written, and then the end", () => {
  const [reader, writer] = simplex(4);
  const writing = writer.writeAll(utf8("abcdef"));
  const cx = pending(writing);
  const buf = new Uint8Array(3);
  ready(reader.readExact(buf));
  expect(text(buf)).toBe("abc");
  expect(cx.wakes).toBe(1);
  ready(writing);
  ready(writer.flush());
  writer.close();
  expect(text(ready(reader.readToEnd()))).toBe("def");
});

test("simplex: a reader that is closed makes writes fail, those that wait too", () => {
  const [reader, writer] = simplex(1);
  const writing = writer.writeAll(utf8("ab"));
  const cx = pending(writing);
  reader.close();
  expect(cx.wakes).toBe(1);
  expect(() => ready(writing)).toThrow(ClosedError);
  expect(() => ready(writer.writeVectored([utf8("c")]))).toThrow(ClosedError);
});

test("simplex: refuses a capacity that is none", () => {
  expect(() => simplex(0)).toThrow(RangeError);
  expect(() => simplex(null as never)).toThrow(TypeError);
});
