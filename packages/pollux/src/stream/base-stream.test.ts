import "../runtime/default.ts";
import { expect, test } from "vitest";
import { pending } from "../../test/support/context.ts";
import { Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { select } from "../combine/select.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError, FutureInUseError, MovedError } from "../core/errors.ts";
import { End } from "../core/stream-source.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("next: gives each value, then End, and End again", () =>
  paused(function* () {
    const stream = Stream.from([1, undefined]);
    const given = [];
    for (let i = 0; i < 4; i++) given.push(yield* stream.next());
    expect(given).toEqual([1, undefined, End, End]);
  }));

test("next: a cancelled one loses no value, and lets the next one wait", () =>
  paused(function* () {
    const feed = new Feed<number>();
    const stream = new Stream(feed);
    expect((yield* select({ value: stream.next(), late: sleep(5) })).key).toBe("late");
    feed.push(1);
    expect(yield* stream.next()).toBe(1);
    expect(feed.cancels).toBe(0);
  }));

test("next: two at a time are refused, since only one of them would be woken", () => {
  const stream = new Stream(new Feed<number>());
  const waiting = stream.next();
  const cx = pending(waiting);
  expect(() => stream.next().poll(cx)).toThrow(FutureInUseError);
  expect(() => stream.close()).toThrow(FutureInUseError);
  expect(() => stream.map(String)).toThrow(FutureInUseError);
  waiting.cancel(cx);
  pending(stream.next(), cx);
});

test("ref: to give a loan up leaves the stream as it was", () =>
  paused(function* () {
    const feed = new Feed([1, 2, 3, 4]).end();
    const stream = new Stream(feed);
    expect(yield* stream.ref().take(2).collect()).toEqual([1, 2]);
    expect(feed.cancels).toBe(0);
    expect(yield* stream.ref().ref().take(1).collect()).toEqual([3]);
    expect(yield* stream.collect()).toEqual([4]);
    expect(feed.breaches).toEqual([]);
  }));

test("ref: a loan of a stream that has gone elsewhere says so", () =>
  paused(function* () {
    const stream = Stream.from([1]);
    const loan = stream.ref();
    stream.map(String);
    let caught: unknown;
    try {
      yield* loan.next();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(MovedError);
  }));

test("ref: a stream cannot go elsewhere while a loan waits", () =>
  paused(function* () {
    const stream = new Stream(new Feed<number>());
    const loan = stream.ref();
    const late = co(function* () {
      yield* sleep(5);
      expect(() => stream.map(String)).toThrow(FutureInUseError);
    });
    expect((yield* select({ value: loan.next(), late: late() })).key).toBe("late");
    yield* loan.close();
    stream.map(String);
  }));

test("close: gives the stream up and waits for its cleanup; once, and again for nothing", () =>
  paused(function* () {
    const feed = new Feed<number>([], "slow");
    const stream = new Stream(feed);
    const closed = stream.close();
    expect(feed.cancels).toBe(0);
    expect((yield* select({ closed: closed.ref(), late: sleep(5) })).key).toBe("late");
    feed.endCleanup();
    yield* closed;
    expect(feed.state).toBe("cancelled");
    yield* stream.close();
    expect(() => stream.next()).toThrow(MovedError);
  }));

test("close: of a stream that has gone elsewhere does nothing", () =>
  paused(function* () {
    const feed = new Feed([1]).end();
    const stream = new Stream(feed);
    const mapped = stream.map((n) => n);
    yield* stream.close();
    expect(yield* mapped.collect()).toEqual([1]);
    expect(feed.cancels).toBe(0);
  }));

test("close: a failure of the cleanup is thrown", () =>
  paused(function* () {
    const stream = Stream.make(function* (emit) {
      try {
        yield* emit(1);
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: on purpose
        throw new Error("in the finally");
      }
    });
    yield* stream.next();
    let caught: unknown;
    try {
      yield* stream.close();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(CleanupError);
    expect(caught).toMatchObject({ errors: [new Error("in the finally")] });
  }));

test("asyncDispose: closes the stream", async () => {
  const feed = new Feed<number>();
  const stream = new Stream(feed);
  await stream[Symbol.asyncDispose]();
  expect(feed.state).toBe("cancelled");
});
