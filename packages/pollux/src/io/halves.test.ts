import { expect, test } from "vitest";
import { pending, ready } from "../../test/support/context.ts";
import { StepReader, StepWriter, text, utf8 } from "../../test/support/io.ts";
import { ClosedError, FutureInUseError } from "../core/errors.ts";
import { duplexOf } from "./duplex-of.ts";
import { duplex } from "./duplex-stream.ts";

test("split: the halves are lent: the stream stays open, and its owner's", () => {
  const [a, b] = duplex(8);
  const [reader, writer] = a.split();
  ready(writer.writeAll(utf8("a")));
  reader.close();
  writer.close();
  ready(a.writeAll(utf8("b")));
  a.close();
  expect(text(ready(b.readToEnd()))).toBe("ab");
});

test("intoSplit: closing the writing half ends what the other side reads, closing both closes the stream", () => {
  const [a, b] = duplex(8);
  const [reader, writer] = a.intoSplit();
  ready(writer.writeAll(utf8("bye")));
  writer.close();
  expect(text(ready(b.readToEnd()))).toBe("bye");
  ready(b.writeAll(utf8("more")));
  const buf = new Uint8Array(4);
  ready(reader.readExact(buf));
  expect(text(buf)).toBe("more");
  reader.close();
  reader.close();
  expect(() => ready(b.write(utf8("x")))).toThrow(ClosedError);
});

test("intoSplit: a stream is closed once, whichever half comes first, and whatever its shutdown does", () => {
  for (const first of ["reader", "writer"]) {
    const inner = new StepReader();
    const stream = duplexOf(inner, new StepWriter(new Error("the shutdown fails")));
    const [reader, writer] = stream.intoSplit();
    const halves = first === "reader" ? [reader, writer] : [writer, reader];
    for (const half of halves) {
      expect(inner.closes).toBe(0);
      half.close();
    }
    for (const half of halves) half.close();
    expect(inner.closes).toBe(1);
  }
});

test("a half that is closed ends what waits on it, and refuses what comes after", () => {
  for (const owned of [false, true]) {
    const [a, b] = duplex(1);
    const [reader, writer] = owned ? a.intoSplit() : a.split();
    const read = reader.readExact(new Uint8Array(1));
    const write = writer.writeAll(utf8("xy"));
    const contexts = [pending(read), pending(write)];
    reader.close();
    writer.close();
    expect(contexts.map(({ wakes }) => wakes)).toEqual([1, 1]);
    expect(() => ready(read)).toThrow(ClosedError);
    expect(() => ready(write)).toThrow(ClosedError);
    for (const use of [() => writer.write(utf8("z")), () => writer.flush(), () => writer.shutdown()])
      expect(() => ready<unknown>(use())).toThrow(ClosedError);
    expect(() => ready(reader.read(new Uint8Array(1)))).toThrow(ClosedError);
    b.close();
  }
});

test("the halves and the stream have one reading and one writing side", () => {
  const [a] = duplex(1);
  const [reader, writer] = a.split();
  pending(reader.read(new Uint8Array(1)));
  expect(() => ready(a.read(new Uint8Array(1)))).toThrow(FutureInUseError);
  ready(a.writeAll(utf8("x")));
  pending(a.writeAll(utf8("y")));
  expect(() => ready(writer.flush())).toThrow(FutureInUseError);
});

test("reunite: gives the stream back, which is no longer closed with the halves", () => {
  const [a, b] = duplex(8);
  const [reader, writer] = a.intoSplit();
  expect(reader.reunite(writer)).toBe(a);
  reader.close();
  writer.close();
  expect(() => ready(writer.write(utf8("x")))).toThrow(ClosedError);
  ready(a.writeAll(utf8("open")));
  a.close();
  expect(text(ready(b.readToEnd()))).toBe("open");
});

test("reunite: refuses halves of two splits, and halves that were closed", () => {
  const [a] = duplex(8);
  const [reader1, writer1] = a.split();
  const [reader2, writer2] = a.split();
  expect(() => reader1.reunite(writer2)).toThrow(RangeError);
  writer1.close();
  expect(() => reader1.reunite(writer1)).toThrow(ClosedError);
  reader2.close();
  expect(() => reader2.reunite(writer2)).toThrow(ClosedError);
});
