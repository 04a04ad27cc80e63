import { expect, test } from "vitest";
import { ByteQueue } from "./byte-queue.ts";
import { lengthDelimited } from "./length-delimited.ts";

test("lengthDelimited: refuses options that make no sense", () => {
  expect(() => lengthDelimited({ lengthFieldLength: 0 })).toThrow(RangeError);
  expect(() => lengthDelimited({ lengthFieldLength: 9 })).toThrow(RangeError);
  expect(() => lengthDelimited({ lengthFieldOffset: -1 })).toThrow(RangeError);
  expect(() => lengthDelimited({ lengthAdjustment: 0.5 })).toThrow(RangeError);
  expect(() => lengthDelimited({ skip: "1" as never })).toThrow(TypeError);
  expect(() => lengthDelimited({ littleEndian: 1 as never })).toThrow(TypeError);
  expect(() => lengthDelimited({ maxFrameLength: -1 })).toThrow(RangeError);
});

test("lengthDelimited: a frame that is shorter than the adjustment cannot be written, and changes nothing", () => {
  const codec = lengthDelimited({ lengthAdjustment: 4 });
  const queue = new ByteQueue();
  expect(() => codec.encode(new Uint8Array(3), queue)).toThrow(RangeError);
  expect(() => codec.encode("abcd" as never, queue)).toThrow(TypeError);
  expect(queue.length).toBe(0);
});
