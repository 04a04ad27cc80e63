import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { Gate } from "../../test/support/gate.ts";
import { Cleanup } from "../core/cleanup.ts";
import { CleanupError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";

test("finallyDo: calls the function once at the end, and waits for it", () => {
  const gate = new Gate();
  let calls = 0;
  const stream = new Stream(new Feed([1]).fail("error").end()).finallyDo(() => {
    calls++;
    return gate;
  });
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([1, { error: "error" }, Pending]);
  gate.open();
  expect(drain(stream, cx)).toEqual([End]);
  expect(drain(stream, cx)).toEqual([End]);
  expect(stream.cancel(cx)).toBeUndefined();
  expect(calls).toBe(1);
});

test("finallyDo: a cancel gives up the source first, and does not interrupt the function", () => {
  const feed = new Feed<number>([], "slow");
  const gate = new Gate();
  const stream = new Stream(feed).finallyDo(() => gate);
  const cx = new TestContext();
  drain(stream, cx);
  expect(stream.cancel(cx)).toBe(Pending);
  expect(gate.polls).toBe(0);
  feed.endCleanup();
  expect(stream.cancel(cx)).toBe(Pending);
  expect([gate.polls, gate.cancels]).toEqual([1, 0]);
  gate.open();
  expect(stream.cancel(cx)).toBeUndefined();
});

test("finallyDo: is not called for a stream that never began", () => {
  let calls = 0;
  const feed = new Feed<number>();
  const stream = new Stream(feed).finallyDo(() => calls++);
  stream.cancel(new TestContext());
  expect(calls).toBe(0);
  expect(feed.state).toBe("cancelled");
});

test("finallyDo: what the function fails with is thrown in place of the end, which comes after it", () => {
  const stream = new Stream(new Feed<number>().end()).finallyDo(() => {
    throw "in the function";
  });
  expect(drain(stream, new TestContext())).toEqual([{ error: "in the function" }, End]);
});

test("finallyDo: failures of the source's cleanup and of the function come out of a cancel together", () => {
  const stream = new Stream(new Feed<number>([], "throws")).finallyDo(() => {
    throw new Error("in the function");
  });
  const cx = new TestContext();
  drain(stream, cx);
  const cleanup = new Cleanup(stream, "because", "the stream");
  try {
    cleanup.poll(cx);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CleanupError);
    expect(error).toMatchObject({
      cause: "because",
      errors: [new Error("cleanup of the source"), new Error("in the function")],
    });
  }
});
