import { beforeEach, expect, test } from "vitest";
import { join } from "../../../src/combine/join.ts";
import { map } from "../../../src/combine/map.ts";
import { race } from "../../../src/combine/race.ts";
import { ready } from "../../../src/combine/ready.ts";
import { co } from "../../../src/core/coroutine.ts";
import { Pending } from "../../../src/core/poll.ts";
import { End } from "../../../src/core/stream-source.ts";
import { FuturesUnordered } from "../../../src/stream/futures-unordered.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { TestContext } from "../../support/context.ts";
import { drain } from "../../support/feed.ts";
import { paused } from "../../support/paused.ts";
import { Probe } from "../../support/probe.ts";

let cx: TestContext;

beforeEach(() => {
  cx = new TestContext();
});

test("is_terminated: an end is not for ever: there are values again when there are futures again", () => {
  const futures = new FuturesUnordered<number>();
  expect(futures.pollNext(cx)).toBe(End);
  expect([futures.isEmpty, futures.len]).toEqual([true, 0]);
  futures.push(ready(1));
  expect([futures.isEmpty, futures.len]).toEqual([false, 1]);
  expect([futures.pollNext(cx), futures.pollNext(cx)]).toEqual([1, End]);
});

test("works_1: gives the values in the order in which they are there", () => {
  const [[a, ra], [b, rb], [c, rc]] = [oneshot<number>(), oneshot<number>(), oneshot<number>()];
  const futures = new FuturesUnordered([ra, rb, rc]);
  b.send(99);
  expect(drain(futures, cx)).toEqual([99, Pending]);
  a.send(33);
  c.send(33);
  expect(drain(futures, cx)).toEqual([33, 33, End]);
});

test("works_2: futures that are made of others", () => {
  const [[a, ra], [b, rb], [c, rc]] = [oneshot<number>(), oneshot<number>(), oneshot<number>()];
  const futures = new FuturesUnordered([ra, map(join(rb, rc), ([x, y]) => x + y)]);
  a.send(9);
  b.send(10);
  expect(futures.pollNext(cx)).toBe(9);
  c.send(20);
  expect([futures.pollNext(cx), futures.pollNext(cx)]).toEqual([30, End]);
});

test("from_iterator: takes whatever can be iterated", () =>
  paused(function* () {
    const futures = new FuturesUnordered(new Set([ready(1), ready(2), ready(3)]));
    expect(futures.len).toBe(3);
    expect(yield* Stream.from(futures).collect()).toEqual([1, 2, 3]);
  }));

test("finished_future: a wake for a future that has ended, by what it had inside, is harmless", () => {
  const [[, ra], [b, rb], [c, rc]] = [oneshot<number>(), oneshot<number>(), oneshot<number>()];
  const futures = new FuturesUnordered([ra, race([rb, rc])]);
  for (let n = 0; n < 10; n++) expect(futures.pollNext(cx)).toBe(Pending);
  b.send(12);
  c.send(3);
  expect([futures.pollNext(cx), futures.pollNext(cx), futures.pollNext(cx)]).toEqual([12, Pending, Pending]);
});

test("len_valid_during_out_of_order_completion: counts what is left, whatever ends and is added", () => {
  const [[a, ra], [b, rb], [c, rc], [d, rd]] = [
    oneshot<number>(),
    oneshot<number>(),
    oneshot<number>(),
    oneshot<number>(),
  ];
  const futures = new FuturesUnordered<number>();
  for (const [n, rx] of [ra, rb, rc].entries()) {
    expect(futures.len).toBe(n);
    futures.push(rx);
  }
  b.send(4);
  expect([futures.pollNext(cx), futures.len]).toEqual([4, 2]);
  futures.push(rd);
  expect(futures.len).toBe(3);
  for (const [left, [tx, value]] of (
    [
      [c, 5],
      [d, 6],
      [a, 7],
    ] as const
  ).entries()) {
    tx.send(value);
    expect([futures.pollNext(cx), futures.len]).toEqual([value, 2 - left]);
  }
});

test("polled_only_once_at_most_per_iteration: 10 or 33 that wait are polled once each", () => {
  for (const count of [10, 33]) {
    const probes = Array.from({ length: count }, () => new Probe());
    expect(new FuturesUnordered(probes).pollNext(cx)).toBe(Pending);
    expect(probes.map(({ polls }) => polls)).toEqual(probes.map(() => 1));
  }
  expect(new FuturesUnordered().pollNext(cx)).toBe(End);
});

test("clear: to close it empties it, and it can be filled again", () =>
  paused(function* () {
    const futures = new FuturesUnordered([ready(1), ready(2)]);
    expect(yield* futures.next()).toBe(1);
    expect(futures.isEmpty).toBe(false);
    yield* futures.close();
    expect(futures.isEmpty).toBe(true);
    futures.push(ready(3));
    expect(futures.isEmpty).toBe(false);
    yield* futures.close();
    expect(yield* futures.next()).toBe(End);
    yield* futures.close();
    expect(futures.isEmpty).toBe(true);
  }));

test("clear_in_loop: filled and emptied 1,000 times, it has lost none of what ended first", () =>
  paused(function* () {
    const work = co(function* (n: number) {
      yield* sleep(n + 1);
      return n;
    });
    const futures = new FuturesUnordered<number>();
    for (let round = 0; round < 1000; round++) {
      for (let n = 0; n < 24; n++) futures.push(work(n));
      expect(yield* futures.next()).toBe(0);
      yield* futures.close();
      expect(futures.isEmpty).toBe(true);
    }
  }));

test("panic_on_drop_fut: what a future fails with when it is given up, comes out where that is awaited", () => {
  const futures = new FuturesUnordered([new Probe("bad", "throws")]);
  futures.pollNext(cx);
  expect(() => futures.cancel(cx)).toThrow("cleanup of bad");
});
