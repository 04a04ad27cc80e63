import { expect, test } from "vitest";
import { BUFFER_SIZE, giveBuffer, takeBuffer } from "./spare-buffers.ts";

test("spare buffers: one that was given is taken again, by one at a time", () => {
  const first = takeBuffer();
  const second = takeBuffer();
  expect(first).not.toBe(second);
  expect(first.length).toBe(BUFFER_SIZE);
  giveBuffer(first);
  expect(takeBuffer()).toBe(first);
  expect(takeBuffer()).not.toBe(first);
});

test("spare buffers: no more than a few are kept", () => {
  const given = new Set(Array.from({ length: 100 }, () => takeBuffer()));
  for (const buffer of given) giveBuffer(buffer);
  const taken = Array.from({ length: 100 }, () => takeBuffer());
  expect(taken.filter((buffer) => given.has(buffer)).length).toBe(16);
});
