import { expect, test } from "vitest";
import { pending, TestContext } from "../../test/support/context.ts";
import { Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { Resource } from "../../test/support/probe.ts";
import { FutureInUseError } from "../core/errors.ts";
import { End } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";

test("peekable: peek leaves the value for next, and the end too", () =>
  paused(function* () {
    const stream = Stream.from([1, undefined]).peekable();
    expect([yield* stream.peek(), yield* stream.peek(), yield* stream.next()]).toEqual([1, 1, 1]);
    expect([yield* stream.peek(), yield* stream.next()]).toEqual([undefined, undefined]);
    expect([yield* stream.peek(), yield* stream.next(), yield* stream.peek()]).toEqual([End, End, End]);
  }));

test("peekable: an error is the peek's, and what comes after it is the next one's", () =>
  paused(function* () {
    const stream = new Stream(new Feed<number>().fail("error").push(1)).peekable();
    let caught: unknown;
    try {
      yield* stream.peek();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe("error");
    expect(yield* stream.next()).toBe(1);
  }));

test("peekable: one at a time waits, be it for a peek or for a value", () => {
  const stream = new Stream(new Feed<number>()).peekable();
  const peek = stream.peek();
  const cx = pending(peek);
  expect(() => stream.next().poll(cx)).toThrow(FutureInUseError);
  peek.cancel(cx);
  pending(stream.next(), cx);
  expect(() => stream.peek().poll(cx)).toThrow(FutureInUseError);
});

test("peekable: what was looked at is disposed of with the stream, and is part of what Stream.from makes", () =>
  paused(function* () {
    const resource = new Resource();
    const stream = Stream.from([resource]).peekable();
    yield* stream.peek();
    stream.cancel(new TestContext());
    expect(resource.disposals).toBe(1);
    const numbers = Stream.from([1, 2]).peekable();
    yield* numbers.peek();
    expect(yield* Stream.from(numbers).collect()).toEqual([1, 2]);
  }));
