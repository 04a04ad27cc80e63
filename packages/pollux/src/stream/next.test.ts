import { describe, expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { paused } from "../../test/support/paused.ts";
import { never } from "../combine/never.ts";
import { select } from "../combine/select.ts";
import type { Context, Waker } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Runtime } from "../runtime/runtime.ts";
import { broadcast } from "../sync/broadcast.ts";
import { mpsc } from "../sync/mpsc.ts";
import { watch } from "../sync/watch.ts";
import { JoinSet } from "../task/join-set.ts";
import { yieldNow } from "../task/yield-now.ts";
import { DelayQueue } from "../time/delay-queue.ts";
import { interval } from "../time/interval.ts";
import { sleep } from "../time/sleep.ts";
import { timeout } from "../time/timeout.ts";
import type { BaseStream } from "./base-stream.ts";
import { Stream } from "./stream.ts";
import { StreamMap } from "./stream-map.ts";

/** Gives what it is fed, and has somebody registered while a poll waits. */
class Registering implements StreamSource<number> {
  readonly values: number[] = [];
  waker: Waker | null = null;

  feed(value: number): void {
    this.values.push(value);
    this.waker?.wake();
  }

  pollNext(cx: Context): Poll<number | End> {
    const value = this.values.shift();
    this.waker = value === undefined ? cx.waker : null;
    return value ?? Pending;
  }

  cancelNext(): void {
    this.waker = null;
  }

  cancel(): Poll<void> {
    this.waker = null;
  }
}

describe("next: a cancel tells the source that nobody waits, and the next one waits anew, through", () => {
  const other = new Stream(new Registering());
  const ended = Stream.empty<number>();
  const map = (source: StreamSource<number>): StreamMap<string, number> => {
    const streams = new StreamMap<string, number>();
    streams.insert("a", source);
    return streams;
  };
  const adapters: [name: string, (source: Registering) => BaseStream<unknown>][] = [
    ["a stream", (source) => new Stream(source)],
    ["map", (source) => new Stream(source).map((n) => n)],
    ["filter", (source) => new Stream(source).filter(() => true)],
    ["filterMap", (source) => new Stream(source).filterMap((n) => n)],
    ["andThen", (source) => new Stream(source).andThen((n) => n)],
    ["take", (source) => new Stream(source).take(2)],
    ["takeWhile", (source) => new Stream(source).takeWhile(() => true)],
    ["takeUntil", (source) => new Stream(source).takeUntil(never())],
    ["fuse", (source) => new Stream(source).fuse()],
    ["peekable", (source) => new Stream(source).peekable()],
    ["a loan", (source) => new Stream(source).ref().map((n) => n)],
    ["catchError", (source) => new Stream(source).catchError(() => End)],
    ["finallyDo", (source) => new Stream(source).finallyDo(() => {})],
    ["chain, the first", (source) => new Stream(source).chain(other)],
    ["chain, the second", (source) => ended.chain(source)],
    ["zip, the left", (source) => new Stream(source).zip(Stream.from([1]))],
    ["zip, the right", (source) => Stream.from([1]).zip(source)],
    ["flatten, the outer", (source) => new Stream(source).map((n) => [n]).flatten()],
    ["flatten, the inner", (source) => Stream.from([source]).flatten()],
    ["flattenUnordered, the outer", (source) => new Stream(source).map((n) => [n]).flattenUnordered(2)],
    ["flattenUnordered, the inner", (source) => Stream.from([source]).flattenUnordered(2)],
    ["merge", (source) => Stream.merge<number>([source, Stream.never()])],
    ["StreamMap", map],
    ["buffered", (source) => new Stream(source).map(() => co(function* () {})()).buffered(2)],
    ["bufferUnordered", (source) => new Stream(source).map(() => co(function* () {})()).bufferUnordered(2)],
  ];
  test.each(adapters)("%s", (_name, of) => {
    const source = new Registering();
    const stream = of(source);
    for (let round = 0; round < 2; round++) {
      const cx = new TestContext();
      const next = stream.next();
      expect(next.poll(cx)).toBe(Pending);
      expect(source.waker).not.toBeNull();
      next.cancel(cx);
      expect(source.waker).toBeNull();
    }
    const cx = new TestContext();
    const next = stream.next();
    expect(next.poll(cx)).toBe(Pending);
    source.feed(1);
    expect(cx.wakes).toBe(1);
    expect(next.poll(cx)).not.toBe(Pending);
    stream.next().poll(cx);
  });
});

test("next: a cancel of one that never waited, or of one that was refused, leaves who waits alone", () => {
  const source = new Registering();
  const stream = new Stream(source);
  const cx = new TestContext();
  const next = stream.next();
  expect(next.poll(cx)).toBe(Pending);
  stream.next().cancel(cx);
  expect(() => stream.next().poll(cx)).toThrow("awaited elsewhere");
  expect(source.waker).toBe(cx);
});

test("next: what came between a cancel and the next one is given, of merged streams in turn", () => {
  const sources = [new Registering(), new Registering()] as const;
  const stream = Stream.merge<number>(sources);
  const cx = new TestContext();
  const next = stream.next();
  expect(next.poll(cx)).toBe(Pending);
  next.cancel(cx);
  for (const source of sources) for (const n of [1, 2]) source.values.push(n);
  expect([0, 0, 0, 0].map(() => stream.next().poll(cx))).toEqual([1, 1, 2, 2]);
  expect(cx.wakes).toBe(0);
});

test("next: a stream that is taken out of a StreamMap is no longer waited for", () => {
  const source = new Registering();
  const streams = new StreamMap<string, number>();
  streams.insert("a", source);
  expect(streams.next().poll(new TestContext())).toBe(Pending);
  expect(source.waker).not.toBeNull();
  expect(streams.remove("a")).toBe(source);
  expect(source.waker).toBeNull();
});

test("next: receivers wake nobody after a cancel, and give what came meanwhile", () => {
  const [tx, rx] = mpsc<number>(2);
  const [btx, brx] = broadcast<number>(2);
  const [wtx, wrx] = watch(0);
  const cases: [BaseStream<number>, () => unknown][] = [
    [Stream.from(rx), () => tx.trySend(1)],
    [Stream.from(brx), () => btx.send(1)],
    [Stream.from(wrx), () => wtx.send(1)],
  ];
  for (const [stream, send] of cases) {
    const cx = new TestContext();
    const next = stream.next();
    expect(next.poll(cx)).toBe(Pending);
    next.cancel(cx);
    send();
    expect(cx.wakes).toBe(0);
    expect(stream.next().poll(cx)).toBe(1);
  }
});

test("next: a cancelled one over a JoinSet leaves the task that ends to who waits", () =>
  paused(function* () {
    const set = new JoinSet<number>();
    set.spawn(
      co(function* () {
        yield* yieldNow();
        return 1;
      })(),
    );
    const cx = new TestContext();
    const next = Stream.from(set).next();
    expect(next.poll(cx)).toBe(Pending);
    next.cancel(cx);
    expect(yield* set.joinNext()).toBe(1);
    expect(cx.wakes).toBe(0);
  }));

test("next: no timer stays armed after a cancel, and the time that a stream measures goes on", async () => {
  const runtime = new Runtime({ clock: "paused" });
  await runtime.run(
    co(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("due", 100);
      const ticks = interval(100);
      yield* ticks.tick();
      const throttled = Stream.from([1, 2]).throttle(100);
      yield* throttled.next();
      const streams: [BaseStream<unknown>, unknown][] = [
        [Stream.from(queue), expect.objectContaining({ value: "due" })],
        [Stream.from(ticks), 100],
        [throttled, 2],
        [Stream.from([7]).chain(Stream.never()).debounce(100), 7],
        [Stream.from([7]).chain(Stream.never()).chunksTimeout(2, 100), [7]],
      ];
      const late = Stream.never().timeout(100);
      const giveUp = (stream: BaseStream<unknown>, ms: number) =>
        select({ value: stream.next(), late: sleep(ms) });
      for (const stream of [...streams.map(([stream]) => stream), late]) {
        expect((yield* giveUp(stream, 10)).key).toBe("late");
        expect(runtime.metrics().timers).toBe(0);
      }
      let failure: unknown;
      try {
        // Six waits of 10 ms have gone by, of which the last one was its own.
        yield* timeout(91, late.next());
      } catch (error) {
        failure = error;
      }
      expect(String(failure)).toContain("the stream gave nothing for 100 ms");
      for (const [stream, value] of streams) expect(yield* timeout(90, stream.next())).toEqual(value);
    })(),
  );
});

test("next: a promise that an async iterable has given is kept after a cancel, and is not outstanding", async () => {
  const runtime = new Runtime();
  let resolve = (_result: IteratorResult<number>): void => {};
  let calls = 0;
  const iterable: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        calls++;
        return new Promise((settle) => {
          resolve = settle;
        });
      },
    }),
  };
  const stream = Stream.from(iterable);
  await runtime.run(
    co(function* () {
      const cx = new TestContext(runtime.handle);
      for (let round = 0; round < 2; round++) {
        const next = stream.next();
        expect(next.poll(cx)).toBe(Pending);
        expect(runtime.handle.outstanding).toBe(1);
        next.cancel(cx);
        expect(runtime.handle.outstanding).toBe(0);
      }
      const step = stream.next();
      expect(step.poll(cx)).toBe(Pending);
      step.cancel(cx);
      resolve({ done: false, value: 5 });
      yield* yieldNow();
      expect(cx.wakes).toBe(0);
      expect(yield* stream.next()).toBe(5);
      expect(calls).toBe(1);
      expect(runtime.handle.outstanding).toBe(0);
    })(),
  );
});
