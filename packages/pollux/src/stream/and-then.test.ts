import { expect, expectTypeOf, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { Gate } from "../../test/support/gate.ts";
import { paused } from "../../test/support/paused.ts";
import { Probe } from "../../test/support/probe.ts";
import { ready } from "../combine/ready.ts";
import { FutureInUseError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("andThen: waits for a future, a generator, or takes a plain value; one after the other", () =>
  paused(function* () {
    const stream = Stream.from([3, 1, 2]).andThen(function* (n) {
      yield* sleep(n);
      return `${n}`;
    });
    expectTypeOf(stream).toEqualTypeOf<Stream<string>>();
    expect(yield* stream.collect()).toEqual(["3", "1", "2"]);
    expect(
      yield* Stream.from([1])
        .andThen((n) => ready(n + 1))
        .collect(),
    ).toEqual([2]);
    expect(
      yield* Stream.from([1])
        .andThen((n) => n + 1)
        .collect(),
    ).toEqual([2]);
  }));

test("andThen: does not ask for the next value while one is waited for", () => {
  const feed = new Feed([1, 2]);
  const gate = new Gate<string>();
  const stream = new Stream(feed).andThen(() => gate);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  expect(drain(stream, cx)).toEqual([Pending]);
  expect(feed.polls).toBe(1);
});

test("andThen: a failure of one is thrown, and the stream goes on with the next", () => {
  const stream = new Stream(new Feed([1, 2])).andThen((n) => {
    if (n === 1) throw "1";
    return n;
  });
  expect(drain(stream, new TestContext())).toEqual([{ error: "1" }, 2, Pending]);
});

test("andThen: a cancel first cancels what runs, to its end, and then the source", () => {
  const feed = new Feed([1]);
  const probe = new Probe("body", "slow");
  const stream = new Stream(feed).andThen(() => probe);
  const cx = new TestContext();
  drain(stream, cx);
  expect(stream.cancel(cx)).toBe(Pending);
  expect([probe.state, feed.state]).toEqual(["cancelling", "open"]);
  probe.endCleanup();
  expect(stream.cancel(cx)).toBeUndefined();
  expect([probe.state, feed.state]).toEqual(["cancelled", "cancelled"]);
  expect(probe.breaches).toEqual([]);
});

test("andThen: refuses a promise, which would go on beside the stream", () => {
  const stream = new Stream(new Feed([1])).andThen(async () => 1);
  const [first] = drain(stream, new TestContext()) as { error: unknown }[];
  expect(first?.error).toBeInstanceOf(TypeError);
});

test("andThen: refuses a future that is awaited elsewhere", () => {
  const gate = new Gate<number>();
  gate.claim({});
  const stream = new Stream(new Feed([1])).andThen(() => gate);
  const [first] = drain(stream, new TestContext()) as { error: unknown }[];
  expect(first?.error).toBeInstanceOf(FutureInUseError);
  expect(gate.polls).toBe(0);
});
