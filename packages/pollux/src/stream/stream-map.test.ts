import { expect, expectTypeOf, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { MovedError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { spawn } from "../task/spawn.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";
import { StreamMap } from "./stream-map.ts";

test("StreamMap: gives keys with values; a stream that ends leaves", () => {
  const map = new StreamMap<string, number>();
  const a = new Feed([1]);
  const b = new Feed<number>([2]).end();
  map.insert("a", a);
  map.insert("b", b);
  expect([map.len, map.containsKey("b"), [...map.keys()]]).toEqual([2, true, ["a", "b"]]);
  const cx = new TestContext();
  expect(drain(map, cx)).toEqual([["a", 1], ["b", 2], Pending]);
  expect([map.len, map.containsKey("b")]).toEqual([1, false]);
  a.end();
  expect(drain(map, cx)).toEqual([End]);
  expect(map.isEmpty).toBe(true);
  map.insert("c", [3]);
  expect(drain(map, cx)).toEqual([["c", 3], End]);
});

test("StreamMap: what is removed or replaced is the caller's again, as it was", () => {
  const map = new StreamMap<string, number>();
  const cx = new TestContext();
  const first = new Feed<number>();
  const second = new Feed<number>();
  expect(map.insert("a", first)).toBeUndefined();
  drain(map, cx);
  expect(map.insert("a", second)).toBe(first);
  expect(first.cancels).toBe(0);
  expect(map.remove("a")).toBe(second);
  expect(map.remove("a")).toBeUndefined();
  cx.takeWakes();
  first.push(1);
  expect(cx.wakes).toBe(0);
  expect(drain(map, cx)).toEqual([End]);
});

test("StreamMap: changes while somebody waits are seen by them", () =>
  paused(function* () {
    const map = new StreamMap<string, number>();
    map.insert("quiet", new Feed<number>());
    const waiting = spawn(map.next());
    yield* sleep(5);
    map.insert("loud", [1]);
    expect(yield* waiting).toEqual(["loud", 1]);
    const again = spawn(map.next());
    yield* sleep(5);
    map.remove("loud");
    map.remove("quiet");
    expect(yield* again).toBe(End);
  }));

test("StreamMap: takes a stream over, also when the stream of the map goes on", () =>
  paused(function* () {
    const map = new StreamMap<number, string>();
    const stream = Stream.from("ab");
    map.insert(1, stream);
    expect(() => stream.next()).toThrow(MovedError);
    const all = Stream.from(map);
    expectTypeOf(all).toEqualTypeOf<Stream<[key: number, value: string]>>();
    expect(yield* all.next()).toEqual([1, "a"]);
    map.insert(2, ["x"]);
    expect(new Set((yield* all.collect()).map(String))).toEqual(new Set(["1,b", "2,x"]));
  }));

test("StreamMap: a cancel gives up all streams", () => {
  const map = new StreamMap<string, number>();
  const feed = new Feed<number>([], "slow");
  map.insert("a", feed);
  const cx = new TestContext();
  drain(map, cx);
  expect(map.cancel(cx)).toBe(Pending);
  feed.endCleanup();
  expect(map.cancel(cx)).toBeUndefined();
  expect([feed.state, map.len]).toEqual(["cancelled", 0]);
});
