import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { Resource } from "../../test/support/probe.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";

test("chunks: gives full arrays as soon as they are, and the rest at the end", () => {
  const feed = new Feed([1, 2, 3, 4, 5]);
  const stream = new Stream(feed).chunks(2);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([[1, 2], [3, 4], Pending]);
  feed.end();
  expect(drain(stream, cx)).toEqual([[5], End]);
  expect(drain(stream, cx)).toEqual([End]);
});

test("chunks: an error does not lose what was gathered", () => {
  const stream = new Stream(new Feed([1]).fail("error").push(2, 3).end()).chunks(2);
  expect(drain(stream, new TestContext())).toEqual([{ error: "error" }, [1, 2], [3], End]);
});

test("chunks: what was gathered is disposed of with the stream, after it", () => {
  const resource = new Resource();
  const feed = new Feed([resource], "slow");
  const stream = new Stream(feed).chunks(2);
  const cx = new TestContext();
  drain(stream, cx);
  expect(stream.cancel(cx)).toBe(Pending);
  expect(resource.disposals).toBe(0);
  feed.endCleanup();
  expect(stream.cancel(cx)).toBeUndefined();
  expect(resource.disposals).toBe(1);
});

test("chunks: refuses what is no size", () => {
  expect(() => Stream.from([1]).chunks(0)).toThrow(RangeError);
  expect(() => Stream.from([1]).chunks(1.5)).toThrow(RangeError);
});
