import fc from "fast-check";
import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, LaggedError, PollAfterCompletionError, WouldBlockError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { type BroadcastReceiver, type BroadcastSender, broadcast } from "./broadcast.ts";
import type { BroadcastChannel, BroadcastCursor } from "./broadcast-channel.ts";

/** A body for `forEach` that takes a while. */
function* pause() {
  yield* yieldNow();
}

/** The state that senders and receivers share. Private, since a program has no use for it; a leak is seen there. */
const channelOf = <T>(side: BroadcastSender<T> | BroadcastReceiver<T>): BroadcastChannel<T> =>
  (side as unknown as { channel: BroadcastChannel<T> }).channel;

/** How many futures of a receiver the channel takes to wait. */
const waitingOf = (rx: BroadcastReceiver<unknown>): number =>
  (rx as unknown as { cursor: BroadcastCursor }).cursor.waiting;

/** The values that the channel keeps alive. */
const kept = <T>(side: BroadcastSender<T>): T[] =>
  (channelOf(side) as unknown as { values: (T | undefined)[] }).values.filter(
    (value): value is T => value !== undefined,
  );

test("broadcast: every receiver gets every value, in order", async () => {
  const main = co(function* () {
    const [tx, rx] = broadcast<number>(4);
    const collect = co(function* (receiver: BroadcastReceiver<number>) {
      const values: number[] = [];
      yield* receiver.forEach((value) => {
        values.push(value);
      });
      return values;
    });
    const handles = [rx, tx.subscribe(), tx.subscribe()].map((receiver) => spawn(collect(receiver)));
    for (let i = 0; i < 10; i++) {
      expect(tx.send(i)).toBe(3);
      yield* yieldNow();
    }
    tx.close();
    const results: number[][] = [];
    for (const handle of handles) results.push(yield* handle);
    return results;
  });
  const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  expect(await run(main())).toEqual([all, all, all]);
});

test("broadcast: its types follow from the value's", () => {
  const pair = broadcast<number>(1);
  expectTypeOf(pair).toEqualTypeOf<[BroadcastSender<number>, BroadcastReceiver<number>]>();
  const [tx, rx] = pair;
  expectTypeOf(rx.recv()).toEqualTypeOf<Future<number>>();
  expectTypeOf(tx.send).returns.toEqualTypeOf<number>();
  // @ts-expect-error a value of another type
  tx.send("1");
});

test("broadcast: a send wakes all who wait, once", () => {
  const [tx, rx] = broadcast<number>(4);
  const other = tx.subscribe();
  const futures = [rx.recv(), other.recv()];
  const contexts = futures.map((future) => pending(future));
  expect([waitingOf(rx), waitingOf(other)]).toEqual([1, 1]);
  tx.send(1);
  tx.send(2);
  expect([waitingOf(rx), waitingOf(other)]).toEqual([0, 0]);
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  expect(futures.map((future) => ready(future))).toEqual([1, 1]);
  expect([rx.tryRecv(), other.tryRecv()]).toEqual([2, 2]);
});

test("broadcast: the waker of the latest poll is the one that is woken", () => {
  const [tx, rx] = broadcast<number>(4);
  const recv = rx.recv();
  const contexts = [pending(recv), pending(recv)];
  tx.send(1);
  expect(contexts.map((cx) => cx.wakes)).toEqual([0, 1]);
});

test("broadcast: carries `undefined` as any other value", () => {
  const [tx, rx] = broadcast<number | undefined>(2);
  tx.send(undefined);
  expect(rx.len).toBe(1);
  expect(ready(rx.recv())).toBe(undefined);
  expect(rx.len).toBe(0);
});

test("broadcast: with no receiver a value is gone, and send says so", () => {
  const [tx, rx] = broadcast<number>(4);
  rx.close();
  expect(tx.send(1)).toBe(0);
  const late = tx.subscribe();
  expect(tx.send(2)).toBe(1);
  expect(late.tryRecv()).toBe(2);
});

test("broadcast: a receiver that is too slow is told once how many values it missed, then gets the oldest kept", () => {
  const [tx, rx] = broadcast<number>(2);
  for (let i = 0; i < 5; i++) tx.send(i);
  expect(rx.len).toBe(5);
  const recv = rx.recv();
  expect(() => ready(recv)).toThrow(new LaggedError(3));
  expect(() => ready(recv)).toThrow(PollAfterCompletionError);
  expect(rx.len).toBe(2);
  expect([rx.tryRecv(), rx.tryRecv()]).toEqual([3, 4]);
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
});

test("broadcast: what is kept is received after the senders are closed, a lag included, then ClosedError", () => {
  const [tx, rx] = broadcast<number>(2, { name: "events" });
  for (let i = 0; i < 3; i++) tx.send(i);
  tx.close();
  expect(rx.isClosed).toBe(true);
  expect(() => rx.tryRecv()).toThrow(LaggedError);
  expect(ready(rx.recv())).toBe(1);
  expect(rx.tryRecv()).toBe(2);
  expect(() => ready(rx.recv())).toThrow(new ClosedError('the broadcast channel "events"'));
  expect(() => rx.tryRecv()).toThrow(ClosedError);
});

test("broadcast: closing the last sender wakes all who wait", () => {
  const [tx, rx] = broadcast<number>(2);
  const clone = tx.clone();
  expect([tx.strongCount, rx.senderStrongCount, clone.sameChannel(tx)]).toEqual([2, 2, true]);
  const recv = rx.recv();
  const cx = pending(recv);
  tx.close();
  tx.close();
  expect(cx.wakes).toBe(0);
  clone[Symbol.dispose]();
  expect(cx.wakes).toBe(1);
  expect(() => ready(recv)).toThrow(ClosedError);
});

test("broadcast: a closed sender refuses all further use", () => {
  const [tx] = broadcast<number>(2);
  const other = tx.clone();
  tx.close();
  const refusal = new ClosedError("this sender of the broadcast channel");
  for (const use of [() => tx.send(1), () => tx.subscribe(), () => tx.clone(), () => tx.downgrade()]) {
    expect(use).toThrow(refusal);
  }
  expect(other.send(1)).toBe(1);
});

test("broadcast: resubscribe receives what is sent from then on", () => {
  const [tx, rx] = broadcast<number>(4);
  tx.send(1);
  const again = rx.resubscribe();
  tx.send(2);
  expect(again.sameChannel(rx)).toBe(true);
  expect(again.tryRecv()).toBe(2);
  expect([rx.tryRecv(), rx.tryRecv()]).toEqual([1, 2]);
  expect(tx.receiverCount).toBe(2);
});

test("broadcast: a closed receiver counts no more, refuses all further use, and wakes its own waiters alone", () => {
  const [tx, rx] = broadcast<number>(4);
  const other = tx.subscribe();
  const [mine, theirs] = [rx.recv(), other.recv()];
  const contexts = [pending(mine), pending(theirs)];
  rx.close();
  rx[Symbol.dispose]();
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 0]);
  expect(tx.receiverCount).toBe(1);
  expect(rx.isClosed).toBe(true);
  expect(() => ready(mine)).toThrow(new ClosedError("this receiver of the broadcast channel"));
  expect(() => rx.tryRecv()).toThrow(ClosedError);
  expect(() => rx.resubscribe()).toThrow(ClosedError);
  expect(tx.send(1)).toBe(1);
  expect(contexts[1]?.wakes).toBe(1);
  expect(rx.isEmpty).toBe(true);
});

test("broadcast: closed waits until there is no receiver", () => {
  const [tx, rx] = broadcast<number>(4);
  const other = tx.subscribe();
  const closed = tx.closed();
  const cx = pending(closed);
  rx.close();
  expect(cx.wakes).toBe(0);
  other.close();
  expect(cx.wakes).toBe(1);
  // Another has come before anybody looked.
  const late = tx.subscribe();
  pending(closed, cx);
  late.close();
  expect(cx.wakes).toBe(2);
  ready(closed);
});

test("broadcast: a weak sender does not keep the channel open, and can be upgraded while it is", () => {
  const [tx, rx] = broadcast<number>(4);
  const weak = tx.downgrade();
  expect([tx.weakCount, weak.weakCount, rx.senderWeakCount]).toEqual([1, 1, 1]);
  const again = weak.upgrade();
  expect(weak.strongCount).toBe(2);
  tx.close();
  expect(again?.send(1)).toBe(1);
  again?.close();
  expect(weak.upgrade()).toBe(undefined);
  expect(rx.isClosed).toBe(true);
  weak.close();
  weak[Symbol.dispose]();
  expect(weak.weakCount).toBe(0);
});

test("broadcast: a weak sender that is closed is not upgraded", () => {
  const [tx] = broadcast<number>(4);
  const weak = tx.downgrade();
  weak.close();
  expect(weak.upgrade()).toBe(undefined);
});

test("broadcast: keeps no value alive that nobody is going to receive", () => {
  const [tx, rx] = broadcast<number>(4);
  const other = tx.subscribe();
  for (let i = 1; i <= 3; i++) tx.send(i);
  expect([kept(tx), tx.len]).toEqual([[1, 2, 3], 3]);
  rx.tryRecv();
  rx.tryRecv();
  expect([kept(tx), tx.len]).toEqual([[1, 2, 3], 3]);
  other.tryRecv();
  expect([kept(tx), tx.len]).toEqual([[2, 3], 2]);
  other.close();
  expect([kept(tx), tx.len]).toEqual([[3], 1]);
  rx.close();
  expect([kept(tx), tx.len, tx.isEmpty]).toEqual([[], 0, true]);
});

test("broadcast: keeps as many values as the capacity, rounded up to a power of two", () => {
  for (const [capacity, keeps] of [
    [1, 1],
    [2, 2],
    [3, 4],
    [5, 8],
    [16, 16],
    [17, 32],
  ] as const) {
    const [tx, rx] = broadcast<number>(capacity);
    for (let i = 0; i < keeps; i++) tx.send(i);
    expect(rx.tryRecv()).toBe(0);
    tx.send(keeps);
    tx.send(keeps + 1);
    expect(() => rx.tryRecv()).toThrow(new LaggedError(1));
  }
});

test("broadcast: a large capacity costs nothing until it is used", () => {
  const [tx, rx] = broadcast<number>(2 ** 30);
  tx.send(1);
  expect(rx.tryRecv()).toBe(1);
  expect((channelOf(tx) as unknown as { values: unknown[] }).values.length).toBe(1);
});

test("broadcast: capacities that make no sense are refused at the call", () => {
  for (const capacity of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 30 + 1]) {
    expect(() => broadcast(capacity)).toThrow(RangeError);
  }
  // What TypeScript would not let through.
  expect(() => broadcast("1" as unknown as number)).toThrow(TypeError);
});

test("broadcast: goes on past the positions that 32 bits can count", () => {
  const [tx, rx] = broadcast<number>(4);
  const channel = channelOf(tx);
  channel.tail = 2 ** 32 - 2;
  const fresh = rx.resubscribe();
  rx.close();
  const values: number[] = [];
  for (let i = 0; i < 10; i++) {
    tx.send(i);
    if (i % 3 === 2) while (!fresh.isEmpty) values.push(fresh.tryRecv());
  }
  expect(values).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect([channel.tail, tx.len]).toEqual([2 ** 32 + 8, 1]);
});

test("broadcast: for await gives the values, throws a lag, and can be gone on with", async () => {
  const [tx, rx] = broadcast<number>(2);
  for (let i = 0; i < 3; i++) tx.send(i);
  tx.close();
  const values: number[] = [];
  const loop = async (): Promise<void> => {
    for await (const value of rx) values.push(value);
  };
  await expect(loop()).rejects.toThrow(LaggedError);
  await loop();
  expect(values).toEqual([1, 2]);
});

test("broadcast: progress costs a unit of budget, a lag and the end included; waiting costs none", () => {
  const { handle } = new Runtime();
  const cx = new TestContext(handle);
  const cost = (act: () => void): number => {
    handle.budget = 10;
    act();
    return 10 - handle.budget;
  };
  const [tx, rx] = broadcast<number>(1);
  expect(cost(() => pending(rx.recv(), cx))).toBe(0);
  tx.send(1);
  expect(cost(() => ready(rx.recv(), cx))).toBe(1);
  tx.send(1);
  tx.send(2);
  expect(cost(() => expect(() => ready(rx.recv(), cx)).toThrow(LaggedError))).toBe(1);
  handle.budget = 0;
  expect(pending(rx.recv(), new TestContext(handle)).wakes).toBe(1);
  expect(rx.tryRecv()).toBe(2);
  tx.close();
  expect(cost(() => expect(() => ready(rx.recv(), cx)).toThrow(ClosedError))).toBe(1);
});

test("broadcast: a waker may come back to the channel while others are being woken", () => {
  const [tx, rx] = broadcast<number>(8);
  const order: string[] = [];
  const third = rx.recv();
  const wait = (name: string, then: () => void): void => {
    class Reentrant extends TestContext {
      override wake(): void {
        order.push(name);
        then();
      }
    }
    pending(tx.subscribe().recv(), new Reentrant());
  };
  wait("first", () => {
    tx.send(2);
    third.cancel(new TestContext());
    pending(rx.resubscribe().recv());
  });
  wait("second", () => {});
  pending(third);
  tx.send(1);
  expect(order).toEqual(["first", "second"]);
  expect(channelOf(tx).waiters.size).toBe(1);
});

test("broadcast: a recv cancelled at any poll loses no value, and leaves no waiter", async () => {
  const polls = await cancelAtEveryPoll(async (cancelAt) => {
    const [tx, rx] = broadcast<number>(4);
    const main = co(function* () {
      const produce = co(function* () {
        for (let i = 1; i <= 3; i++) {
          yield* yieldNow();
          tx.send(i);
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
    expect(channelOf(tx).waiters.size).toBe(0);
  });
  expect(polls).toBe(2);
});

test("broadcast: a forEach or a closed() cancelled at any poll leaves no waiter", async () => {
  for (const kind of ["forEach", "closed"] as const) {
    await cancelAtEveryPoll(async (cancelAt) => {
      const [tx, rx] = broadcast<number>(4);
      const other = tx.subscribe();
      const main = co(function* () {
        const work = co(function* () {
          tx.send(1);
          yield* yieldNow();
          tx.send(2);
          yield* yieldNow();
          other.close();
          if (kind === "closed") rx.close();
          tx.close();
        });
        const working = spawn(work());
        yield* cancelAt<unknown>(kind === "forEach" ? rx.forEach(pause) : tx.closed());
        yield* working;
      });
      await run(main());
      expect(channelOf(tx).waiters.size).toBe(0);
      expect(channelOf(tx).desertionWaiters?.size ?? 0).toBe(0);
    });
  }
});

test("broadcast: 100,000 cancelled operations of each kind leave nothing behind", () => {
  const [tx, rx] = broadcast<number>(1);
  const cx = new TestContext();
  const batch = (): void => {
    const futures: Future<unknown>[] = [];
    for (let i = 0; i < 100_000; i++) futures.push(rx.recv(), tx.closed());
    for (const future of futures) pending(future, cx);
    for (const future of futures) future.cancel(cx);
    for (let i = 0; i < 100_000; i++) tx.subscribe().close();
  };
  batch();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch();
  globalThis.gc?.();
  expect(channelOf(tx).waiters.size).toBe(0);
  expect(waitingOf(rx)).toBe(0);
  expect(channelOf(tx).desertionWaiters?.size).toBe(0);
  expect(tx.receiverCount).toBe(1);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});

/** A receiver as plainly as it can be said: all that it has not received. */
interface ModelReceiver {
  readonly rx: BroadcastReceiver<number>;
  unread: number[];
  waiting: { future: Future<number>; cx: TestContext } | null;
}

const step = fc.tuple(
  fc.constantFrom(
    "send",
    "send",
    "send",
    "recv",
    "recv",
    "tryRecv",
    "cancel",
    "subscribe",
    "resubscribe",
    "close",
  ),
  fc.nat({ max: 5 }),
);

test("broadcast: does what its model does, in any interleaving", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (asked, steps) => {
      const capacity = [0, 1, 2, 4, 4, 8][asked] as number;
      const [tx, rx] = broadcast<number>(asked);
      const receivers: ModelReceiver[] = [{ rx, unread: [], waiting: null }];
      let next = 0;
      /** What the next receive of a receiver does. */
      const take = (receiver: ModelReceiver): number | "empty" | LaggedError => {
        const missed = receiver.unread.length - capacity;
        if (missed > 0) {
          receiver.unread.splice(0, missed);
          return new LaggedError(missed);
        }
        return receiver.unread.shift() ?? "empty";
      };
      const receive = (receiver: ModelReceiver): void => {
        const { future, cx } = receiver.waiting ?? { future: receiver.rx.recv(), cx: new TestContext() };
        receiver.waiting = null;
        const expected = take(receiver);
        if (expected instanceof LaggedError) expect(() => ready(future, cx)).toThrow(expected);
        else if (expected === "empty") {
          pending(future, cx).takeWakes();
          receiver.waiting = { future, cx };
        } else expect(ready(future, cx)).toBe(expected);
      };
      for (const [action, n] of steps) {
        const at = n % Math.max(1, receivers.length);
        const receiver = receivers[at];
        if (action === "send") {
          expect(tx.send(next)).toBe(receivers.length);
          for (const { unread } of receivers) unread.push(next);
          next++;
        }
        if (action === "subscribe") receivers.push({ rx: tx.subscribe(), unread: [], waiting: null });
        if (receiver === undefined) continue;
        if (action === "recv") receive(receiver);
        if (action === "tryRecv") {
          const expected = take(receiver);
          if (expected instanceof LaggedError) expect(() => receiver.rx.tryRecv()).toThrow(expected);
          else if (expected === "empty") expect(() => receiver.rx.tryRecv()).toThrow(WouldBlockError);
          else expect(receiver.rx.tryRecv()).toBe(expected);
        }
        if (action === "cancel") {
          receiver.waiting?.future.cancel(receiver.waiting.cx);
          receiver.waiting = null;
        }
        if (action === "resubscribe")
          receivers.push({ rx: receiver.rx.resubscribe(), unread: [], waiting: null });
        if (action === "close") {
          receiver.rx.close();
          receivers.splice(at, 1);
        }
        expect(tx.receiverCount).toBe(receivers.length);
        for (const { rx, unread, waiting } of receivers) {
          expect(rx.len).toBe(unread.length);
          if (waiting !== null && unread.length > 0) expect(waiting.cx.wakes).toBe(1);
        }
        const wanted = Math.max(0, ...receivers.map(({ unread }) => Math.min(unread.length, capacity)));
        expect(tx.len).toBe(wanted);
        expect(kept(tx).length).toBe(wanted);
      }
    }),
    { numRuns: 2000 },
  );
});
