// The behaviours of the suites stream, stream_buffer_unordered, stream_select_all and stream_unfold.
import { beforeEach, expect, test } from "vitest";
import { pollFn } from "../../../src/combine/poll-fn.ts";
import type { Future } from "../../../src/core/future.ts";
import { Pending } from "../../../src/core/poll.ts";
import { End, type StreamSource } from "../../../src/core/stream-source.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { StreamMap } from "../../../src/stream/stream-map.ts";
import { mpsc, unboundedMpsc } from "../../../src/sync/mpsc.ts";
import { type OneshotSender, oneshot } from "../../../src/sync/oneshot.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { TestContext } from "../../support/context.ts";
import { drain } from "../../support/feed.ts";
import { paused } from "../../support/paused.ts";

let cx: TestContext;

beforeEach(() => {
  cx = new TestContext();
});

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n);

/** The values of streams that were merged, if each keeps its order and they take turns while they have values. */
function turns(given: unknown[], ...streams: number[][]): void {
  const values = given.slice(0, -1) as number[];
  expect(given.at(-1)).toBe(End);
  expect([...values].sort((a, b) => a - b)).toEqual(streams.flat().sort((a, b) => a - b));
  const shortest = Math.min(...streams.map(({ length }) => length));
  for (let round = 0; round < shortest; round++) {
    const once = values.slice(round * streams.length, (round + 1) * streams.length);
    expect([...once].sort()).toEqual(streams.map((stream) => stream[round]).sort());
  }
  for (const stream of streams) expect(values.filter((n) => stream.includes(n))).toEqual(stream);
}

test("stream: select: two streams that have values take turns, and what the longer one has left comes at the end", () => {
  for (const [a, b] of [
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [
      [1, 2, 3],
      [4, 5],
    ],
    [
      [1, 2],
      [4, 5, 6],
    ],
  ] as [number[], number[]][]) {
    turns(drain(Stream.from(a).merge(b), cx), a, b);
  }
});

test("stream: flat_map: gives the values of one stream after the other", () => {
  const streams = Stream.from([range(0, 4), range(6, 10), range(0, 2)]);
  const even = streams.flatMap((values) => Stream.from(values).filter((n) => n % 2 === 0));
  expect(drain(even, cx)).toEqual([0, 2, 4, 6, 8, 10, 0, 2, End]);
});

test("stream: scan: makes a state of all values so far, and can be cut short", () => {
  const values = [1, 2, 3, 4, 6, 8, 2];
  const counted = Stream.from(values)
    .scan({ state: 1, value: 0 }, ({ state }, value) => ({ state: state + 1, value }))
    .mapWhile(({ state, value }) => (value < state ? value : undefined));
  expect(drain(counted, cx)).toEqual([1, 2, 3, 4, End]);
  const seen: number[] = [];
  const all = Stream.from(values).scan(seen, (state, value) => {
    state.push(value);
    return state;
  });
  expect(drain(all, cx).length).toBe(values.length + 1);
  expect(seen).toEqual(values);
});

/** Suspends before each value, and is woken at once or after a while. */
function slow<T>(values: readonly T[], ms: number): Stream<T> {
  return Stream.from(values).andThen(function* (value) {
    if (ms === 0) yield* yieldNow();
    else yield* sleep(ms);
    return value;
  });
}

test("stream: flatten_unordered: gives the values of several streams, whether they are ready, woken at once, or late", () =>
  paused(function* () {
    const three = [range(0, 4), range(6, 10), range(20, 22)];
    turns(drain(Stream.from(three).flattenUnordered(3), cx), ...three);
    expect(drain(Stream.from(three).flattenUnordered(1), cx)).toEqual([...three.flat(), End]);
    const tens = range(0, 9).map((n) => range(n * 6, n * 6 + 5));
    for (const ms of [0, 5]) {
      const streams = slow(tens, ms).map((values) => slow(values, values[0] === 6 ? 3 * ms : ms));
      const given = yield* streams.flattenUnordered(10).collect();
      expect(given.sort((a, b) => a - b)).toEqual(range(0, 59));
    }
    // One that fails is not the end of the others.
    const failing = Stream.pollFn<number>(() => {
      throw new Error("polled");
    });
    const mixed = Stream.from([failing.take(1), slow([1], 0), slow([2], 5)]).flattenUnordered(3);
    let failures = 0;
    const rest = yield* mixed
      .catchError(() => (++failures === 2 ? End : -1))
      .take(1)
      .collect();
    expect([failures, rest]).toEqual([1, [-1]]);
    // Nested, and without a limit.
    const nested = Stream.from([slow(range(1, 10), 1).map((n) => slow([n], n % 2))]).flatten();
    expect(
      yield* Stream.once(nested.flattenUnordered(Number.POSITIVE_INFINITY)).flattenUnordered(1).count(),
    ).toBe(10);
  }));

/** Ready at its poll after the first `polls`. */
function stopAfter(polls: number): Future<void> {
  let left = polls;
  return pollFn(() => (left-- > 0 ? Pending : undefined));
}

test("stream: take_until: stops when the future is ready, stays stopped, and is stopped by the source too", () => {
  expect(Stream.from(range(1, 10)).takeUntil(stopAfter(5)).last().poll(cx)).toBe(5);
  const stopped = Stream.from(range(1, 10)).takeUntil(stopAfter(1));
  expect(drain(stopped, cx)).toEqual([1, End]);
  expect(drain(stopped, cx)).toEqual([End]);
  let polls = 0;
  const source = Stream.pollFn<number>(() => (++polls === 1 ? 1 : End));
  const fused = source.takeUntil(stopAfter(5));
  expect(drain(fused, cx)).toEqual([1, End]);
  expect(drain(fused, cx)).toEqual([End]);
  expect(polls).toBe(2);
});

test("stream: chunks_panic_on_cap_zero: a size of 0 is refused at the call", () => {
  const [, rx] = mpsc(1);
  expect(() => Stream.from(rx).chunks(0)).toThrow(RangeError);
});

test("stream: select_with_strategy_doesnt_terminate_early: one that waits is not taken for one that has ended", () => {
  let polls = 0;
  const waits: StreamSource<number> = {
    pollNext(context) {
      if (++polls % 2 === 0) {
        context.wake();
        return Pending;
      }
      return polls >= 10 ? End : polls;
    },
    cancel: () => undefined,
  };
  const merged = new Stream(waits).merge([10, 20]);
  const given: unknown[] = [];
  for (let n = 0; n < 20 && given.at(-1) !== End; n++) given.push(...drain(merged, cx));
  expect(given.at(-1)).toBe(End);
  expect(polls).toBe(11);
});

test("stream: all: is true of none, of all, and false of some", () => {
  const isEven = (n: number): boolean => n % 2 === 0;
  expect(Stream.from<number>([]).all(isEven).poll(cx)).toBe(true);
  expect(Stream.from([2, 4, 6, 8]).all(isEven).poll(cx)).toBe(true);
  expect(Stream.from([2, 3, 4]).all(isEven).poll(cx)).toBe(false);
});

test("stream: any: is false of none, true of some, and false of others", () => {
  const isEven = (n: number): boolean => n % 2 === 0;
  expect(Stream.from<number>([]).any(isEven).poll(cx)).toBe(false);
  expect(Stream.from([1, 2, 3]).any(isEven).poll(cx)).toBe(true);
  expect(Stream.from([1, 3, 5]).any(isEven).poll(cx)).toBe(false);
});

test("stream_buffer_unordered: works: begins four at a time, in the order of the stream, and gives what is there", () =>
  paused(function* () {
    const [tx, rx] = unboundedMpsc<ReturnType<typeof oneshot<number>>[1]>();
    const senders: OneshotSender<number>[] = [];
    for (let n = 1; n <= 9; n++) {
      const [sender, receiver] = oneshot<number>();
      senders.push(sender);
      tx.send(receiver);
    }
    tx.close();
    const given: number[] = [];
    const task = spawn(
      Stream.from(rx)
        .bufferUnordered(4)
        .forEach((n) => {
          given.push(n);
        }),
    );
    yield* yieldNow();
    expect([given, rx.len]).toEqual([[], 5]);
    const order = [1, 3, 2, 4, 5, 8, 9, 7, 6];
    for (const [at, n] of order.entries()) {
      senders[n - 1]?.send(n);
      yield* sleep(1);
      expect(given).toEqual(order.slice(0, at + 1));
    }
    yield* task;
  }));

test("stream_select_all: is_terminated: an end is not for ever: there are values again when there are streams again", () => {
  const map = new StreamMap<string, number>();
  expect(map.pollNext(cx)).toBe(End);
  expect([map.isEmpty, map.len]).toEqual([true, 0]);
  map.insert("a", Stream.once(1));
  expect([map.isEmpty, map.len]).toEqual([false, 1]);
  expect([map.pollNext(cx), map.pollNext(cx)]).toEqual([["a", 1], End]);
});

test("stream_select_all: issue_1626: streams that have values take turns", () => {
  const [a, b] = [range(0, 2), range(10, 14)];
  turns(drain(Stream.merge([a, b]), cx), a, b);
});

test("stream_select_all: works_1: gives what comes, in the order in which it comes", () => {
  const [[a, ra], [b, rb], [c, rc]] = [
    unboundedMpsc<number>(),
    unboundedMpsc<number>(),
    unboundedMpsc<number>(),
  ];
  const merged = Stream.merge([ra, rb, rc]);
  expect(drain(merged, cx)).toEqual([Pending]);
  for (let round = 0; round < 2; round++) {
    b.send(99);
    a.send(33);
    expect(drain(merged, cx)).toEqual([99, 33, Pending]);
  }
  c.send(42);
  expect(drain(merged, cx)).toEqual([42, Pending]);
  a.send(43);
  expect(drain(merged, cx)).toEqual([43, Pending]);
  for (const tx of [a, b, c]) tx.close();
  expect(drain(merged, cx)).toEqual([End]);
});

test("stream_select_all: clear: to close it empties it, and it can be filled again", () =>
  paused(function* () {
    const map = new StreamMap<number, number>();
    map.insert(1, [1]);
    map.insert(2, [2]);
    expect(yield* map.next()).not.toBe(End);
    expect(map.isEmpty).toBe(false);
    yield* map.close();
    expect(map.isEmpty).toBe(true);
    map.insert(3, [3]);
    yield* map.close();
    expect(yield* map.next()).toBe(End);
  }));

test("stream_unfold: unfold1: waits for each step, and ends where there is none", () =>
  paused(function* () {
    const stream = Stream.unfold<number, number>(0, function* (state) {
      yield* yieldNow();
      return state <= 2 ? [state * 2, state + 1] : undefined;
    });
    expect(yield* stream.collect()).toEqual([0, 2, 4]);
    expect(yield* Stream.empty().count()).toBe(0);
  }));
