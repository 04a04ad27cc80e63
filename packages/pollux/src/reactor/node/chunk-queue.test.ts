import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkQueue } from "./chunk-queue.ts";

test("chunk queue: what is pushed is taken in order, whatever the sizes", () => {
  const step = fc.oneof(
    fc.record({ push: fc.uint8Array({ maxLength: 20 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 30 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new ChunkQueue();
      let model: number[] = [];
      let pieces: number[] = [];
      for (const step of steps) {
        if ("push" in step) {
          queue.push(step.push);
          model.push(...step.push);
          if (step.push.length > 0) pieces.push(step.push.length);
        } else {
          const buf = new Uint8Array(step.take);
          const peeked = new Uint8Array(step.take);
          const seen = queue.peek(peeked);
          const size = queue.take(buf);
          expect([seen, peeked]).toEqual([size, buf]);
          expect(size).toBe(Math.min(step.take, model.length));
          expect([...buf.subarray(0, size)]).toEqual(model.slice(0, size));
          model = model.slice(size);
          for (let left = size; left > 0; ) {
            const [first = 0, ...rest] = pieces;
            pieces = first > left ? [first - left, ...rest] : rest;
            left -= Math.min(left, first);
          }
        }
        expect(queue.bytes).toBe(model.length);
        expect(queue.pieces).toBe(pieces.length);
      }
    }),
  );
});

test("chunk queue: used-up chunks are let go while it is never empty", () => {
  const queue = new ChunkQueue();
  const buf = new Uint8Array(10);
  queue.push(new Uint8Array(10));
  for (let i = 0; i < 10_000; i++) {
    queue.push(new Uint8Array(10));
    queue.take(buf);
  }
  expect(queue.pieces).toBe(1);
  expect((queue as unknown as { chunks: unknown[] }).chunks.length).toBeLessThan(10);
});

test("chunk queue: clear drops everything", () => {
  const queue = new ChunkQueue();
  queue.push(new Uint8Array([1, 2, 3]));
  queue.take(new Uint8Array(1));
  queue.clear();
  expect(queue.bytes).toBe(0);
  expect(queue.take(new Uint8Array(4))).toBe(0);
  queue.push(new Uint8Array([7]));
  const buf = new Uint8Array(4);
  expect(queue.take(buf)).toBe(1);
  expect(buf[0]).toBe(7);
});
