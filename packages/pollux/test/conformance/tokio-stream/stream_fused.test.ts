// Upstream a stream tells whether it has terminated. Here that is seen by a poll: what has ended gives the end again, and
// what has not gives a value.
import { expect, test } from "vitest";
import { ready } from "../../../src/combine/ready.ts";
import { Pending } from "../../../src/core/poll.ts";
import { End } from "../../../src/core/stream-source.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { TestContext } from "../../support/context.ts";
import { drain, Feed } from "../../support/feed.ts";
import { Gate } from "../../support/gate.ts";

const cx = new TestContext();

/** Gives the end again and again, and does not ask its source for more than that. */
function staysEnded(stream: Stream<unknown>): void {
  for (let n = 0; n < 3; n++) expect(stream.pollNext(cx)).toBe(End);
}

const passing: Record<string, (stream: Stream<number>) => Stream<number>> = {
  map: (s) => s.map((n) => n),
  filter: (s) => s.filter((n) => n > 0),
  filter_map: (s) => s.filterMap((n) => n),
  skip: (s) => s.skip(0),
  skip_while: (s) => s.skipWhile((n) => n < 0),
};

for (const [name, adapt] of Object.entries(passing)) {
  test(`${name}_not_terminated_before_done: gives values before its end`, () => {
    const stream = adapt(Stream.from([1, 2]));
    expect([stream.pollNext(cx), stream.pollNext(cx)]).toEqual([1, 2]);
  });

  test(`${name}_terminated_after_inner_done: has ended when its source has`, () => {
    const stream = adapt(new Stream(new Feed([1]).end()));
    expect(drain(stream, cx)).toEqual([1, End]);
    staysEnded(stream);
  });
}

test("take_not_terminated_before_limit: gives values up to its count", () => {
  const stream = Stream.from([1, 2, 3]).take(2);
  expect([stream.pollNext(cx), stream.pollNext(cx)]).toEqual([1, 2]);
});

test("take_terminated_when_remaining_zero: has ended after its count, and asks for no more", () => {
  const feed = new Feed([1, 2, 3]);
  const stream = new Stream(feed).take(2);
  expect(drain(stream, cx)).toEqual([1, 2, End]);
  staysEnded(stream);
  expect(feed.polls).toBe(2);
});

test("take_zero_is_immediately_terminated: has ended before it has asked for anything", () => {
  const feed = new Feed([1]);
  staysEnded(new Stream(feed).take(0));
  expect(feed.polls).toBe(0);
});

test("take_while_not_terminated_before_predicate_fails: gives values up to there", () => {
  expect(
    Stream.from([1, 5])
      .takeWhile((n) => n < 3)
      .pollNext(cx),
  ).toBe(1);
});

test("take_while_terminated_after_predicate_fails: has ended there, whatever the source has", () => {
  const feed = new Feed([1, 5, 1]);
  const stream = new Stream(feed).takeWhile((n) => n < 3);
  expect(drain(stream, cx)).toEqual([1, End]);
  staysEnded(stream);
  expect(feed.polls).toBe(2);
});

test("map_while_not_terminated_before_closure_returns_none: gives values up to there", () => {
  expect(
    Stream.from([1, 5])
      .mapWhile((n) => (n < 3 ? n : undefined))
      .pollNext(cx),
  ).toBe(1);
});

test("map_while_terminated_after_closure_returns_none: has ended there, whatever the source has", () => {
  const stream = Stream.from([1, 5, 1]).mapWhile((n) => (n < 3 ? n : undefined));
  expect(drain(stream, cx)).toEqual([1, End]);
  staysEnded(stream);
});

test("then_not_terminated_before_done: waits for its future, though its source has ended", () => {
  const gate = new Gate<number>();
  const stream = new Stream(new Feed([1]).end()).andThen(() => gate);
  expect(drain(stream, cx)).toEqual([Pending]);
  gate.open(2);
  expect(stream.pollNext(cx)).toBe(2);
});

test("then_terminated_after_inner_done_and_no_pending_future: has ended when both have", () => {
  const stream = new Stream(new Feed([1]).end()).andThen((n) => ready(n));
  expect(drain(stream, cx)).toEqual([1, End]);
  staysEnded(stream);
});

test("chain_not_terminated_while_either_has_items: gives values while one of the two has some", () => {
  expect(Stream.from<number>([]).chain([1]).pollNext(cx)).toBe(1);
  expect(Stream.from([1]).chain([]).pollNext(cx)).toBe(1);
});

test("chain_terminated_only_after_both_done: has ended when both have", () => {
  const stream = Stream.from([1]).chain([2]);
  expect(drain(stream, cx)).toEqual([1, 2, End]);
  staysEnded(stream);
});

test("merge_not_terminated_while_either_has_items: gives values while one of the two has some", () => {
  expect(Stream.from<number>([]).merge([1]).pollNext(cx)).toBe(1);
  expect(Stream.from([1]).merge([]).pollNext(cx)).toBe(1);
});

test("merge_terminated_only_after_both_done: has ended when both have", () => {
  const stream = Stream.from([1]).merge([2]);
  expect(drain(stream, cx).length).toBe(3);
  staysEnded(stream);
});
