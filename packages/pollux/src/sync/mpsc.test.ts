import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import {
  ClosedError,
  FullError,
  FutureInUseError,
  PollAfterCompletionError,
  WouldBlockError,
} from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { mpsc } from "./mpsc.ts";
import type { MpscReceiver } from "./mpsc-receiver.ts";
import type { MpscSender, WeakMpscSender } from "./mpsc-sender.ts";

/** How many wait for a place. */
const waiting = <T>(tx: MpscSender<T>): number => tx.channel.waiters.size;

/** Takes all that can be received now. */
function drain<T>(rx: MpscReceiver<T>): T[] {
  const values: T[] = [];
  while (!rx.isEmpty) values.push(rx.tryRecv());
  return values;
}

test("mpsc: gives values in the order in which they were sent", async () => {
  const main = co(function* () {
    const [tx, rx] = mpsc<number>(2);
    const produce = co(function* () {
      for (let i = 0; i < 10; i++) yield* tx.send(i);
      tx.close();
    });
    spawn(produce());
    const received: number[] = [];
    yield* rx.forEach((value) => {
      received.push(value);
    });
    return received;
  });
  expect(await run(main())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("mpsc: its types follow from the value's", () => {
  const pair = mpsc<number>(1);
  expectTypeOf(pair).toEqualTypeOf<[MpscSender<number>, MpscReceiver<number>]>();
  const [tx, rx] = pair;
  expectTypeOf(tx.send(1)).toEqualTypeOf<Future<void>>();
  expectTypeOf(rx.recv()).toEqualTypeOf<Future<number>>();
  expectTypeOf(rx.recvMany([], 1)).toEqualTypeOf<Future<number>>();
  expectTypeOf(tx.downgrade()).toEqualTypeOf<WeakMpscSender<number>>();
  expectTypeOf(rx[Symbol.asyncIterator]).returns.toExtend<AsyncIterator<number, undefined>>();
  // @ts-expect-error a value of another type
  tx.trySend("1");
  // @ts-expect-error a buffer of another type
  rx.recvMany([] as string[], 1);
});

test("mpsc: a send that is never polled sends nothing", () => {
  const [tx, rx] = mpsc<number>(1);
  tx.send(1);
  expect(rx.isEmpty).toBe(true);
  expect(tx.capacity).toBe(1);
});

test("mpsc: carries `undefined` as any other value", () => {
  const [tx, rx] = mpsc<number | undefined>(2);
  ready(tx.send(undefined));
  tx.trySend(1);
  expect(ready(rx.recv())).toBe(undefined);
  expect(rx.tryRecv()).toBe(1);
});

test("mpsc: a send waits for a place when there is none", () => {
  const [tx, rx] = mpsc<number>(1);
  ready(tx.send(1));
  const send = tx.send(2);
  const cx = pending(send);
  expect(rx.len).toBe(1);
  expect(rx.tryRecv()).toBe(1);
  expect(cx.wakes).toBe(1);
  expect(rx.isEmpty).toBe(true);
  ready(send);
  expect(rx.tryRecv()).toBe(2);
  expect(() => ready(send)).toThrow(PollAfterCompletionError);
});

test("mpsc: those who wait for a place get one in the order of their first polls", () => {
  const [tx, rx] = mpsc<number>(1);
  tx.trySend(-1);
  const sends = Array.from({ length: 5 }, (_, i) => tx.send(i));
  const order = [3, 0, 4, 1, 2];
  const contexts = new Map(order.map((i) => [i, pending(sends[i] as Future<void>)]));
  for (const i of order) {
    rx.tryRecv();
    for (const [j, cx] of contexts) expect(cx.takeWakes()).toBe(i === j ? 1 : 0);
    ready(sends[i] as Future<void>);
  }
  expect(rx.tryRecv()).toBe(2);
});

test("mpsc: a place given to a waiting sender cannot be taken by anybody else before it is polled", () => {
  const [tx, rx] = mpsc<string>(1);
  tx.trySend("first");
  const waiter = tx.send("waiter");
  pending(waiter);
  expect(rx.tryRecv()).toBe("first");
  expect(tx.capacity).toBe(0);
  expect(() => tx.trySend("jumper")).toThrow(FullError);
  pending(tx.send("late"));
  ready(waiter);
  expect(drain(rx)).toEqual(["waiter"]);
});

test("mpsc: the waker of the latest poll is the one that is woken", () => {
  const [tx, rx] = mpsc<number>(1);
  const recv = rx.recv();
  const contexts = [pending(recv), pending(recv)];
  tx.trySend(1);
  expect(contexts.map((cx) => cx.wakes)).toEqual([0, 1]);
  const send = tx.send(2);
  const senders = [pending(send), pending(send)];
  ready(recv);
  expect(senders.map((cx) => cx.wakes)).toEqual([0, 1]);
});

test("mpsc: sends and receives of values that are there wake nobody", () => {
  const [tx, rx] = mpsc<number>(4);
  const cx = pending(rx.recv());
  ready(tx.send(1));
  ready(tx.send(2));
  tx.trySend(3);
  expect(cx.wakes).toBe(1);
});

test("mpsc: a cancelled send has not sent", () => {
  const [tx, rx] = mpsc<string>(1);
  tx.trySend("there");
  const send = tx.send("cancelled");
  pending(send);
  send.cancel(new TestContext());
  expect(waiting(tx)).toBe(0);
  expect(drain(rx)).toEqual(["there"]);
  expect(tx.capacity).toBe(1);
  expect(() => ready(send)).toThrow(PollAfterCompletionError);
});

test("mpsc: a send that is cancelled after it was given a place has not sent, and the next gets the place", () => {
  const [tx, rx] = mpsc<string>(1);
  tx.trySend("there");
  const [cancelled, next] = [tx.send("cancelled"), tx.send("next")];
  pending(cancelled);
  const cx = pending(next);
  rx.tryRecv();
  expect(cx.wakes).toBe(0);
  cancelled.cancel(new TestContext());
  expect(cx.wakes).toBe(1);
  ready(next);
  expect(drain(rx)).toEqual(["next"]);
});

test("mpsc: cancelling a send that was never polled, or is done, does nothing", () => {
  const [tx, rx] = mpsc<number>(2);
  tx.send(1).cancel(new TestContext());
  const done = tx.send(2);
  ready(done);
  tx.trySend(3);
  const waited = tx.send(4);
  pending(waited);
  rx.tryRecv();
  ready(waited);
  done.cancel(new TestContext());
  waited.cancel(new TestContext());
  expect([tx.capacity, rx.len]).toEqual([0, 2]);
});

test("mpsc: trySend refuses when there is no place, and gives the value back", () => {
  const [tx] = mpsc<string>(1, { name: "jobs" });
  tx.trySend("a");
  try {
    tx.trySend("b");
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(FullError);
    expect((error as FullError<string>).value).toBe("b");
    expect((error as Error).message).toContain('the mpsc channel "jobs"');
  }
});

test("mpsc: recv drains what was sent before the last sender was closed, and then throws ClosedError", () => {
  const [tx, rx] = mpsc<number>(4, { name: "jobs" });
  tx.trySend(1);
  tx.trySend(2);
  tx.close();
  expect(rx.isClosed).toBe(true);
  expect(ready(rx.recv())).toBe(1);
  expect(rx.tryRecv()).toBe(2);
  expect(() => ready(rx.recv())).toThrow(new ClosedError('the mpsc channel "jobs"'));
  expect(() => rx.tryRecv()).toThrow(ClosedError);
});

test("mpsc: the channel ends when the last of its senders is closed, each of which counts once", () => {
  const [tx, rx] = mpsc<number>(1);
  const clone = tx.clone();
  expect([tx.strongCount, rx.senderStrongCount]).toEqual([2, 2]);
  expect(clone.sameChannel(tx)).toBe(true);
  expect(clone.sameChannel(mpsc<number>(1)[0])).toBe(false);
  const recv = rx.recv();
  const cx = pending(recv);
  tx.close();
  tx.close();
  tx[Symbol.dispose]();
  expect(cx.wakes).toBe(0);
  expect(rx.isClosed).toBe(false);
  clone[Symbol.dispose]();
  expect(cx.wakes).toBe(1);
  expect(() => ready(recv)).toThrow(ClosedError);
});

test("mpsc: a closed sender refuses all further use, while others go on", () => {
  const [tx, rx] = mpsc<number>(2, { name: "jobs" });
  const other = tx.clone();
  tx.close();
  expect(tx.isClosed).toBe(true);
  expect(other.isClosed).toBe(false);
  const refusal = new ClosedError('this sender of the mpsc channel "jobs"');
  expect(() => tx.trySend(1)).toThrow(refusal);
  expect(() => tx.tryReserve()).toThrow(refusal);
  expect(() => tx.clone()).toThrow(refusal);
  expect(() => tx.downgrade()).toThrow(refusal);
  expect(() => ready(tx.send(1))).toThrow(ClosedError);
  expect(() => ready(tx.reserve())).toThrow(ClosedError);
  expect(() => ready(tx.reserveMany(0))).toThrow(ClosedError);
  ready(other.send(2));
  expect(drain(rx)).toEqual([2]);
});

test("mpsc: what a sender has begun before it is closed is still completed", () => {
  const [tx, rx] = mpsc<string>(1);
  tx.trySend("there");
  const waiter = tx.send("waiter");
  pending(waiter);
  tx.close();
  expect(rx.isClosed).toBe(false);
  expect(ready(rx.recv())).toBe("there");
  const recv = rx.recv();
  const cx = pending(recv);
  ready(waiter);
  expect(cx.wakes).toBe(1);
  expect(ready(recv)).toBe("waiter");
  expect(() => ready(rx.recv())).toThrow(ClosedError);
});

test("mpsc: a waiting send that is cancelled after its sender was closed ends the channel", () => {
  for (const granted of [true, false]) {
    const [tx, rx] = mpsc<number>(1);
    tx.trySend(1);
    const waiter = tx.send(2);
    pending(waiter);
    tx.close();
    if (granted) rx.tryRecv();
    const recv = rx.recv();
    const cx = granted ? pending(recv) : null;
    waiter.cancel(new TestContext());
    expect(rx.isClosed).toBe(true);
    if (cx === null) expect(ready(recv)).toBe(1);
    else {
      expect(cx.wakes).toBe(1);
      expect(() => ready(recv)).toThrow(ClosedError);
    }
    expect(() => ready(rx.recv())).toThrow(ClosedError);
  }
});

test("mpsc: a send first polled when all senders are closed is refused", () => {
  const [tx, rx] = mpsc<number>(1);
  const send = tx.send(1);
  tx.close();
  expect(() => ready(send)).toThrow(ClosedError);
  expect(rx.isEmpty).toBe(true);
});

test("mpsc: a closed receiver refuses senders that wait, and those that come", () => {
  const [tx, rx] = mpsc<number>(1);
  tx.trySend(1);
  const [send, reserve] = [tx.send(2), tx.reserve()];
  const contexts = [pending(send), pending(reserve)];
  const closed = tx.closed();
  const closedCx = pending(closed);
  rx.close();
  rx.close();
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  expect(closedCx.wakes).toBe(1);
  ready(closed);
  expect([tx.isClosed, rx.isClosed]).toEqual([true, true]);
  expect(() => ready(send)).toThrow(ClosedError);
  expect(() => ready(reserve)).toThrow(ClosedError);
  expect(() => ready(tx.send(3))).toThrow(ClosedError);
  expect(() => tx.trySend(3)).toThrow(ClosedError);
  expect(ready(rx.recv())).toBe(1);
  expect(() => ready(rx.recv())).toThrow(ClosedError);
});

test("mpsc: a send that was given a place just before the receiver was closed has not sent", () => {
  const [tx, rx] = mpsc<number>(1);
  tx.trySend(1);
  const send = tx.send(2);
  pending(send);
  rx.tryRecv();
  rx.close();
  const recv = rx.recv();
  const cx = pending(recv);
  expect(() => ready(send)).toThrow(ClosedError);
  expect(cx.wakes).toBe(1);
  expect(() => ready(recv)).toThrow(ClosedError);
});

test("mpsc: a closed() that is given up leaves nothing behind", () => {
  const [tx, rx] = mpsc<number>(1);
  const closed = tx.closed();
  const cx = pending(closed);
  closed.cancel(new TestContext());
  expect(tx.channel.desertionWaiters?.size).toBe(0);
  rx.close();
  expect(cx.wakes).toBe(0);
});

test("mpsc: a weak sender does not keep the channel open, and can be upgraded while it is", () => {
  const [tx, rx] = mpsc<number>(1);
  const weak = tx.downgrade();
  expect([tx.weakCount, weak.weakCount, rx.senderWeakCount]).toEqual([1, 1, 1]);
  const again = weak.upgrade();
  expect([weak.strongCount, again?.sameChannel(tx)]).toEqual([2, true]);
  tx.close();
  expect(rx.isClosed).toBe(false);
  again?.close();
  expect(rx.isClosed).toBe(true);
  expect(weak.upgrade()).toBe(undefined);
  weak.close();
  weak[Symbol.dispose]();
  expect(weak.weakCount).toBe(0);
});

test("mpsc: a weak sender that is closed is not upgraded", () => {
  const [tx] = mpsc<number>(1);
  const weak = tx.downgrade();
  weak.close();
  expect(weak.upgrade()).toBe(undefined);
  expect(tx.strongCount).toBe(1);
});

test("mpsc: capacities that make no sense are refused at the call", () => {
  for (const capacity of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 30]) {
    expect(() => mpsc(capacity)).toThrow(RangeError);
  }
  // What TypeScript would not let through.
  expect(() => mpsc("1" as unknown as number)).toThrow(TypeError);
  expect(mpsc(2 ** 30 - 1)[0].maxCapacity).toBe(2 ** 30 - 1);
});

test("mpsc: progress costs a unit of budget, waiting costs none", () => {
  const { handle } = new Runtime();
  const cx = new TestContext(handle);
  const cost = (act: () => void): number => {
    handle.budget = 10;
    act();
    return 10 - handle.budget;
  };
  const [tx, rx] = mpsc<number>(1);
  const [recv, send] = [rx.recv(), tx.send(2)];
  expect(cost(() => pending(recv, cx))).toBe(0);
  expect(cost(() => ready(tx.send(1), cx))).toBe(1);
  expect(cost(() => pending(send, cx))).toBe(0);
  expect(cost(() => ready(recv, cx))).toBe(1);
  expect(cost(() => ready(send, cx))).toBe(1);
  expect(cost(() => ready(rx.recvMany([], 10), cx))).toBe(1);
  expect(cost(() => ready(tx.reserveMany(1), cx))).toBe(1);
  rx.close();
  expect(cost(() => expect(() => ready(tx.send(1), cx)).toThrow(ClosedError))).toBe(1);
  expect(cost(() => ready(tx.closed(), cx))).toBe(1);
});

test("mpsc: without budget nothing has an effect, and all are woken to try again", () => {
  const { handle } = new Runtime();
  const [tx, rx] = mpsc<number>(2);
  tx.trySend(1);
  handle.budget = 0;
  for (const future of [
    tx.send(2),
    tx.reserve(),
    tx.reserveMany(2),
    rx.recv(),
    rx.recvMany([], 1),
    tx.closed(),
  ]) {
    expect(pending(future as Future<unknown>, new TestContext(handle)).wakes).toBe(1);
  }
  const cx = new TestContext(handle);
  rx.pollRecv(cx);
  expect(cx.wakes).toBe(1);
  expect([tx.capacity, rx.len, waiting(tx)]).toEqual([1, 1, 0]);
});

// A `yield*` has a way of its own to what is there already: what holds for polls is to hold for it.
const awaitIt = co(function* <T>(future: Future<T>) {
  return yield* future;
});

test("mpsc: `yield*` sends and receives what is there, waits for what is not, and tells the end", () => {
  const [tx, rx] = mpsc<number>(2);
  ready(awaitIt(tx.send(1)));
  ready(awaitIt(tx.send(2)));
  const third = awaitIt(tx.send(3));
  const cx = pending(third);
  expect(rx.len).toBe(2);
  expect(ready(awaitIt(rx.recv()))).toBe(1);
  expect(cx.wakes).toBe(1);
  ready(third, cx);
  expect([ready(awaitIt(rx.recv())), ready(awaitIt(rx.recv()))]).toEqual([2, 3]);
  const recv = awaitIt(rx.recv());
  const recvCx = pending(recv);
  tx.trySend(4);
  expect(ready(recv, recvCx)).toBe(4);
  rx.close();
  expect(() => ready(awaitIt(tx.send(5)))).toThrow(ClosedError);
  expect(() => ready(awaitIt(rx.recv()))).toThrow(ClosedError);
  expect(tx.capacity).toBe(2);
});

test("mpsc: a second `yield*` on what is done neither sends nor receives again", () => {
  const [tx, rx] = mpsc<number>(4);
  const [send, recv] = [tx.send(1), rx.recv()];
  ready(awaitIt(send));
  tx.trySend(2);
  expect(ready(awaitIt(recv))).toBe(1);
  expect(() => ready(awaitIt(send))).toThrow(PollAfterCompletionError);
  expect(() => ready(awaitIt(recv))).toThrow(PollAfterCompletionError);
  expect(rx.len).toBe(1);
});

test("mpsc: a `yield*` on what another one owns neither sends nor receives", () => {
  const [tx, rx] = mpsc<number>(4);
  const [send, recv] = [tx.send(1), rx.recv()];
  // As a task or a combinator does that has not polled it yet.
  const owner = {};
  send.claim(owner);
  expect(() => ready(awaitIt(send))).toThrow(FutureInUseError);
  expect(rx.isEmpty).toBe(true);
  tx.trySend(2);
  recv.claim(owner);
  expect(() => ready(awaitIt(recv))).toThrow(FutureInUseError);
  expect(rx.len).toBe(1);
});

test("mpsc: a `yield*` costs a unit of budget, and has no effect without", () => {
  const { handle } = new Runtime();
  const cx = new TestContext(handle);
  const [tx, rx] = mpsc<number>(4);
  handle.budget = 10;
  ready(awaitIt(tx.send(1)), cx);
  expect(handle.budget).toBe(9);
  handle.budget = 0;
  for (const future of [tx.send(2), rx.recv()] as Future<unknown>[]) {
    pending(awaitIt(future), cx);
    expect(cx.takeWakes()).toBeGreaterThan(0);
  }
  expect(rx.len).toBe(1);
  handle.budget = 10;
  expect(ready(awaitIt(rx.recv()), cx)).toBe(1);
  expect(handle.budget).toBe(9);
});

test("mpsc: a task that always finds its channel ready lets others run", async () => {
  const main = co(function* () {
    const [tx, rx] = mpsc<number>(8);
    let passed = 0;
    const busy = co(function* () {
      for (;;) {
        yield* tx.send(1);
        passed += yield* rx.recv();
      }
    });
    const handle = spawn(busy()).observed();
    yield* yieldNow();
    yield* yieldNow();
    handle.abort();
    return passed;
  });
  const passed = await run(main());
  expect(passed).toBeGreaterThan(32);
  expect(passed).toBeLessThan(400);
});

/** A channel of one place that is full, whose receiver takes something at every turn. */
function* slowReceiver(rx: MpscReceiver<string>, received: string[]) {
  for (;;) {
    yield* yieldNow();
    yield* yieldNow();
    try {
      received.push(yield* rx.recv());
    } catch (error) {
      if (error instanceof ClosedError) return;
      throw error;
    }
  }
}

test("mpsc: a send cancelled at any poll has sent or not, and loses nothing of others", async () => {
  const polls = await cancelAtEveryPoll(async (cancelAt) => {
    const [tx, rx] = mpsc<string>(1);
    const received: string[] = [];
    const main = co(function* () {
      yield* tx.send("before");
      const receiver = spawn(co(slowReceiver)(rx, received));
      const behind = co(function* () {
        yield* yieldNow();
        yield* tx.send("behind");
        yield* tx.send("last");
      });
      const sender = spawn(behind());
      const outcome = yield* cancelAt(tx.send("tested"));
      yield* sender;
      tx.close();
      yield* receiver;
      return outcome.cancelled;
    });
    const cancelled = await run(main());
    expect(received.toSorted()).toEqual(["before", "behind", "last", ...(cancelled ? [] : ["tested"])]);
    expect([tx.capacity, waiting(tx)]).toEqual([1, 0]);
  });
  expect(polls).toBe(2);
});

test("mpsc: a recv cancelled at any poll loses no value, and no wake of the next recv", async () => {
  const polls = await cancelAtEveryPoll(async (cancelAt) => {
    const [tx, rx] = mpsc<number>(1);
    const main = co(function* () {
      const produce = co(function* () {
        for (let i = 1; i <= 3; i++) {
          yield* yieldNow();
          yield* tx.send(i);
        }
        tx.close();
      });
      spawn(produce());
      const received: number[] = [];
      const outcome = yield* cancelAt(rx.recv());
      if (!outcome.cancelled) received.push(outcome.value);
      yield* rx.forEach((value) => {
        received.push(value);
      });
      expect(received).toEqual([1, 2, 3]);
    });
    await run(main());
    expect(tx.channel.receiving).toBe(null);
  });
  expect(polls).toBe(2);
});

test("mpsc: a recvMany or a forEach cancelled at any poll loses no value", async () => {
  for (const kind of ["recvMany", "forEach"] as const) {
    await cancelAtEveryPoll(async (cancelAt) => {
      const [tx, rx] = mpsc<number>(2);
      const main = co(function* () {
        const produce = co(function* () {
          for (let i = 1; i <= 6; i++) {
            yield* tx.send(i);
            if (i % 2 === 0) yield* yieldNow();
          }
          tx.close();
        });
        spawn(produce());
        const received: number[] = [];
        const collect = function* (value: number) {
          received.push(value);
          yield* yieldNow();
        };
        yield* cancelAt<unknown>(kind === "recvMany" ? rx.recvMany(received, 2) : rx.forEach(collect));
        yield* rx.forEach(collect);
        expect(received).toEqual([1, 2, 3, 4, 5, 6]);
      });
      await run(main());
      expect(tx.channel.receiving).toBe(null);
    });
  }
});

test("mpsc: a closed() cancelled at any poll leaves no waiter behind", async () => {
  await cancelAtEveryPoll(async (cancelAt) => {
    const [tx, rx] = mpsc<number>(1);
    const main = co(function* () {
      const close = co(function* () {
        yield* yieldNow();
        rx.close();
      });
      const closing = spawn(close());
      yield* cancelAt(tx.closed());
      yield* closing;
    });
    await run(main());
    expect(tx.channel.desertionWaiters?.size ?? 0).toBe(0);
  });
});

test("mpsc: 100,000 cancelled operations of each kind leave nothing behind", () => {
  const [tx, rx] = mpsc<number>(1);
  const [, empty] = mpsc<number>(1);
  const cx = new TestContext();
  tx.trySend(0);
  const batch = (): void => {
    const futures: Future<unknown>[] = [];
    for (let i = 0; i < 100_000; i++) futures.push(tx.send(i), tx.reserve(), tx.reserveMany(1), tx.closed());
    for (const future of futures) pending(future, cx);
    for (const future of futures) future.cancel(cx);
    for (let i = 0; i < 100_000; i++) {
      for (const future of [empty.recv(), empty.recvMany([], 1)] as Future<unknown>[]) {
        pending(future, cx);
        future.cancel(cx);
      }
    }
  };
  batch();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch();
  globalThis.gc?.();
  expect(waiting(tx)).toBe(0);
  expect(tx.channel.desertionWaiters?.size).toBe(0);
  expect(() => empty.tryRecv()).toThrow(WouldBlockError);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  expect(rx.tryRecv()).toBe(0);
});
