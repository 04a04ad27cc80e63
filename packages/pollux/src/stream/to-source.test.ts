// What a stream can be made of, and what becomes of it when the stream is given up.
import { expect, expectTypeOf, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { Resource } from "../../test/support/probe.ts";
import { ready } from "../combine/ready.ts";
import { select } from "../combine/select.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, LaggedError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Runtime } from "../runtime/runtime.ts";
import { signals } from "../signal/signals.ts";
import { broadcast } from "../sync/broadcast.ts";
import { mpsc, unboundedMpsc } from "../sync/mpsc.ts";
import { watch } from "../sync/watch.ts";
import { JoinMap } from "../task/join-map.ts";
import { JoinSet } from "../task/join-set.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { now } from "../time/clock.ts";
import { DelayQueue } from "../time/delay-queue.ts";
import { interval } from "../time/interval.ts";
import { sleep } from "../time/sleep.ts";
import { Timers } from "../time/timers.ts";
import { Stream } from "./stream.ts";

const late = co(function* <T>(ms: number, value: T) {
  yield* sleep(ms);
  return value;
});

test("Stream.from: an mpsc receiver gives what is sent, wakes, and ends with the channel", () =>
  paused(function* () {
    const [tx, rx] = mpsc<number>(1);
    spawn(
      co(function* () {
        for (let n = 1; n <= 3; n++) yield* tx.send(n);
        tx.close();
      })(),
    );
    const stream = Stream.from(rx);
    expectTypeOf(stream).toEqualTypeOf<Stream<number>>();
    expect(yield* stream.collect()).toEqual([1, 2, 3]);
  }));

test("Stream.from: an mpsc receiver is closed with the stream, and what it holds disposed of", () =>
  paused(function* () {
    const [tx, rx] = unboundedMpsc<Resource>();
    const [first, second] = [new Resource(), new Resource()];
    tx.send(first);
    tx.send(second);
    expect(yield* Stream.from(rx).take(1).collect()).toEqual([first]);
    expect(() => tx.send(new Resource())).toThrow(ClosedError);
    expect([first.disposals, second.disposals]).toEqual([0, 1]);
  }));

test("Stream.from: to give up what waits on a channel wakes nobody", () => {
  for (const [, rx] of [unboundedMpsc<number>(), broadcast<number>(1), watch(0)]) {
    const stream = Stream.from<number>(rx);
    const cx = new TestContext();
    expect(drain(stream, cx)).toEqual([Pending]);
    stream.cancel(cx);
    expect(cx.wakes).toBe(0);
  }
});

test("Stream.from: an interval and a delay queue take their timers back when they are given up", async () => {
  const runtime = new Runtime({ clock: "paused" });
  const { timers } = runtime.handle;
  const armed = (): number => (timers instanceof Timers ? timers.size : Number.NaN);
  await runtime.run(
    co(function* () {
      const queue = new DelayQueue<number>();
      queue.insert(1, 1000);
      const ticks = interval(1000);
      yield* ticks.tick();
      for (const stream of [Stream.from(queue), Stream.from(ticks)]) {
        const waits = co(function* () {
          yield* yieldNow();
          expect(armed()).toBe(1);
        });
        expect((yield* select({ value: stream.next(), now: waits() })).key).toBe("now");
        expect(armed()).toBe(0);
        yield* stream.close();
        expect(armed()).toBe(0);
      }
    })(),
  );
});

test("Stream.from: a broadcast receiver throws LaggedError, and goes on", () => {
  const [tx, rx] = broadcast<number>(2);
  const stream = Stream.from(rx);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  for (let n = 1; n <= 3; n++) tx.send(n);
  expect(cx.wakes).toBe(1);
  expect(drain(stream, cx)).toEqual([{ error: expect.any(LaggedError) }, 2, 3, Pending]);
  tx.close();
  expect(cx.wakes).toBe(2);
  expect(drain(stream, cx)).toEqual([End]);
});

test("Stream.from: a broadcast receiver is closed with the stream, while it waits too", () => {
  const [tx, rx] = broadcast<number>(2);
  const stream = Stream.from(rx);
  const cx = new TestContext();
  drain(stream, cx);
  stream.cancel(cx);
  expect(tx.receiverCount).toBe(0);
  tx.send(1);
  expect(cx.wakes).toBe(0);
});

test("Stream.from: a watch receiver gives the latest of the values that it has not seen", () => {
  const [tx, rx] = watch(0);
  const stream = Stream.from(rx);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  tx.send(1);
  tx.send(2);
  expect(cx.wakes).toBe(1);
  expect(drain(stream, cx)).toEqual([2, Pending]);
  tx.send(3);
  tx.close();
  expect(drain(stream, cx)).toEqual([3, End]);
  stream.cancel(cx);
  expect(rx.isClosed).toBe(true);
});

test("Stream.from: an interval ticks without end, and can be used again after the stream", () =>
  paused(function* () {
    const start = now();
    const ticks = interval(10);
    const times = yield* Stream.from(ticks)
      .map((due) => Math.round(due - start))
      .take(3)
      .collect();
    expect(times).toEqual([0, 10, 20]);
    expect(Math.round((yield* ticks.tick()) - start)).toBe(30);
  }));

test("Stream.from: a delay queue gives what expires, and is cleared with the stream", () =>
  paused(function* () {
    const queue = new DelayQueue<string>();
    queue.insert("b", 20);
    queue.insert("a", 10);
    queue.insert("c", 1000);
    const stream = Stream.from(queue).map(({ value }) => value);
    expect(yield* stream.ref().take(2).collect()).toEqual(["a", "b"]);
    expect((yield* select({ value: stream.next(), late: sleep(5) })).key).toBe("late");
    yield* stream.close();
    expect(queue.size).toBe(0);
    expect((yield* Stream.from(queue).next()) === End).toBe(true);
  }));

test("Stream.from: signals are given as they come, and given back with the stream", () => {
  const before = process.listenerCount("SIGUSR2");
  const stream = Stream.from(signals("SIGUSR2"));
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  process.emit("SIGUSR2", "SIGUSR2");
  expect(cx.wakes).toBe(1);
  expect(drain(stream, cx)).toEqual(["SIGUSR2", Pending]);
  stream.cancel(cx);
  expect(cx.wakes).toBe(1);
  expect(process.listenerCount("SIGUSR2")).toBe(before);
});

test("Stream.from: a join set gives values as tasks end, throws what one fails with, and goes on", () =>
  paused(function* () {
    const set = new JoinSet<string | undefined>();
    set.spawn(late(20, undefined));
    set.spawn(
      co(function* () {
        yield* sleep(10);
        throw new Error("failed");
      })(),
    );
    set.spawn(late(30, "c"));
    const seen: unknown[] = [];
    const stream = Stream.from(set).catchError((error) => error);
    yield* stream.forEach((value) => {
      seen.push(value);
    });
    expect(seen).toEqual([new Error("failed"), undefined, "c"]);
  }));

test("Stream.from: a join set is shut down with the stream", () =>
  paused(function* () {
    const log: string[] = [];
    const set = new JoinSet<number>();
    set.spawn(ready(1));
    set.spawn(
      co(function* () {
        try {
          return yield* late(1000, 2);
        } finally {
          yield* sleep(1);
          log.push("aborted");
        }
      })(),
    );
    expect(yield* Stream.from(set).first()).toBe(1);
    expect(log).toEqual(["aborted"]);
    expect(set.isEmpty).toBe(true);
  }));

test("Stream.from: a join set can be used again after a stream that waited was closed", () =>
  paused(function* () {
    const set = new JoinSet<number>();
    set.spawn(late(1000, 1));
    const stream = Stream.from(set);
    expect((yield* select({ value: stream.next(), early: sleep(5) })).key).toBe("early");
    yield* stream.close();
    set.spawn(late(10, 2));
    set.spawn(late(2000, 3));
    expect((yield* select({ value: set.joinNext(), late: sleep(1000) })).key).toBe("value");
  }));

test("Stream.from: a join map gives keys and results", () =>
  paused(function* () {
    const map = new JoinMap<string, number>();
    map.spawn("slow", late(20, 2));
    map.spawn("quick", late(10, 1));
    const entries = yield* Stream.from(map).collect();
    expect(entries).toMatchObject([
      ["quick", { status: "fulfilled", value: 1 }],
      ["slow", { status: "fulfilled", value: 2 }],
    ]);
    expect(map.isEmpty).toBe(true);
  }));

test("Stream.from: a stream is the same one, and has gone into the new", () => {
  const stream = Stream.from([1]);
  const same = Stream.from(stream);
  expect(() => stream.next()).toThrow("has gone into `Stream.from`");
  expect(drain(same, new TestContext())).toEqual([1, End]);
});

test("Stream.from: says what gives no values", () => {
  const from = Stream.from as (input: unknown) => unknown;
  expect(() => from(1)).toThrow(new TypeError("Stream.from needs a stream, or something to iterate, not 1"));
  expect(() => from(ready(1))).toThrow("a future becomes one with Stream.once(future)");
  expect(() => from(null)).toThrow(TypeError);
});
