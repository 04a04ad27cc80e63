import fc from "fast-check";
import { expect, test } from "vitest";
import { ready } from "../../test/support/context.ts";
import { StepReader, utf8 } from "../../test/support/io.ts";
import { BufReader } from "./buf-reader.ts";
import { Cursor } from "./cursor.ts";
import { duplex } from "./duplex-stream.ts";

test("BufReader: gives the same bytes, whatever its size, the reads' and the pieces'", () =>
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 })),
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (pieces, capacity, sizes) => {
        const reader = new BufReader(new StepReader(...pieces), { capacity });
        const read: number[] = [];
        for (let i = 0; ; i++) {
          const buf = new Uint8Array(sizes[i % sizes.length] ?? 1);
          const n = ready(reader.read(buf));
          if (n === 0) break;
          read.push(...buf.subarray(0, n));
        }
        expect(read).toEqual(pieces.flatMap((piece) => [...piece]));
      },
    ),
  ));

test("BufReader: many small reads are few of the reader", () => {
  let reads = 0;
  class Counting extends Cursor {
    override pollRead(...args: Parameters<Cursor["pollRead"]>) {
      reads++;
      return super.pollRead(...args);
    }
  }
  const reader = new BufReader(new Counting(new Uint8Array(10_000)), { capacity: 4096 });
  for (let i = 0; i < 10_000; i++) ready(reader.read(new Uint8Array(1)));
  expect(reads).toBe(3);
});

test("BufReader: closes its reader, and forgets what is buffered", () => {
  const inner = new StepReader("abc", "def");
  const reader = new BufReader(inner);
  ready(reader.fillBuf());
  reader.close();
  expect(inner.closes).toBe(1);
  expect(reader.buffer).toHaveLength(0);
});

test("BufReader: what a cursor has read ahead is read again after a seek", () => {
  const reader = new BufReader(new Cursor(utf8("0123456789")), { capacity: 4 });
  ready(reader.readExact(new Uint8Array(1)));
  expect(ready(reader.seek(0, "current"))).toBe(1);
  expect(ready(reader.readToString())).toBe("123456789");
});

test("BufReader: refuses bad arguments at the call, and a seek where the reader has none", () => {
  const inner = new Cursor(new Uint8Array(1));
  expect(() => new BufReader(inner, { capacity: 0 })).toThrow(RangeError);
  expect(() => new BufReader(inner, { capacity: "1" as never })).toThrow(TypeError);
  const [stream] = duplex(1);
  // @ts-expect-error a connection has no position
  expect(() => ready(new BufReader(stream).seek(0))).toThrow(TypeError);
});
