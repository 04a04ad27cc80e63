import { expect, expectTypeOf, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("catchError: puts what the function gives in the place of each error", () => {
  const feed = new Feed([1]).fail("a").push(2).fail("b").end();
  const stream = new Stream(feed).catchError((error) => `caught ${error}`);
  expectTypeOf(stream).toEqualTypeOf<Stream<number | string>>();
  expect(drain(stream, new TestContext())).toEqual([1, "caught a", 2, "caught b", End]);
});

test("catchError: waits for a generator", () =>
  paused(function* () {
    const stream = new Stream(new Feed<number>().fail("a").push(2).end()).catchError(function* (error) {
      yield* sleep(5);
      return `caught ${error}`;
    });
    expectTypeOf(stream).toEqualTypeOf<Stream<number | string>>();
    expect(yield* stream.collect()).toEqual(["caught a", 2]);
  }));

test("catchError: a stream takes over when the source has been given up", () => {
  const feed = new Feed([1], "slow").fail("a").push(2);
  const stream = new Stream(feed).catchError(() => Stream.from(["x", "y"]));
  expectTypeOf(stream).toEqualTypeOf<Stream<number | string>>();
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([1, Pending]);
  feed.endCleanup();
  expect(drain(stream, cx)).toEqual(["x", "y", End]);
  expect(feed.state).toBe("cancelled");
});

test("catchError: a cancel reaches what has taken over", () => {
  const successor = new Feed<number>();
  const stream = new Stream(new Feed<number>().fail("a")).catchError(() => new Stream(successor));
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  stream.cancel(cx);
  expect(successor.state).toBe("cancelled");
});

test("catchError: nor does a failure in the source's cleanup keep a cancel from what takes over", () => {
  const feed = new Feed<number>([], "slow").fail("a");
  const successor = new Feed<number>();
  const stream = new Stream(feed.failCleanup(new Error("in the source"))).catchError(
    () => new Stream(successor),
  );
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  expect(stream.cancel(cx)).toBe(Pending);
  expect(successor.state).toBe("new");
  feed.endCleanup();
  expect(() => stream.cancel(cx)).toThrow("in the source");
  expect(successor.state).toBe("cancelled");
});

test("catchError: what the function throws is thrown, and the stream goes on", () => {
  const feed = new Feed<number>().fail("a").push(1).end();
  const stream = new Stream(feed).catchError((error) => {
    throw `again ${error}`;
  });
  expectTypeOf(stream).toEqualTypeOf<Stream<number>>();
  expect(drain(stream, new TestContext())).toEqual([{ error: "again a" }, 1, End]);
});
