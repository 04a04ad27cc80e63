import { expect, expectTypeOf, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";

test("flatten: gives the values of one stream after the other", () => {
  const first = new Feed([1]);
  const second = new Feed([2]).end();
  const outer = new Feed([first, second]).end();
  const stream = new Stream(outer).flatten();
  expectTypeOf(stream).toEqualTypeOf<Stream<number>>();
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([1, Pending]);
  expect(second.polls).toBe(0);
  first.end();
  expect(drain(stream, cx)).toEqual([2, End]);
});

test("flatten: a cancel gives up the stream under way, and then the others", () => {
  const inner = new Feed<number>([], "slow");
  const outer = new Feed([inner]);
  const stream = new Stream(outer).flatten();
  const cx = new TestContext();
  drain(stream, cx);
  expect(stream.cancel(cx)).toBe(Pending);
  expect(outer.state).toBe("open");
  inner.endCleanup();
  expect(stream.cancel(cx)).toBeUndefined();
  expect([inner.state, outer.state]).toEqual(["cancelled", "cancelled"]);
});

test("flatMap: takes whatever gives values, and says what does not", () => {
  const stream = Stream.from([1, 2]).flatMap((n) => (n === 1 ? [n, n] : new Feed([n]).end()));
  expect(drain(stream, new TestContext())).toEqual([1, 1, 2, End]);
  // @ts-expect-error: a number gives none
  const wrong = Stream.from([1]).flatMap((n) => n * 1);
  const [first] = drain(wrong, new TestContext()) as { error: unknown }[];
  expect(first?.error).toEqual(new TypeError("flatMap needs a stream, or something to iterate, not 1"));
});
