import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";

test("chain: begins with the second when the first has ended, and does not go back to it", () => {
  const first = new Feed([1]);
  const second = new Feed([2]);
  const stream = new Stream(first).chain(second);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([1, Pending]);
  expect(second.polls).toBe(0);
  first.end();
  expect(drain(stream, cx)).toEqual([2, Pending]);
  const { polls } = first;
  second.end();
  expect(drain(stream, cx)).toEqual([End]);
  expect(first.polls).toBe(polls);
});

test("chain: a cancel gives up both, also the one that has not begun", () => {
  const first = new Feed<number>();
  const second = new Feed<number>();
  const stream = new Stream(first).chain(second);
  const cx = new TestContext();
  drain(stream, cx);
  stream.cancel(cx);
  expect([first.state, second.state]).toEqual(["cancelled", "cancelled"]);
});
