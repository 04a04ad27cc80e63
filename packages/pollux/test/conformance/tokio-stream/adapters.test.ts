// The behaviours of the small suites: chunks_timeout, join_set_stream, stream_chain, stream_empty, stream_fuse, stream_iter,
// stream_map_while, stream_merge, stream_once, stream_panic, stream_pending, stream_timeout, time_throttle and watch.
import { beforeEach, expect, test } from "vitest";
import { POLL_BUDGET } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { TimeoutError } from "../../../src/core/errors.ts";
import { Pending } from "../../../src/core/poll.ts";
import { End, type StreamSource } from "../../../src/core/stream-source.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { unboundedMpsc } from "../../../src/sync/mpsc.ts";
import { watch } from "../../../src/sync/watch.ts";
import { JoinSet } from "../../../src/task/join-set.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { advance, pause } from "../../../src/time/clock.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { TestContext } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";
import { drain, Feed } from "../../support/feed.ts";
import { paused } from "../../support/paused.ts";

let cx: TestContext;

beforeEach(() => {
  cx = new TestContext();
});

const after = (ms: number) =>
  co(function* (n: number) {
    yield* sleep(ms);
    return n;
  });

/** Polls by hand on the runtime of the test's coroutine, with the budget of a fresh poll. */
function byHand<T>(source: StreamSource<T>): { next: () => unknown; wakes: () => number } {
  const own = currentContext();
  return {
    next: () => {
      own.runtime.budget = POLL_BUDGET;
      try {
        return source.pollNext(own);
      } catch (error) {
        return error;
      }
    },
    wakes: () => own.takeWakes(),
  };
}

test("chunks_timeout: usage: what has come is given when its time is up, and a new time begins with the next value", () =>
  paused(function* () {
    const late = Stream.from([4]).andThen(after(3000));
    const chunks = Stream.from([1, 2, 3]).chain(late).chunksTimeout(4, 2000);
    const hand = byHand(chunks);
    expect(hand.next()).toBe(Pending);
    yield* advance(2000);
    expect(yield* chunks.next()).toEqual([1, 2, 3]);
    expect(hand.next()).toBe(Pending);
    yield* advance(2000);
    expect(yield* chunks.next()).toEqual([4]);
  }));

test("chunks_timeout: full_chunk_with_timeout: a chunk that is full before its time does not wait for it", () =>
  paused(function* () {
    const soon = Stream.from([3]).andThen(after(1000));
    const late = Stream.from([4]).andThen(after(3000));
    const chunks = Stream.from([1, 2]).chain(soon).chain(late).chunksTimeout(3, 2000);
    const hand = byHand(chunks);
    expect(hand.next()).toBe(Pending);
    yield* advance(2000);
    expect(yield* chunks.next()).toEqual([1, 2, 3]);
    expect(hand.next()).toBe(Pending);
    yield* advance(2000);
    expect(yield* chunks.next()).toEqual([4]);
  }));

test("join_set_stream: size_hint_stream, join_set_as_stream: gives the value of each task; the set knows how many are left", () =>
  paused(function* () {
    const set = new JoinSet<number>();
    for (const n of [0, 1]) set.spawn(after(n)(n));
    const stream = Stream.from(set);
    const seen = new Set<unknown>();
    for (const left of [2, 1]) {
      expect(set.len).toBe(left);
      seen.add(yield* stream.next());
    }
    expect(set.len).toBe(0);
    expect(seen).toEqual(new Set([0, 1]));
    expect(yield* stream.next()).toBe(End);
  }));

test("join_set_stream: join_set_as_stream_panics_with_error: throws what the task fails with", () =>
  paused(function* () {
    const set = new JoinSet<number>();
    set.spawn(
      co(function* () {
        throw new Error("boom!");
      })(),
    );
    let caught: unknown;
    try {
      yield* Stream.from(set).next();
    } catch (error) {
      caught = error;
    }
    expect(caught).toEqual(new Error("boom!"));
  }));

test("stream_chain: basic_usage: gives the values of the first and then of the second", () => {
  expect(drain(Stream.from([1, 2, 3]).chain([4, 5, 6]), cx)).toEqual([1, 2, 3, 4, 5, 6, End]);
});

test("stream_chain: pending_first: waits for the first alone, whatever the second has", () => {
  const [tx1, rx1] = unboundedMpsc<number>();
  const [tx2, rx2] = unboundedMpsc<number>();
  const stream = Stream.from(rx1).chain(rx2);
  expect(stream.pollNext(cx)).toBe(Pending);
  tx2.send(2);
  expect(cx.takeWakes()).toBe(0);
  expect(stream.pollNext(cx)).toBe(Pending);
  tx1.send(1);
  expect(cx.takeWakes()).toBe(1);
  expect(drain(stream, cx)).toEqual([1, Pending]);
  tx1.close();
  expect(cx.takeWakes()).toBe(1);
  expect(drain(stream, cx)).toEqual([2, Pending]);
  tx2.close();
  expect(drain(stream, cx)).toEqual([End]);
});

test("stream_empty: basic_usage: gives the end each time", () => {
  const stream = Stream.empty<number>();
  for (let n = 0; n < 2; n++) expect(stream.pollNext(cx)).toBe(End);
});

test("stream_fuse: basic_usage: the first end stays the end of a source that would give more", () => {
  let state = 0;
  const alternate: StreamSource<number> = {
    pollNext: () => (state++ % 2 === 0 ? state - 1 : End),
    cancel: () => undefined,
  };
  const stream = new Stream(alternate);
  expect([0, 1, 2, 3].map(() => stream.pollNext(cx))).toEqual([0, End, 2, End]);
  const fused = stream.fuse();
  expect([0, 1, 2].map(() => fused.pollNext(cx))).toEqual([4, End, End]);
});

test("stream_iter: coop, test_iter_coop_budget: what is always ready yields when the budget of 128 is spent", () => {
  const runtime = new Runtime({ clock: "paused" }).handle;
  const own = new TestContext(runtime);
  const ones = Stream.from(
    (function* () {
      for (;;) yield 1;
    })(),
  );
  runtime.budget = POLL_BUDGET;
  for (let n = 0; n < 128; n++) expect(ones.pollNext(own)).toBe(1);
  expect(ones.pollNext(own)).toBe(Pending);
  expect(own.wakes).toBe(1);
});

test("stream_iter: test_iter_eof_behavior: the end is there at once", () => {
  const stream = Stream.from([1]);
  expect([stream.pollNext(cx), stream.pollNext(cx)]).toEqual([1, End]);
});

test("stream_map_while: map_while_yields_until_closure_returns_none: ends where the function gives nothing", () => {
  const stream = Stream.from([1, 2, 3, 4, 5]).mapWhile((n) => (n < 4 ? n + 3 : undefined));
  expect(drain(stream, cx)).toEqual([4, 5, 6, End]);
});

test("stream_map_while: map_while_does_not_poll_after_closure_returns_none: asks for no value after that", () => {
  const feed = new Feed([1, 5, 2]);
  const stream = new Stream(feed).mapWhile((n) => (n < 3 ? n : undefined));
  expect(drain(stream, cx)).toEqual([1, End]);
  expect(drain(stream, cx)).toEqual([End]);
  expect(feed.polls).toBe(2);
});

test("stream_merge: merge_sync_streams: takes turns, and gives all", () => {
  const values = drain(Stream.from([0, 2, 4, 6]).merge([1, 3, 5]), cx) as number[];
  expect(values.pop()).toBe(End);
  expect([...values].sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  const first = (values[0] ?? 0) % 2;
  expect(values.slice(0, 6).map((n) => n % 2)).toEqual([
    first,
    1 - first,
    first,
    1 - first,
    first,
    1 - first,
  ]);
});

test("stream_merge: merge_async_streams: is woken by each, and ends when both have", () => {
  const [tx1, rx1] = unboundedMpsc<number>();
  const [tx2, rx2] = unboundedMpsc<number>();
  const stream = Stream.from(rx1).merge(rx2);
  expect(stream.pollNext(cx)).toBe(Pending);
  for (const [tx, value] of [
    [tx1, 1],
    [tx2, 2],
  ] as const) {
    tx.send(value);
    expect(cx.takeWakes()).toBe(1);
    expect(drain(stream, cx)).toEqual([value, Pending]);
  }
  tx1.close();
  expect(cx.takeWakes()).toBe(1);
  expect(drain(stream, cx)).toEqual([Pending]);
  tx2.send(3);
  expect(drain(stream, cx)).toEqual([3, Pending]);
  tx2.close();
  expect(cx.takeWakes()).toBeGreaterThan(0);
  expect(drain(stream, cx)).toEqual([End]);
});

test("stream_once: basic_usage: gives the one value, and the end", () => {
  expect(drain(Stream.once(1), cx)).toEqual([1, End]);
});

test("stream_panic: stream_chunks_timeout_panic_caller: a size of 0 is refused at the call", () => {
  expect(() => Stream.from([1, 2, 3]).chunksTimeout(0, 2000)).toThrow(RangeError);
});

test("stream_pending: basic_usage: is never ready", () => {
  const stream = Stream.never<number>();
  for (let n = 0; n < 2; n++) expect(stream.pollNext(cx)).toBe(Pending);
});

/** Even ones take 200 ms. */
const maybeSleep = co(function* (n: number) {
  if (n % 2 === 0) yield* sleep(200);
  return n;
});

test("stream_timeout: basic_usage: throws for values that are late, which still come", () =>
  paused(function* () {
    const hand = byHand(Stream.from([1, 2, 3, 4]).andThen(maybeSleep).timeout(100));
    expect(hand.next()).toBe(1);
    expect(hand.next()).toBe(Pending);
    yield* advance(150);
    expect(hand.next()).toBeInstanceOf(TimeoutError);
    expect(hand.next()).toBe(Pending);
    yield* advance(100);
    expect([hand.next(), hand.next(), hand.next()]).toEqual([2, 3, Pending]);
    yield* advance(60);
    expect(hand.next()).toBe(Pending);
    yield* advance(60);
    expect(hand.next()).toBeInstanceOf(TimeoutError);
    yield* advance(120);
    expect([hand.next(), hand.next()]).toEqual([4, End]);
  }));

test("stream_timeout: return_elapsed_errors_only_once: throws once for one value, however late it is", () =>
  paused(function* () {
    const hand = byHand(Stream.from([1, 2, 3]).andThen(maybeSleep).timeout(50));
    expect([hand.next(), hand.next()]).toEqual([1, Pending]);
    yield* advance(51);
    expect(hand.next()).toBeInstanceOf(TimeoutError);
    yield* advance(50);
    expect(hand.next()).toBe(Pending);
    yield* advance(100);
    expect([hand.next(), hand.next(), hand.next()]).toEqual([2, 3, End]);
  }));

test("stream_timeout: no_timeouts: values that are in time pass", () =>
  paused(function* () {
    const hand = byHand(Stream.from([1, 3, 5]).andThen(maybeSleep).timeout(100));
    expect([hand.next(), hand.next(), hand.next(), hand.next()]).toEqual([1, 3, 5, End]);
  }));

test("time_throttle: usage: the second value waits for its time, and wakes then", () =>
  paused(function* () {
    pause();
    const hand = byHand(Stream.repeat(undefined).throttle(100));
    expect([hand.next(), hand.next()]).toEqual([undefined, Pending]);
    yield* advance(90);
    expect(hand.next()).toBe(Pending);
    yield* advance(101);
    expect(hand.wakes()).toBeGreaterThan(0);
    expect(hand.next()).toBe(undefined);
  }));

test("watch: watch_stream_message_not_twice: a value that was sent once is given once", () =>
  paused(function* () {
    const [tx, rx] = watch("hello");
    const seen: string[] = [];
    const task = spawn(
      Stream.from(rx).forEach((value) => {
        seen.push(value);
      }),
    );
    tx.send("goodbye");
    tx.close();
    yield* task;
    expect(seen).toEqual(["goodbye"]);
  }));

test("watch: watch_stream_from_rx: begins with the current value, if it is marked as changed", () =>
  paused(function* () {
    const [tx, rx] = watch("hello");
    rx.markChanged();
    const stream = Stream.from(rx);
    expect(yield* stream.next()).toBe("hello");
    tx.send("bye");
    expect(yield* stream.next()).toBe("bye");
  }));

test("watch: watch_stream_from_changes: begins with the first change", () =>
  paused(function* () {
    const [tx, rx] = watch("hello");
    const stream = Stream.from(rx);
    expect(byHand(stream).next()).toBe(Pending);
    tx.send("bye");
    expect(yield* stream.next()).toBe("bye");
  }));
