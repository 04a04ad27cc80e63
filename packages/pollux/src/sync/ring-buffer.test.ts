import fc from "fast-check";
import { expect, test } from "vitest";
import { RingBuffer } from "./ring-buffer.ts";

const slots = (ring: RingBuffer<unknown>): unknown[] => (ring as unknown as { slots: unknown[] }).slots;

test("ring buffer: gives values in the order in which they came, whatever it had to grow to", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -40, max: 40 }), { maxLength: 40 }), (steps) => {
      const ring = new RingBuffer<number>();
      const model: number[] = [];
      let next = 0;
      for (const step of steps) {
        for (let i = 0; i < step; i++) {
          ring.push(next);
          model.push(next++);
        }
        for (let i = 0; i < -step && model.length > 0; i++) expect(ring.shift()).toBe(model.shift());
        expect(ring.size).toBe(model.length);
      }
      while (model.length > 0) expect(ring.shift()).toBe(model.shift());
    }),
  );
});

test("ring buffer: holds `undefined` as a value", () => {
  const ring = new RingBuffer<undefined>();
  ring.push(undefined);
  expect(ring.size).toBe(1);
  expect(ring.shift()).toBe(undefined);
  expect(ring.size).toBe(0);
});

test("ring buffer: keeps nothing of what was taken out", () => {
  const ring = new RingBuffer<object>();
  for (let i = 0; i < 100; i++) ring.push({});
  for (let i = 0; i < 100; i++) ring.shift();
  expect(slots(ring).every((slot) => slot === undefined)).toBe(true);
});

test("ring buffer: gives its memory back when a burst is over", () => {
  const ring = new RingBuffer<number>();
  for (let i = 0; i < 100_000; i++) ring.push(i);
  expect(slots(ring).length).toBeGreaterThanOrEqual(100_000);
  for (let i = 0; i < 100_000; i++) ring.shift();
  expect(slots(ring).length).toBeLessThan(100);
  ring.push(1);
  expect(ring.shift()).toBe(1);
});
