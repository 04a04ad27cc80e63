import { expect, test } from "vitest";
import { anyDelimiter } from "./any-delimiter.ts";
import { ByteQueue } from "./byte-queue.ts";

test("anyDelimiter: refuses bad arguments", () => {
  expect(() => anyDelimiter(",;" as never)).toThrow(TypeError);
  expect(() => anyDelimiter(new Uint8Array(0))).toThrow(RangeError);
  expect(() => anyDelimiter(Uint8Array.of(0), { writes: "," as never })).toThrow(TypeError);
  expect(() => anyDelimiter(Uint8Array.of(0), { maxLength: -1 })).toThrow(RangeError);
  expect(() => anyDelimiter(Uint8Array.of(0)).encode("x" as never, new ByteQueue())).toThrow(TypeError);
});

test("anyDelimiter: what it was told stays, whatever becomes of the bytes that told it", () => {
  const [delimiters, writes] = [Uint8Array.of(44), Uint8Array.of(59)];
  const codec = anyDelimiter(delimiters, { writes });
  delimiters.fill(0);
  writes.fill(0);
  const queue = new ByteQueue();
  codec.encode(Uint8Array.of(1), queue);
  expect([...queue.take(2)]).toEqual([1, 59]);
  queue.append(Uint8Array.of(7, 44));
  expect(codec.decode(queue)).toEqual(Uint8Array.of(7));
});
