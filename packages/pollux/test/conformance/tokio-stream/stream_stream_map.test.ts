import { beforeEach, expect, test } from "vitest";
import { Pending } from "../../../src/core/poll.ts";
import { End } from "../../../src/core/stream-source.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { StreamMap } from "../../../src/stream/stream-map.ts";
import { unboundedMpsc } from "../../../src/sync/mpsc.ts";
import { TestContext } from "../../support/context.ts";
import { drain } from "../../support/feed.ts";
import { paused } from "../../support/paused.ts";

let cx: TestContext;

beforeEach(() => {
  cx = new TestContext();
});

test("empty: gives the end each time, and has nothing to remove", () => {
  const map = new StreamMap<string, never>();
  expect([map.len, map.isEmpty]).toEqual([0, true]);
  expect([map.pollNext(cx), map.pollNext(cx)]).toEqual([End, End]);
  expect(map.remove("foo")).toBeUndefined();
});

test("single_entry: gives the key with each value, is woken by the stream, and ends with it", () => {
  const map = new StreamMap<string, number>();
  const [tx, rx] = unboundedMpsc<number>();
  expect(map.pollNext(cx)).toBe(End);
  expect(map.insert("foo", rx)).toBeUndefined();
  expect([map.containsKey("foo"), map.containsKey("bar"), map.len, map.isEmpty]).toEqual([
    true,
    false,
    1,
    false,
  ]);
  expect(map.pollNext(cx)).toBe(Pending);
  for (const n of [1, 2]) {
    cx.takeWakes();
    tx.send(n);
    expect(cx.wakes).toBe(1);
    expect(drain(map, cx)).toEqual([["foo", n], Pending]);
  }
  cx.takeWakes();
  tx.close();
  expect(cx.wakes).toBe(1);
  expect(drain(map, cx)).toEqual([End]);
});

test("multiple_entries: gives the values of all, and ends with the last", () => {
  const map = new StreamMap<string, number>();
  const [tx1, rx1] = unboundedMpsc<number>();
  const [tx2, rx2] = unboundedMpsc<number>();
  map.insert("foo", rx1);
  map.insert("bar", rx2);
  expect(drain(map, cx)).toEqual([Pending]);
  tx1.send(1);
  expect(drain(map, cx)).toEqual([["foo", 1], Pending]);
  tx2.send(2);
  expect(drain(map, cx)).toEqual([["bar", 2], Pending]);
  tx1.send(3);
  tx2.send(4);
  const seen = drain(map, cx);
  expect(seen.pop()).toBe(Pending);
  expect(seen.map(String).sort()).toEqual(["bar,4", "foo,3"]);
  cx.takeWakes();
  tx1.close();
  expect(cx.wakes).toBe(1);
  expect(drain(map, cx)).toEqual([Pending]);
  tx2.close();
  expect(drain(map, cx)).toEqual([End]);
});

test("insert_remove: what is removed does not wake the map, and can be added again", () => {
  const map = new StreamMap<string, number>();
  const [tx, rx] = unboundedMpsc<number>();
  expect(map.pollNext(cx)).toBe(End);
  map.insert("foo", rx);
  expect(map.remove("foo")).toBe(rx);
  tx.send(1);
  expect(cx.wakes).toBe(0);
  expect(map.pollNext(cx)).toBe(End);
  expect(map.insert("bar", rx)).toBeUndefined();
  expect(map.pollNext(cx)).toEqual(["bar", 1]);
  expect(map.remove("bar")).toBe(rx);
  expect(map.pollNext(cx)).toBe(End);
  expect([map.isEmpty, map.len]).toEqual([true, 0]);
});

test("replace: gives back the stream that had the key, which the map does not poll any more", () => {
  const map = new StreamMap<string, number>();
  const [tx1, rx1] = unboundedMpsc<number>();
  const [tx2, rx2] = unboundedMpsc<number>();
  expect(map.insert("foo", rx1)).toBeUndefined();
  expect(map.pollNext(cx)).toBe(Pending);
  expect(map.insert("foo", rx2)).toBe(rx1);
  expect(map.pollNext(cx)).toBe(Pending);
  tx1.send(1);
  expect(map.pollNext(cx)).toBe(Pending);
  cx.takeWakes();
  tx2.send(2);
  expect(cx.wakes).toBe(1);
  expect(map.pollNext(cx)).toEqual(["foo", 2]);
});

test("iter_keys: names the keys", () => {
  const map = new StreamMap<string, number>();
  for (const key of ["a", "b", "c"]) map.insert(key, Stream.never<number>());
  expect([...map.keys()].sort()).toEqual(["a", "b", "c"]);
});

test("clear: gives up all streams", () =>
  paused(function* () {
    const map = new StreamMap<string, number>();
    map.insert("a", [1]);
    map.insert("b", [1, 2]);
    map.insert("c", [1, 2, 3]);
    expect(yield* map.next()).not.toBe(End);
    yield* map.close();
    expect(yield* map.next()).toBe(End);
    expect(map.isEmpty).toBe(true);
  }));

test("one_ready_many_none: finds the one that has a value among those that end or wait", () => {
  for (let n = 0; n < 100; n++) {
    const map = new StreamMap<number, string>();
    map.insert(0, Stream.empty<string>());
    map.insert(1, Stream.empty<string>());
    map.insert(2, Stream.once("hello"));
    map.insert(3, Stream.never<string>());
    expect(map.pollNext(cx)).toEqual([2, "hello"]);
  }
});
