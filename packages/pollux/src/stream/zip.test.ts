import { expect, expectTypeOf, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { Resource } from "../../test/support/probe.ts";
import { MovedError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";

test("zip: waits for both, and keeps the one that came first", () => {
  const left = new Feed<number>();
  const right = new Feed<string>(["a"]);
  const stream = new Stream(left).zip(right);
  expectTypeOf(stream).toEqualTypeOf<Stream<[number, string]>>();
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  cx.takeWakes();
  left.push(1, 2);
  expect(cx.wakes).toBe(1);
  expect(drain(stream, cx)).toEqual([[1, "a"], Pending]);
  right.push("b");
  expect(drain(stream, cx)).toEqual([[2, "b"], Pending]);
});

test("zip: the end of the right one gives up the left one, and a value that has no partner", () => {
  const resource = new Resource();
  const left = new Feed([resource]);
  const stream = new Stream(left).zip(new Feed<number>().end());
  expect(drain(stream, new TestContext())).toEqual([End]);
  expect(left.state).toBe("cancelled");
  expect(resource.disposals).toBe(1);
});

test("zip: a cancel that comes meanwhile goes on with that, and disposes of the value once", () => {
  const resource = new Resource();
  const left = new Feed([resource], "slow");
  const stream = new Stream(left).zip(new Feed<number>().end());
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  expect(stream.cancel(cx)).toBe(Pending);
  left.endCleanup();
  expect(stream.cancel(cx)).toBeUndefined();
  expect(resource.disposals).toBe(1);
});

test("zip: the end of the left one gives up the right one unasked", () => {
  const right = new Feed([1]);
  expect(drain(new Stream(new Feed<number>().end()).zip(right), new TestContext())).toEqual([End]);
  expect(right.polls).toBe(0);
  expect(right.state).toBe("cancelled");
});

test("zip: both are cancelled at the same time", () => {
  const left = new Feed<number>([], "slow");
  const right = new Feed<number>([], "slow");
  const stream = new Stream(left).zip(right);
  const cx = new TestContext();
  drain(stream, cx);
  expect(stream.cancel(cx)).toBe(Pending);
  expect([left.state, right.state]).toEqual(["cancelling", "cancelling"]);
  left.endCleanup();
  expect(stream.cancel(cx)).toBe(Pending);
  right.endCleanup();
  expect(stream.cancel(cx)).toBeUndefined();
});

test("zip: a stream cannot be zipped with itself", () => {
  const stream = Stream.from([1]);
  expect(() => stream.zip(stream)).toThrow(MovedError);
});
