// Of forEach and fold: consumers that call a function with each value.
import { expect, expectTypeOf, test } from "vitest";
import { pending, TestContext } from "../../test/support/context.ts";
import { Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { Probe } from "../../test/support/probe.ts";
import { Cleanup } from "../core/cleanup.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError, FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("forEach: waits for what the function returns before it takes the next value", () =>
  paused(function* () {
    const log: string[] = [];
    const each = co(function* (n: number) {
      log.push(`${n} begins`);
      yield* sleep(10 - n);
      log.push(`${n} ends`);
    });
    const done = Stream.from([1, 2]).forEach(each);
    expectTypeOf(done).toEqualTypeOf<Future<void>>();
    expect(yield* done).toBeUndefined();
    expect(log).toEqual(["1 begins", "1 ends", "2 begins", "2 ends"]);
  }));

test("forEach: an error of the function cancels the stream and is thrown after its cleanup", () => {
  const feed = new Feed([1], "slow");
  const error = new Error("in the function");
  const future = new Stream(feed).forEach(() => {
    throw error;
  });
  const cx = pending(future);
  expect(feed.reason).toBe(error);
  feed.endCleanup();
  expect(() => future.poll(cx)).toThrow(error);
  expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
});

test("forEach: a cancel first cancels what the function has begun, and then the stream", () => {
  const feed = new Feed([1], "throws");
  const probe = new Probe<void>("body", "slow");
  const body = (): Probe<void> => probe;
  const future = new Stream(feed).forEach(body);
  const cx = pending(future);
  const cleanup = new Cleanup(future, "because", "forEach");
  expect(cleanup.poll(cx)).toBe(Pending);
  expect([probe.state, feed.state]).toEqual(["cancelling", "open"]);
  probe.failCleanup(new Error("in the body"));
  try {
    cleanup.poll(cx);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CleanupError);
    expect(error).toMatchObject({
      cause: "because",
      errors: [new Error("in the body"), new Error("cleanup of the source")],
    });
  }
  expect(probe.breaches).toEqual([]);
});

test("forEach: refuses a promise, and to be polled from within its own poll", () => {
  const promised = new Stream(new Feed([1])).forEach(async () => {});
  expect(() => promised.poll(new TestContext())).toThrow(TypeError);
  const cx = new TestContext();
  const nested: Future<void> = new Stream(new Feed([1])).forEach(() => {
    nested.poll(cx);
  });
  expect(() => nested.poll(cx)).toThrow(FutureInUseError);
});

test("fold: goes on with what the function gives, plain or of a generator", () =>
  paused(function* () {
    const sum = Stream.from([1, 2, 3]).fold("", (text, n) => `${text}${n}`);
    expectTypeOf(sum).toEqualTypeOf<Future<string>>();
    expect(yield* sum).toBe("123");
    const slow = Stream.from([1, 2, 3]).fold(0, function* (total, n) {
      yield* sleep(n);
      return total + n;
    });
    expectTypeOf(slow).toEqualTypeOf<Future<number>>();
    expect(yield* slow).toBe(6);
    expect(yield* Stream.empty<number>().fold(7, (total, n) => total + n)).toBe(7);
  }));

test("fold: an object is a state like any other", () =>
  paused(function* () {
    const seen = yield* Stream.from([1, 2]).fold(new Set<number>(), (set, n) => set.add(n));
    expect(seen).toEqual(new Set([1, 2]));
  }));
