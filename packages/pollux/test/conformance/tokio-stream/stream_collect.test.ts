import { beforeEach, expect, test } from "vitest";
import type { Future } from "../../../src/core/future.ts";
import { Pending } from "../../../src/core/poll.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { unboundedMpsc } from "../../../src/sync/mpsc.ts";
import { TestContext } from "../../support/context.ts";

let cx: TestContext;

beforeEach(() => {
  cx = new TestContext();
});

/** Sends the values one by one to what collects, which is woken by each, and gives its outcome after the end. */
function feed<T, R>(values: readonly T[], collect: (stream: Stream<T>) => Future<R>): R | Pending {
  const [tx, rx] = unboundedMpsc<T>();
  const collected = collect(Stream.from(rx));
  expect(collected.poll(cx)).toBe(Pending);
  for (const value of values) {
    tx.send(value);
    expect(cx.takeWakes()).toBe(1);
    expect(collected.poll(cx)).toBe(Pending);
  }
  tx.close();
  expect(cx.takeWakes()).toBe(1);
  return collected.poll(cx);
}

test("empty_unit: a stream is drained by whoever wants nothing of it", () => {
  const iterator = [1, 2, 3].values();
  expect(
    Stream.from(iterator)
      .forEach(() => {})
      .poll(cx),
  ).toBeUndefined();
  expect(iterator.next().done).toBe(true);
});

test("empty_vec, empty_result: there is nothing in what is collected of an empty stream", () => {
  expect(Stream.empty().collect().poll(cx)).toEqual([]);
});

test("empty_string: nor in what is folded", () => {
  expect(
    Stream.empty<string>()
      .fold("", (text, part) => text + part)
      .poll(cx),
  ).toBe("");
});

test("collect_vec_items: an array, in the order in which the values come", () => {
  expect(feed([1, 2], (stream) => stream.collect())).toEqual([1, 2]);
});

test("collect_hashset_items, collect_hashmap_items: a set or a map by a fold", () => {
  expect(feed([1, 2, 1], (s) => s.fold(new Set<number>(), (set, n) => set.add(n)))).toEqual(new Set([1, 2]));
  const pairs: [number, number][] = [
    [1, 2],
    [3, 4],
  ];
  const map = feed(pairs, (s) =>
    s.fold(new Map<number, number>(), (all, [key, value]) => all.set(key, value)),
  );
  expect(map).toEqual(new Map(pairs));
});

test("collect_string_items, collect_str_items: a text by a fold", () => {
  expect(feed(["hello ", "world"], (s) => s.fold("", (text, part) => text + part))).toBe("hello world");
});

test("collect_results_ok: all values, where none fails", () => {
  expect(feed(["hello ", "world"], (s) => s.map((part) => part).collect())).toEqual(["hello ", "world"]);
});

test("collect_results_err: the first failure ends it at once", () => {
  const [tx, rx] = unboundedMpsc<string>();
  const collected = Stream.from(rx)
    .inspect((part) => {
      if (part === "oh no") throw new Error(part);
    })
    .collect();
  expect(collected.poll(cx)).toBe(Pending);
  tx.send("hello ");
  expect(collected.poll(cx)).toBe(Pending);
  tx.send("oh no");
  expect(cx.takeWakes()).toBeGreaterThan(0);
  expect(() => collected.poll(cx)).toThrow("oh no");
});
