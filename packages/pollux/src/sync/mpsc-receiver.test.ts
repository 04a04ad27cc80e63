import { expect, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { Resource } from "../../test/support/probe.ts";
import { raise } from "../../test/support/raise.ts";
import type { Context } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import {
  CancelledError,
  CleanupError,
  ClosedError,
  FutureInUseError,
  PollAfterCompletionError,
  WouldBlockError,
} from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { run } from "../runtime/runtime.ts";
import "../runtime/default.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { mpsc, unboundedMpsc } from "./mpsc.ts";

test("mpsc receiver: tryRecv tells nothing yet from never", () => {
  const [tx, rx] = mpsc<number>(1);
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
  tx.close();
  expect(() => rx.tryRecv()).toThrow(ClosedError);
});

test("mpsc receiver: a recv that has ended cannot be polled again", () => {
  const [tx, rx] = mpsc<number>(1);
  tx.trySend(1);
  const [given, cancelled, failed] = [rx.recv(), rx.recv(), rx.recv()];
  ready(given);
  cancelled.cancel(new TestContext());
  tx.close();
  expect(() => ready(failed)).toThrow(ClosedError);
  for (const recv of [given, cancelled, failed]) {
    expect(() => ready(recv)).toThrow(PollAfterCompletionError);
    recv.cancel(new TestContext());
  }
});

test("mpsc receiver: a cancelled recv is not woken any more, and the next one is", () => {
  const [tx, rx] = mpsc<number>(1);
  const [first, second] = [rx.recv(), rx.recv()];
  const firstCx = pending(first);
  first.cancel(new TestContext());
  const secondCx = pending(second);
  tx.trySend(1);
  expect([firstCx.wakes, secondCx.wakes]).toEqual([0, 1]);
  expect(ready(second)).toBe(1);
});

test("mpsc receiver: a second one that wants to wait is refused, and the first is still woken", () => {
  const [tx, rx] = mpsc<number>(1);
  const first = rx.recv();
  const cx = pending(first);
  expect(() => ready(rx.recv())).toThrow(FutureInUseError);
  expect(() => ready(rx.recvMany([], 1))).toThrow(FutureInUseError);
  expect(() => rx.pollRecv(new TestContext())).toThrow(FutureInUseError);
  tx.trySend(1);
  expect(cx.wakes).toBe(1);
  expect(ready(first)).toBe(1);
});

test("mpsc receiver: one that is closed by another task wakes the one that waits on it", () => {
  for (const way of ["close", "dispose"]) {
    const [, rx] = mpsc<number>(1);
    const recv = rx.recv();
    const cx = pending(recv);
    if (way === "close") rx.close();
    else rx[Symbol.dispose]();
    expect(cx.wakes).toBe(1);
    expect(() => ready(recv)).toThrow(ClosedError);
  }
});

test("mpsc receiver: recvMany takes what is there, up to the limit, and adds it to the buffer", () => {
  const [tx, rx] = unboundedMpsc<number>();
  for (let i = 1; i <= 5; i++) tx.send(i);
  const buffer = [0];
  expect(ready(rx.recvMany(buffer, 3))).toBe(3);
  expect(buffer).toEqual([0, 1, 2, 3]);
  expect(ready(rx.recvMany(buffer, 100))).toBe(2);
  expect(buffer).toEqual([0, 1, 2, 3, 4, 5]);
});

test("mpsc receiver: recvMany waits for a value, and gives 0 at the end", () => {
  const [tx, rx] = unboundedMpsc<number>();
  const buffer: number[] = [];
  const recv = rx.recvMany(buffer, 2);
  const cx = pending(recv);
  tx.send(1);
  expect(cx.wakes).toBe(1);
  expect(ready(recv)).toBe(1);
  tx.close();
  expect(ready(rx.recvMany(buffer, 2))).toBe(0);
  expect(buffer).toEqual([1]);
  expect(() => ready(recv)).toThrow(PollAfterCompletionError);
});

test("mpsc receiver: recvMany with a limit of 0 gives 0 at once", () => {
  const [, rx] = unboundedMpsc<number>();
  expect(ready(rx.recvMany([], 0))).toBe(0);
});

test("mpsc receiver: recvMany frees the places of all that it takes", () => {
  const [tx, rx] = mpsc<number>(3);
  for (let i = 0; i < 3; i++) tx.trySend(i);
  const contexts = [3, 4].map((value) => pending(tx.send(value)));
  ready(rx.recvMany([], 3));
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  expect(tx.capacity).toBe(1);
});

test("mpsc receiver: recvMany refuses arguments that make no sense at the call", () => {
  const [, rx] = mpsc<number>(1);
  for (const limit of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => rx.recvMany([], limit)).toThrow(RangeError);
  }
  // What TypeScript would not let through.
  expect(() => rx.recvMany(undefined as unknown as number[], 1)).toThrow(TypeError);
  expect(() => rx.recvMany(Object.freeze([]) as unknown as number[], 1)).toThrow(TypeError);
});

test("mpsc receiver: pollRecv serves who writes a future of their own, and wakes the latest one", () => {
  class Pairs extends Future<[number, number]> {
    first: number | undefined;
    override poll(cx: Context): Poll<[number, number]> {
      for (;;) {
        const poll = rx.pollRecv(cx);
        if (poll === Pending) return Pending;
        if (this.first !== undefined) return [this.first, poll];
        this.first = poll;
      }
    }
  }
  const [tx, rx] = mpsc<number>(4);
  const pairs = new Pairs();
  const first = pending(pairs);
  tx.trySend(1);
  expect(first.wakes).toBe(1);
  const second = pending(pairs);
  const third = pending(pairs);
  tx.trySend(2);
  expect([second.wakes, third.wakes]).toEqual([0, 1]);
  expect(ready(pairs)).toEqual([1, 2]);
  // What a poll has left behind does not stand in the way of a `recv`.
  pending(new Pairs());
  const recv = rx.recv();
  const cx = pending(recv);
  tx.close();
  expect(cx.wakes).toBe(1);
  expect(() => ready(recv)).toThrow(ClosedError);
});

test("mpsc receiver: forEach runs generators, coroutines and plain functions, one value after the other", async () => {
  const log: string[] = [];
  const note = co(function* (value: number) {
    yield* yieldNow();
    log.push(`coroutine ${value}`);
  });
  const bodies = [
    function* (value: number) {
      log.push(`begin ${value}`);
      yield* yieldNow();
      log.push(`end ${value}`);
    },
    note,
    (value: number) => log.push(`plain ${value}`),
    (value: number) => new Map([[value, value]]),
  ];
  for (const body of bodies) {
    const [tx, rx] = unboundedMpsc<number>();
    tx.send(1);
    tx.send(2);
    tx.close();
    await run(rx.forEach(body));
  }
  expect(log).toEqual([
    "begin 1",
    "end 1",
    "begin 2",
    "end 2",
    "coroutine 1",
    "coroutine 2",
    "plain 1",
    "plain 2",
  ]);
});

test("mpsc receiver: forEach ends with what its function throws, a ClosedError included", async () => {
  const [tx, rx] = unboundedMpsc<number>();
  for (const error of [new Error("body"), new ClosedError("something else")]) {
    tx.send(1);
    const failing = rx.forEach(() => {
      throw error;
    });
    await expect(run(failing)).rejects.toBe(error);
  }
  expect(rx.isEmpty).toBe(true);
  expect(tx.isClosed).toBe(false);
});

test("mpsc receiver: forEach refuses async functions, whose end it could not wait for", async () => {
  const [tx, rx] = unboundedMpsc<number>();
  tx.send(1);
  await expect(run(rx.forEach(async () => {}))).rejects.toThrow(TypeError);
  // What TypeScript would not let through.
  expect(() => rx.forEach(undefined as unknown as () => void)).toThrow(TypeError);
});

test("mpsc receiver: a cancelled forEach runs the cleanup of its function", async () => {
  const log: string[] = [];
  const main = co(function* () {
    const [tx, rx] = unboundedMpsc<number>();
    tx.send(1);
    const loop = spawn(
      rx.forEach(function* () {
        try {
          yield* new Gate();
        } finally {
          yield* yieldNow();
          log.push("cleaned up");
        }
      }),
    );
    yield* yieldNow();
    loop.abort();
    yield* loop;
  });
  await expect(run(main())).rejects.toThrow(CancelledError);
  expect(log).toEqual(["cleaned up"]);
});

test("mpsc receiver: for await gives the values outside of the runtime, until the channel is closed", async () => {
  const [tx, rx] = mpsc<number>(1);
  const produce = co(function* () {
    for (let i = 0; i < 5; i++) yield* tx.send(i);
    tx.close();
  });
  const producer = spawn(produce());
  const received: number[] = [];
  for await (const value of rx) received.push(value);
  expect(received).toEqual([0, 1, 2, 3, 4]);
  await producer;
});

test("mpsc receiver: leaving a for await leaves the receiver open", async () => {
  const [tx, rx] = unboundedMpsc<number>();
  for (let i = 0; i < 3; i++) tx.send(i);
  for await (const value of rx) {
    expect(value).toBe(0);
    break;
  }
  expect(tx.isClosed).toBe(false);
  tx.close();
  const rest: number[] = [];
  for await (const value of rx) rest.push(value);
  expect(rest).toEqual([1, 2]);
});

test("mpsc receiver: an iterator serves calls of next that come at once in order", async () => {
  const [tx, rx] = unboundedMpsc<number>();
  const iterator = rx[Symbol.asyncIterator]();
  const results = Promise.all([iterator.next(), iterator.next(), iterator.next()]);
  await run(yieldNow());
  tx.send(1);
  tx.send(2);
  tx.close();
  expect(await results).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
    { done: true, value: undefined },
  ]);
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test("mpsc receiver: an iterator that is returned while it waits receives nothing", async () => {
  const [tx, rx] = unboundedMpsc<number>();
  const iterator = rx[Symbol.asyncIterator]();
  expect(iterator[Symbol.asyncIterator]()).toBe(iterator);
  const waiting = iterator.next();
  await Promise.resolve();
  expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
  expect(await waiting).toEqual({ done: true, value: undefined });
  tx.send(1);
  expect(rx.tryRecv()).toBe(1);
});

test("mpsc receiver: dispose closes, and disposes of what was not received", () => {
  const [tx, rx] = mpsc<Resource>(2);
  const [received, left] = [new Resource(), new Resource()];
  tx.trySend(received);
  tx.trySend(left);
  const waiter = tx.send(new Resource());
  const cx = pending(waiter);
  rx.tryRecv();
  rx[Symbol.dispose]();
  rx[Symbol.dispose]();
  expect([received.disposals, left.disposals]).toEqual([0, 1]);
  expect(cx.wakes).toBe(1);
  expect(() => ready(waiter)).toThrow(ClosedError);
  expect([rx.len, tx.capacity, tx.isClosed]).toEqual([0, 2, true]);
});

test("mpsc receiver: a disposal that fails does not keep the rest from being disposed of", () => {
  const [tx, rx] = unboundedMpsc<unknown>();
  const resource = new Resource();
  tx.send({ [Symbol.dispose]: () => raise(new Error("first")) });
  tx.send(resource);
  tx.send(null);
  tx.send({ [Symbol.dispose]: () => raise(new Error("second")) });
  expect(() => rx[Symbol.dispose]()).toThrow(CleanupError);
  expect(resource.disposals).toBe(1);
});

test("mpsc receiver: one that is disposed of while permits are out does not wait for them", () => {
  const [tx, rx] = mpsc<number>(2);
  const permit = tx.tryReserve();
  const recv = rx.recv();
  const cx = pending(recv);
  rx.close();
  expect(cx.wakes).toBe(0);
  rx[Symbol.dispose]();
  expect(cx.wakes).toBe(1);
  expect(() => ready(recv)).toThrow(ClosedError);
  expect(() => rx.tryRecv()).toThrow(ClosedError);
  permit.send(1);
  expect(tx.capacity).toBe(2);
});

test("mpsc receiver: knows what can be received, and the places", () => {
  const [tx, rx] = mpsc<number>(3);
  expect([rx.len, rx.isEmpty, rx.isClosed]).toEqual([0, true, false]);
  tx.trySend(1);
  const permit = tx.tryReserve();
  expect([rx.len, rx.isEmpty, rx.capacity, rx.maxCapacity]).toEqual([1, false, 1, 3]);
  expect([tx.capacity, tx.maxCapacity]).toEqual([1, 3]);
  permit.release();
  expect(rx.capacity).toBe(2);
});
