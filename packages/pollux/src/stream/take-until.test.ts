import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { Gate } from "../../test/support/gate.ts";
import { paused } from "../../test/support/paused.ts";
import { Probe } from "../../test/support/probe.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { CancellationToken } from "../sync/cancellation-token.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("takeUntil: gives values until the future is ready, and then gives the source up", () => {
  const feed = new Feed([1, 2], "slow");
  const gate = new Gate();
  const stream = new Stream(feed).takeUntil(gate);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([1, 2, Pending]);
  feed.push(3);
  cx.takeWakes();
  gate.open();
  expect(cx.wakes).toBe(1);
  expect(drain(stream, cx)).toEqual([Pending]);
  expect(feed.state).toBe("cancelling");
  feed.endCleanup();
  expect(drain(stream, cx)).toEqual([End]);
  expect(drain(stream, cx)).toEqual([End]);
  expect(feed.breaches).toEqual([]);
});

test("takeUntil: the end of the source gives the future up, and waits for its cleanup", () => {
  const until = new Probe("until", "slow");
  const feed = new Feed([1]).end();
  const stream = new Stream(feed).takeUntil(until);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([1, Pending]);
  expect(until.state).toBe("cancelling");
  until.endCleanup();
  expect(drain(stream, cx)).toEqual([End]);
  expect([until.breaches, feed.cancels]).toEqual([[], 0]);
});

test("takeUntil: a failure of the future is thrown, and is followed by the end", () => {
  const gate = new Gate();
  const feed = new Feed([1]);
  const stream = new Stream(feed).takeUntil(gate);
  gate.fail("error");
  expect(drain(stream, new TestContext())).toEqual([{ error: "error" }, End]);
  expect(feed.state).toBe("cancelled");
});

test("takeUntil: a cancel gives up both at the same time, before the first poll too", () => {
  for (const polled of [false, true]) {
    const until = new Probe("until");
    const feed = new Feed<number>([], "slow");
    const stream = new Stream(feed).takeUntil(until);
    const cx = new TestContext();
    if (polled) expect(drain(stream, cx)).toEqual([Pending]);
    expect(stream.cancel(cx)).toBe(Pending);
    expect([until.state, feed.state]).toEqual(["cancelled", "cancelling"]);
    feed.endCleanup();
    expect(stream.cancel(cx)).toBeUndefined();
    expect(until.breaches).toEqual([]);
  }
});

test("takeUntil: leaves a future alone that somebody else awaits", () => {
  const until = new Probe("until");
  until.claim({});
  const stream = new Stream(new Feed<number>()).takeUntil(until);
  expect(stream.cancel(new TestContext())).toBeUndefined();
  expect(until.cancels).toBe(0);
});

test("takeUntil: a token ends it, and a time", () =>
  paused(function* () {
    const token = new CancellationToken();
    const stopped = Stream.repeat(1)
      .throttle(10)
      .inspect(() => token.cancel())
      .takeUntil(token.cancelled());
    expect(yield* stopped.count()).toBe(1);
    expect(yield* Stream.repeat(1).throttle(10).takeUntil(sleep(25)).count()).toBe(3);
  }));

test("takeUntil: refuses what is no future", () => {
  // @ts-expect-error: a number
  expect(() => Stream.from([1]).takeUntil(1)).toThrow(TypeError);
});
