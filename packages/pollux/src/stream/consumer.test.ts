// Of the consumers that can have enough: first, find, any, all; and of those that hold values: collect, last.
import { expect, test } from "vitest";
import { pending, TestContext } from "../../test/support/context.ts";
import { Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { Resource } from "../../test/support/probe.ts";
import { Cleanup } from "../core/cleanup.ts";
import { CancelledError, CleanupError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { Stream } from "./stream.ts";

test("first, find, any, all: give their answer", () =>
  paused(function* () {
    const numbers = (): Stream<number> => Stream.from([1, 2, 3]);
    expect([yield* numbers().first(), yield* Stream.empty().first()]).toEqual([1, undefined]);
    expect([yield* numbers().last(), yield* Stream.empty().last()]).toEqual([3, undefined]);
    expect([yield* numbers().find((n) => n > 1), yield* numbers().find((n) => n > 3)]).toEqual([
      2,
      undefined,
    ]);
    expect([yield* numbers().any((n) => n > 2), yield* numbers().any((n) => n > 3)]).toEqual([true, false]);
    expect([yield* numbers().all((n) => n < 4), yield* numbers().all((n) => n < 3)]).toEqual([true, false]);
    expect(yield* numbers().count()).toBe(3);
  }));

test("consumer: one that has enough cancels the stream and waits for its cleanup", () => {
  const feed = new Feed([1, 2], "slow");
  const future = new Stream(feed).first();
  const cx = pending(future);
  expect(feed.reason).toBeInstanceOf(CancelledError);
  expect(feed.state).toBe("cancelling");
  feed.endCleanup();
  expect(future.poll(cx)).toBe(1);
});

test("consumer: if that fails, the answer comes with the error", () => {
  const future = new Stream(new Feed([1], "throws")).first();
  try {
    future.poll(new TestContext());
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CleanupError);
    expect(error).toMatchObject({ winner: 1, errors: [new Error("cleanup of the source")] });
  }
});

test("consumer: an answer that a cancel keeps from being given is disposed of", () => {
  const resource = new Resource();
  const feed = new Feed([resource], "slow");
  const future = new Stream(feed).first();
  const cx = pending(future);
  const cleanup = new Cleanup(future, "because", "first");
  expect(cleanup.poll(cx)).toBe(Pending);
  feed.endCleanup();
  expect(cleanup.poll(cx)).toBeUndefined();
  expect(resource.disposals).toBe(1);
});

test("collect, last: what was gathered is disposed of when nobody is going to get it", () => {
  for (const name of ["collect", "last"] as const) {
    const resources = [new Resource(), new Resource()];
    const feed = new Feed(resources).fail("error");
    const future = new Stream(feed)[name]();
    expect(() => future.poll(new TestContext())).toThrow("error");
    expect(resources.at(-1)?.disposals).toBe(1);
    expect(resources[0]?.disposals).toBe(name === "collect" ? 1 : 0);
  }
});
