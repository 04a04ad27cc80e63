import { expect, test } from "vitest";
import { StepReader, StepWriter } from "../../test/support/io.ts";
import { duplexOf } from "./duplex-of.ts";

test("duplexOf: closes both, also if the reader fails to", () => {
  const reader = new StepReader();
  const writer = new StepWriter();
  const stream = duplexOf(reader, writer);
  stream.close();
  expect([reader.closes, writer.closes]).toEqual([1, 1]);
  reader.close = () => {
    throw new Error("cannot be closed");
  };
  expect(() => stream.close()).toThrow("cannot be closed");
  expect(writer.closes).toBe(2);
});

test("duplexOf: a cancel goes to the side that it is of", () => {
  const reader = new StepReader();
  const writer = new StepWriter();
  const stream = duplexOf(reader, writer);
  stream.cancelRead();
  expect([reader.cancels, writer.cancels]).toEqual([1, 0]);
  stream.cancelWrite();
  expect([reader.cancels, writer.cancels]).toEqual([1, 1]);
});
