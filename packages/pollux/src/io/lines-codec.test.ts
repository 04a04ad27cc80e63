import { expect, test } from "vitest";
import { ByteQueue } from "./byte-queue.ts";
import { linesCodec } from "./lines-codec.ts";

test("linesCodec: a byte is looked at once, however slowly a line comes", () => {
  let looked = 0;
  class Watched extends ByteQueue {
    override indexOf(byte: number, from = 0): number {
      looked += this.length - from;
      return super.indexOf(byte, from);
    }
  }
  const queue = new Watched();
  const codec = linesCodec();
  for (let i = 0; i < 1000; i++) {
    queue.append(Uint8Array.of(97));
    codec.decode(queue);
  }
  expect(looked).toBe(1000);
});

test("linesCodec: refuses bad arguments", () => {
  expect(() => linesCodec({ maxLength: 0 })).toThrow(RangeError);
  expect(() => linesCodec({ fatal: "yes" as never })).toThrow(TypeError);
  expect(() => linesCodec().encode(5 as never, new ByteQueue())).toThrow(TypeError);
});
