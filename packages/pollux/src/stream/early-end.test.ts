// Of take, takeWhile, mapWhile, zip and catchError: those that end before their source does.
import { describe, expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { Cleanup } from "../core/cleanup.ts";
import { CancelledError, CleanupError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";

/** Each ends after the value 1, the next being 2. */
const adapters: Record<string, (stream: Stream<number>) => StreamSource<unknown>> = {
  take: (s) => s.take(1),
  takeWhile: (s) => s.takeWhile((n) => n < 2),
  mapWhile: (s) => s.mapWhile((n) => (n < 2 ? n : undefined)),
  zip: (s) => s.zip([0]),
  catchError: (s) =>
    s
      .inspect((n) => {
        if (n === 2) throw new Error("2");
      })
      .catchError(() => End),
};

describe.each(Object.entries(adapters))("stream early end: %s", (_name, adapt) => {
  test("cancels its source, waits for the cleanup, and then gives the end", () => {
    const feed = new Feed([1, 2], "slow");
    const stream = adapt(new Stream(feed));
    const cx = new TestContext();
    expect(drain(stream, cx).at(-1)).toBe(Pending);
    expect(feed.state).toBe("cancelling");
    expect(feed.reason).toBeInstanceOf(CancelledError);
    cx.takeWakes();
    feed.endCleanup();
    expect(cx.wakes).toBeGreaterThan(0);
    expect(drain(stream, cx)).toEqual([End]);
    expect(drain(stream, cx)).toEqual([End]);
    expect(stream.cancel(cx)).toBeUndefined();
    expect(feed.breaches).toEqual([]);
  });

  test("throws what fails in that cleanup, and then gives the end", () => {
    const feed = new Feed([1, 2], "throws");
    const stream = adapt(new Stream(feed));
    const seen = drain(stream, new TestContext()) as { error?: unknown }[];
    expect(seen.length).toBe(3);
    expect(seen[1]?.error).toBeInstanceOf(CleanupError);
    expect(seen[1]?.error).toMatchObject({ errors: [new Error("cleanup of the source")] });
    expect(seen[2]).toBe(End);
  });

  test("a cancel that comes meanwhile goes on with the cleanup", () => {
    const feed = new Feed([1, 2], "slow");
    const stream = adapt(new Stream(feed));
    const cx = new TestContext();
    drain(stream, cx);
    const cleanup = new Cleanup(stream, "because", "the stream");
    expect(cleanup.poll(cx)).toBe(Pending);
    feed.endCleanup();
    expect(cleanup.poll(cx)).toBeUndefined();
    expect(feed.reason).toBeInstanceOf(CancelledError);
    expect(feed.breaches).toEqual([]);
  });
});

test("stream early end: take(0) gives the end without asking for a value", () => {
  const feed = new Feed([1]);
  expect(drain(new Stream(feed).take(0), new TestContext())).toEqual([End]);
  expect(feed.polls).toBe(0);
  expect(feed.state).toBe("cancelled");
});

test("stream early end: a source that has ended by itself is not cancelled", () => {
  const waiting: ((stream: Stream<number>) => StreamSource<unknown>)[] = [
    (s) => s.take(5),
    (s) => s.takeWhile(() => true),
    (s) => s.mapWhile((n) => n),
    (s) => s.zip(Stream.repeat(0)),
  ];
  for (const adapt of waiting) {
    const feed = new Feed([1]).end();
    const stream = adapt(new Stream(feed));
    const cx = new TestContext();
    expect(drain(stream, cx).at(-1)).toBe(End);
    expect(drain(stream, cx)).toEqual([End]);
    stream.cancel(cx);
    expect(feed.cancels).toBe(0);
  }
});
