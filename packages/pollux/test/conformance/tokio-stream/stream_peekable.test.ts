import { expect, test } from "vitest";
import { Pending } from "../../../src/core/poll.ts";
import { End } from "../../../src/core/stream-source.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { TestContext } from "../../support/context.ts";
import { paused } from "../../support/paused.ts";

test("peek_returns_correct_item, peek_does_not_consume: shows again and again what comes next", () =>
  paused(function* () {
    const stream = Stream.from([10, 20, 30]).peekable();
    expect([yield* stream.peek(), yield* stream.peek()]).toEqual([10, 10]);
    const rest = [];
    for (let n = 0; n < 4; n++) rest.push(yield* stream.next());
    expect(rest).toEqual([10, 20, 30, End]);
  }));

test("peek_mut_mutates_yielded_item, poll_peek_mutates_buffered_item: shows the object itself, not a copy", () =>
  paused(function* () {
    const stream = Stream.from([{ n: 1 }, { n: 2 }]).peekable();
    const peeked = yield* stream.peek();
    if (peeked !== End) peeked.n += 10;
    expect([yield* stream.next(), yield* stream.next()]).toEqual([{ n: 11 }, { n: 2 }]);
  }));

test("peek_on_empty_stream: shows the end", () =>
  paused(function* () {
    const stream = Stream.empty<number>().peekable();
    expect([yield* stream.peek(), yield* stream.peek(), yield* stream.next()]).toEqual([End, End, End]);
  }));

test("poll_peek_does_not_advance_stream: nor does a poll", () => {
  const stream = Stream.from([1, 2, 3]).peekable();
  const cx = new TestContext();
  expect([stream.pollPeek(cx), stream.pollPeek(cx)]).toEqual([1, 1]);
  expect([stream.pollNext(cx), stream.pollNext(cx)]).toEqual([1, 2]);
});

test("poll_peek_propagates_pending: waits for what is not there yet", () => {
  let polled = false;
  const stream = Stream.pollFn<number>((cx) => {
    if (polled) return 7;
    polled = true;
    cx.wake();
    return Pending;
  }).peekable();
  const cx = new TestContext();
  expect(stream.pollPeek(cx)).toBe(Pending);
  expect(cx.wakes).toBe(1);
  expect(stream.pollPeek(cx)).toBe(7);
});
