import { beforeEach, expect, test } from "vitest";
import { join } from "../../../src/combine/join.ts";
import { map } from "../../../src/combine/map.ts";
import { race } from "../../../src/combine/race.ts";
import { ready } from "../../../src/combine/ready.ts";
import { Pending } from "../../../src/core/poll.ts";
import { End } from "../../../src/core/stream-source.ts";
import { FuturesOrdered } from "../../../src/stream/futures-ordered.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import { TestContext } from "../../support/context.ts";
import { drain } from "../../support/feed.ts";
import { paused } from "../../support/paused.ts";

let cx: TestContext;

beforeEach(() => {
  cx = new TestContext();
});

test("works_1: a value that is there before its turn waits for it", () => {
  const [[a, ra], [b, rb], [c, rc]] = [oneshot<number>(), oneshot<number>(), oneshot<number>()];
  const futures = new FuturesOrdered([ra, rb, rc]);
  b.send(99);
  expect(futures.pollNext(cx)).toBe(Pending);
  a.send(33);
  c.send(33);
  expect(drain(futures, cx)).toEqual([33, 99, 33, End]);
});

test("works_2: futures that are made of others", () => {
  const [[a, ra], [b, rb], [c, rc]] = [oneshot<number>(), oneshot<number>(), oneshot<number>()];
  const futures = new FuturesOrdered([ra, map(join(rb, rc), ([x, y]) => x + y)]);
  a.send(33);
  b.send(33);
  expect(drain(futures, cx)).toEqual([33, Pending]);
  c.send(33);
  expect(futures.pollNext(cx)).toBe(66);
});

/** Three futures that have their values. */
function three(): FuturesOrdered<number> {
  const [[a, ra], [b, rb], [c, rc]] = [oneshot<number>(), oneshot<number>(), oneshot<number>()];
  a.send(1);
  b.send(2);
  c.send(3);
  return new FuturesOrdered([ra, rb, rc]);
}

test("test_push_front: comes before what was there", () => {
  const futures = three();
  expect([futures.pollNext(cx), futures.pollNext(cx)]).toEqual([1, 2]);
  const [d, rd] = oneshot<number>();
  futures.pushFront(rd);
  d.send(4);
  expect(drain(futures, cx)).toEqual([4, 3, End]);
});

test("test_push_back: comes after what was there", () => {
  const futures = three();
  expect([futures.pollNext(cx), futures.pollNext(cx)]).toEqual([1, 2]);
  const [d, rd] = oneshot<number>();
  futures.pushBack(rd);
  d.send(4);
  expect(drain(futures, cx)).toEqual([3, 4, End]);
});

test("from_iterator: takes whatever can be iterated", () =>
  paused(function* () {
    const futures = new FuturesOrdered(new Set([ready(1), ready(2), ready(3)]));
    expect(futures.len).toBe(3);
    expect(yield* Stream.from(futures).collect()).toEqual([1, 2, 3]);
  }));

test("queue_never_unblocked: what ends behind a future that never does is never given", () => {
  const [[, ra], [b, rb], [c, rc]] = [oneshot<number>(), oneshot<number>(), oneshot<number>()];
  const futures = new FuturesOrdered([ra, race([rb, rc])]);
  for (let n = 0; n < 10; n++) expect(futures.pollNext(cx)).toBe(Pending);
  b.send(1);
  expect(futures.pollNext(cx)).toBe(Pending);
  c.send(2);
  expect([futures.pollNext(cx), futures.pollNext(cx)]).toEqual([Pending, Pending]);
});

test("test_push_front_negative: what is pushed to the front each time comes in the opposite order", () => {
  const futures = new FuturesOrdered<number>();
  for (const n of [1, 2, 3]) {
    const [tx, rx] = oneshot<number>();
    futures.pushFront(rx);
    tx.send(n);
  }
  expect(drain(futures, cx)).toEqual([3, 2, 1, End]);
});
