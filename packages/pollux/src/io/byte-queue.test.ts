import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteQueue } from "./byte-queue.ts";

type Step =
  | { do: "append"; bytes: Uint8Array }
  | { do: "fill"; bytes: Uint8Array }
  | { do: "take" | "advance" | "moveTo"; share: number }
  | { do: "find"; byte: number; share: number };

const bytes = fc.uint8Array({ maxLength: 300, max: 7, size: "max" });
/** In percent: doubles would nearly all be close to 0. */
const share = fc.integer({ min: 0, max: 100 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("append" as const), bytes }),
  fc.record({ do: fc.constant("fill" as const), bytes }),
  fc.record({ do: fc.constantFrom("take" as const, "advance" as const, "moveTo" as const), share }),
  fc.record({ do: fc.constant("find" as const), byte: fc.nat(8), share }),
);

test("ByteQueue: is first in, first out, whatever is done with it", () => {
  fc.assert(
    fc.property(bytes, fc.array(step, { maxLength: 60 }), (first, steps) => {
      const queue = ByteQueue.of(first);
      const before = String(first);
      const model = [...first];
      for (const step of steps) {
        if (step.do === "append") {
          queue.append(step.bytes);
          model.push(...step.bytes);
        } else if (step.do === "fill") {
          queue.space(step.bytes.length).set(step.bytes);
          queue.commit(step.bytes.length);
          model.push(...step.bytes);
        } else {
          const size = Math.floor((model.length * step.share) / 100);
          if (step.do === "take") expect([...queue.take(size)]).toEqual(model.splice(0, size));
          else if (step.do === "find") {
            expect(queue.indexOf(step.byte, size)).toBe(model.indexOf(step.byte, size));
          } else if (step.do === "advance") {
            queue.advance(size);
            model.splice(0, size);
          } else {
            const buf = new Uint8Array(size);
            expect(queue.moveTo(buf)).toBe(size);
            expect([...buf]).toEqual(model.splice(0, size));
          }
        }
        expect(queue.length).toBe(model.length);
      }
      expect([...queue.view()]).toEqual(model);
      // What it was made of is never written to.
      expect(String(first)).toBe(before);
    }),
  );
});

test("ByteQueue: uses its memory again, and does not grow while little is in it", () => {
  const queue = new ByteQueue(1024);
  for (let i = 0; i < 1000; i++) {
    queue.append(new Uint8Array(100));
    queue.advance(i === 0 ? 50 : 100);
  }
  expect(queue.length).toBe(50);
  expect(queue.capacity).toBe(1024);
});

test("ByteQueue: whole numbers of 1 to 8 bytes come back as they went in, in both byte orders", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.boolean(),
      fc.maxSafeNat(),
      (size, littleEndian, number) => {
        const value = size > 6 ? number : number % 256 ** size;
        const queue = new ByteQueue();
        queue.appendUint(value, size, littleEndian);
        expect(queue.length).toBe(size);
        expect(queue.uintAt(0, size, littleEndian)).toBe(value);
        expect(queue.at(littleEndian ? 0 : size - 1)).toBe(value % 256);
      },
    ),
  );
});

test("ByteQueue: refuses to give what is not there, and what is no Uint8Array", () => {
  const queue = new ByteQueue();
  queue.append(Uint8Array.of(1, 2));
  expect(() => queue.take(3)).toThrow(RangeError);
  expect(() => queue.advance(-1)).toThrow(RangeError);
  expect(() => queue.at(2)).toThrow(RangeError);
  expect(() => queue.at(-1)).toThrow(RangeError);
  expect(() => queue.commit(1e9)).toThrow(RangeError);
  expect(() => queue.append([1] as never)).toThrow(TypeError);
  expect(() => ByteQueue.of("bytes" as never)).toThrow(TypeError);
  expect(() => new ByteQueue(-1)).toThrow(RangeError);
  expect(() => new ByteQueue("1" as never)).toThrow(TypeError);
  expect(queue.take(2)).toEqual(Uint8Array.of(1, 2));
});
