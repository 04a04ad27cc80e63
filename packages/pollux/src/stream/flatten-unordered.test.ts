import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { yieldNow } from "../task/yield-now.ts";
import { Stream } from "./stream.ts";

test("flattenUnordered: gives what is there, of up to its limit of streams", () => {
  const feeds = [new Feed<number>(), new Feed([2]), new Feed([3]).end()];
  const stream = new Stream(new Feed(feeds).end()).flattenUnordered(2);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([2, Pending]);
  expect(feeds[2]?.polls).toBe(0);
  feeds[1]?.end();
  expect(cx.wakes).toBeGreaterThan(0);
  expect(drain(stream, cx)).toEqual([3, Pending]);
  feeds[0]?.push(1).end();
  expect(drain(stream, cx)).toEqual([1, End]);
  expect(feeds.flatMap(({ breaches }) => breaches)).toEqual([]);
});

test("flattenUnordered: streams that end at once do not hold it up", () => {
  const stream = Stream.from([[], [], [1], [], [2]] as number[][]).flattenUnordered(2);
  expect(drain(stream, new TestContext())).toEqual([1, 2, End]);
});

test("flattenUnordered: a cancel gives up the streams at the same time, and then the source", () => {
  const feeds = [new Feed<number>([], "slow"), new Feed<number>([], "slow")];
  const outer = new Feed(feeds);
  const stream = new Stream(outer).flattenUnordered(5);
  const cx = new TestContext();
  drain(stream, cx);
  expect(stream.cancel(cx)).toBe(Pending);
  expect([...feeds.map(({ state }) => state), outer.state]).toEqual(["cancelling", "cancelling", "open"]);
  for (const feed of feeds) feed.endCleanup();
  expect(stream.cancel(cx)).toBeUndefined();
  expect(outer.state).toBe("cancelled");
});

test("flattenUnordered: without a limit, a source that always has more does not keep the streams from running", () =>
  paused(function* () {
    const endless = Stream.repeat([1]).map((values) =>
      Stream.from(values).andThen(function* (n) {
        yield* yieldNow();
        return n;
      }),
    );
    expect(yield* endless.flattenUnordered(Number.POSITIVE_INFINITY).take(3).collect()).toEqual([1, 1, 1]);
  }));
