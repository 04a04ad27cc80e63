import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain } from "../../test/support/feed.ts";
import { End } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";

function* numbers(log: string[]): Generator<number> {
  try {
    log.push("begun");
    yield 1;
    yield 2;
  } finally {
    log.push("left");
  }
}

test("Iter: iterates from the first poll on", () => {
  const log: string[] = [];
  const stream = Stream.from(numbers(log));
  expect(log).toEqual([]);
  expect(drain(stream, new TestContext())).toEqual([1, 2, End]);
  expect(drain(stream, new TestContext())).toEqual([End]);
  expect(log).toEqual(["begun", "left"]);
});

test("Iter: a cancel leaves the iterable, if it was begun", () => {
  const log: string[] = [];
  const cx = new TestContext();
  const unbegun = Stream.from(numbers(log));
  unbegun.cancel(cx);
  expect(log).toEqual([]);
  const begun = Stream.from(numbers(log));
  expect(begun.pollNext(cx)).toBe(1);
  begun.cancel(cx);
  expect(log).toEqual(["begun", "left"]);
});

test("Iter: an error of the iterable is thrown, and is the end", () => {
  const failing = {
    *[Symbol.iterator](): Generator<number> {
      throw new Error("in the iterable");
    },
  };
  const stream = Stream.from(failing);
  expect(drain(stream, new TestContext())).toEqual([{ error: new Error("in the iterable") }, End]);
});
