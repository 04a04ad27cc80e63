import { beforeEach, expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { seedRandom } from "../combine/random.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Runtime } from "../runtime/runtime.ts";
import { Stream } from "./stream.ts";

beforeEach(() => seedRandom(1));

test("merge: polls only the streams that were woken", () => {
  const feeds = Array.from({ length: 8 }, () => new Feed<number>());
  const stream = Stream.merge(feeds);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  feeds[3]?.push(1);
  expect(cx.wakes).toBe(1);
  expect(drain(stream, cx)).toEqual([1, Pending]);
  expect(feeds.map(({ polls }) => polls)).toEqual([1, 1, 1, 3, 1, 1, 1, 1]);
});

test("merge: takes turns between streams that have values", () => {
  const stream = Stream.merge([new Feed(["a", "a", "a"]), new Feed(["b", "b", "b"])]);
  const values = drain(stream, new TestContext()).slice(0, 6).join("");
  expect(["ababab", "bababa"]).toContain(values);
});

test("merge: chance chooses which is asked first", () => {
  const firsts = new Set<unknown>();
  for (let n = 0; n < 50; n++) {
    const stream = Stream.merge([["a"], ["b"], ["c"]]);
    firsts.add(stream.pollNext(new TestContext()));
  }
  expect([...firsts].sort()).toEqual(["a", "b", "c"]);
});

test("merge: ends when all have, and passes errors on from those that go on", () => {
  const a = new Feed([1]).fail("error").push(2).end();
  const b = new Feed<number>();
  const stream = new Stream(a).merge(b);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([1, { error: "error" }, 2, Pending]);
  b.end();
  expect(drain(stream, cx)).toEqual([End]);
  expect([...a.breaches, ...b.breaches]).toEqual([]);
  expect(drain(Stream.merge([]), cx)).toEqual([End]);
});

test("merge: no stream is passed over, however much budget the others spend", () => {
  const runtime = new Runtime({ clock: "paused" }).handle;
  const cx = new TestContext(runtime);
  const stream = Stream.merge([Stream.repeat("busy"), Stream.repeat("other")]);
  const seen = { busy: 0, other: 0 };
  for (let polls = 0; polls < 10; polls++) {
    runtime.budget = 1;
    const poll = stream.pollNext(cx);
    if (typeof poll === "string") seen[poll as "busy" | "other"]++;
  }
  expect(seen).toEqual({ busy: 5, other: 5 });
});

test("merge: a cancel gives up all at the same time, those that were never asked too", () => {
  const feeds = [new Feed<number>([], "slow"), new Feed<number>([], "slow"), new Feed<number>().end()];
  const stream = Stream.merge(feeds);
  const cx = new TestContext();
  expect(stream.cancel(cx)).toBe(Pending);
  expect(feeds.map(({ state }) => state)).toEqual(["cancelling", "cancelling", "cancelled"]);
  feeds[0]?.endCleanup();
  feeds[1]?.endCleanup();
  expect(stream.cancel(cx)).toBeUndefined();
  expect(feeds.every(({ isOver }) => isOver)).toBe(true);
});
