import { expect, test } from "vitest";
import { filled } from "./filled.ts";

test("filled: a few bytes do not keep the buffer that they were read into", () => {
  const buf = new Uint8Array(65_536).fill(7);
  const few = filled(buf, 3);
  expect([...few]).toEqual([7, 7, 7]);
  expect(few.buffer.byteLength).toBe(3);
});

test("filled: most of a buffer is given as it is", () => {
  const buf = new Uint8Array(8).fill(7);
  expect(filled(buf, 4).buffer).toBe(buf.buffer);
  expect(filled(buf, 4).length).toBe(4);
});
