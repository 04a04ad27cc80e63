import fc from "fast-check";
import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Resource } from "../../test/support/probe.ts";
import { raise } from "../../test/support/raise.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, FutureInUseError, PollAfterCompletionError, WouldBlockError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { type OneshotReceiver, type OneshotSender, oneshot } from "./oneshot.ts";

/** How many wait in `closed()`. */
const waiting = (rx: OneshotReceiver<unknown>): number => rx.desertionWaiters?.size ?? 0;

test("oneshot: the receiver is the future of the value that is sent", async () => {
  const main = co(function* () {
    const [tx, rx] = oneshot<string>();
    const answer = co(function* () {
      yield* yieldNow();
      return tx.send("answer");
    });
    const answered = spawn(answer());
    const value = yield* rx;
    return [value, yield* answered];
  });
  expect(await run(main())).toEqual(["answer", true]);
});

test("oneshot: its types follow from the value's", () => {
  const pair = oneshot<number>();
  expectTypeOf(pair).toEqualTypeOf<[OneshotSender<number>, OneshotReceiver<number>]>();
  expectTypeOf(pair[1]).toExtend<Future<number>>();
  // @ts-expect-error a value of another type
  pair[0].send("1");
});

test("oneshot: carries `undefined` as any other value", () => {
  const [tx, rx] = oneshot<undefined>();
  expect(rx.isEmpty).toBe(true);
  tx.send(undefined);
  expect(rx.isEmpty).toBe(false);
  expect(ready(rx)).toBe(undefined);
});

test("oneshot: the waker of the latest poll is the one that is woken", () => {
  const [tx, rx] = oneshot<number>();
  const first = pending(rx);
  const second = pending(rx);
  tx.send(1);
  expect([first.wakes, second.wakes]).toEqual([0, 1]);
  expect(ready(rx)).toBe(1);
});

test("oneshot: the second value is not taken", () => {
  const [tx, rx] = oneshot<number>();
  expect(tx.send(1)).toBe(true);
  expect(tx.send(2)).toBe(false);
  expect(ready(rx)).toBe(1);
  expect(tx.send(3)).toBe(false);
});

test("oneshot: a sender closed without a value ends the receiver with ClosedError", () => {
  const [tx, rx] = oneshot<number>();
  const cx = pending(rx);
  tx.close();
  expect(cx.wakes).toBe(1);
  expect(() => ready(rx)).toThrow(new ClosedError("the oneshot channel"));
  expect(() => ready(rx)).toThrow(PollAfterCompletionError);
  expect(tx.send(1)).toBe(false);
});

test("oneshot: closing a sender that has sent changes nothing", () => {
  const [tx, rx] = oneshot<number>();
  tx.send(1);
  tx.close();
  tx[Symbol.dispose]();
  expect(ready(rx)).toBe(1);
});

test("oneshot: the race of send and close is decided once, by whoever comes first", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("send", "closeTx", "closeRx", "tryRecv", "poll"), { maxLength: 8 }),
      (steps) => {
        const [tx, rx] = oneshot<number>();
        const decided = steps.find((step) => step === "send" || step === "closeTx" || step === "closeRx");
        let sent = 0;
        let received = 0;
        let failed = 0;
        for (const step of steps) {
          if (step === "send" && tx.send(1)) sent++;
          if (step === "closeTx") tx.close();
          if (step === "closeRx") rx.close();
          try {
            if (step === "tryRecv") received += rx.tryRecv();
            if (step === "poll" && !rx.isTerminated && rx.poll(new TestContext()) === 1) received++;
          } catch (error) {
            if (error instanceof ClosedError) failed++;
            else expect(error).toBeInstanceOf(WouldBlockError);
          }
        }
        expect(sent).toBe(decided === "send" ? 1 : 0);
        expect(received).toBeLessThanOrEqual(sent);
        if (decided === "send" && received === 0) {
          expect(failed).toBe(0);
          expect(rx.tryRecv()).toBe(1);
        }
      },
    ),
  );
});

test("oneshot: tryRecv tells nothing yet from never", () => {
  const [tx, rx] = oneshot<number>();
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
  tx.close();
  expect(() => rx.tryRecv()).toThrow(ClosedError);
});

test("oneshot: a value taken by tryRecv is gone for a poll", () => {
  const [tx, rx] = oneshot<number>();
  tx.send(1);
  expect(rx.tryRecv()).toBe(1);
  expect(rx.isTerminated).toBe(true);
  expect(() => rx.tryRecv()).toThrow(ClosedError);
  expect(() => ready(rx)).toThrow(PollAfterCompletionError);
});

test("oneshot: close refuses what is not sent yet, and keeps what is", () => {
  const [tx, rx] = oneshot<number>();
  tx.send(1);
  rx.close();
  expect(tx.isClosed).toBe(true);
  expect(ready(rx)).toBe(1);

  const [tx2, rx2] = oneshot<number>();
  rx2.close();
  rx2.close();
  expect(tx2.isClosed).toBe(true);
  expect(tx2.send(1)).toBe(false);
  expect(() => ready(rx2)).toThrow(ClosedError);
});

test("oneshot: a receiver closed by another task wakes the one that waits on it", () => {
  const [, rx] = oneshot<number>();
  const cx = pending(rx);
  rx.close();
  expect(cx.wakes).toBe(1);
  expect(() => ready(rx)).toThrow(ClosedError);
});

test("oneshot: closed waits until nobody waits for a value any more", () => {
  for (const end of ["close", "dispose", "cancel", "poll", "tryRecv"] as const) {
    const [tx, rx] = oneshot<number>();
    const closed = [tx.closed(), tx.closed()];
    const contexts = closed.map((future) => pending(future));
    expect(tx.isClosed).toBe(false);
    if (end === "close") rx.close();
    if (end === "dispose") rx[Symbol.dispose]();
    if (end === "cancel") rx.cancel(new TestContext());
    if (end === "poll" || end === "tryRecv") {
      tx.send(1);
      expect(contexts.map((cx) => cx.wakes)).toEqual([0, 0]);
      if (end === "poll") ready(rx);
      else rx.tryRecv();
    }
    expect(tx.isClosed).toBe(true);
    expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
    for (const future of closed) ready(future);
    ready(tx.closed());
  }
});

test("oneshot: a closed() that is given up leaves nothing behind", () => {
  const [tx, rx] = oneshot<number>();
  const closed = tx.closed();
  const cx = pending(closed);
  expect(waiting(rx)).toBe(1);
  closed.cancel(new TestContext());
  expect(waiting(rx)).toBe(0);
  rx.close();
  expect(cx.wakes).toBe(0);
  expect(() => ready(closed)).toThrow(PollAfterCompletionError);
});

test("oneshot: a cancelled receiver is closed, also one that was never polled", () => {
  const [tx, rx] = oneshot<number>();
  rx.cancel(new TestContext());
  expect(tx.isClosed).toBe(true);
  expect(tx.send(1)).toBe(false);
  expect(() => ready(rx)).toThrow(PollAfterCompletionError);
});

test("oneshot: a receiver that is lent is not closed when the loan is given up", () => {
  const [tx, rx] = oneshot<number>();
  const loan = rx.ref();
  pending(loan);
  loan.cancel(new TestContext());
  expect(tx.isClosed).toBe(false);
  tx.send(1);
  expect(ready(rx)).toBe(1);
});

test("oneshot: a value that nobody can receive any more is disposed of", () => {
  for (const giveUp of [
    (rx: OneshotReceiver<Resource>) => rx.cancel(new TestContext()),
    (rx: OneshotReceiver<Resource>) => rx[Symbol.dispose](),
  ]) {
    const [tx, rx] = oneshot<Resource>();
    const resource = new Resource();
    tx.send(resource);
    giveUp(rx);
    expect(resource.disposals).toBe(1);
    rx[Symbol.dispose]();
    rx.cancel(new TestContext());
    expect(resource.disposals).toBe(1);
  }
});

test("oneshot: a value that was received, or was not taken, is not disposed of", () => {
  const received = new Resource();
  const refused = new Resource();
  const [tx, rx] = oneshot<Resource>();
  tx.send(received);
  tx.send(refused);
  ready(rx);
  rx[Symbol.dispose]();
  expect(tx.send(refused)).toBe(false);
  expect([received.disposals, refused.disposals]).toEqual([0, 0]);
});

test("oneshot: a disposal that fails surfaces where the receiver was given up", () => {
  const [tx, rx] = oneshot<Disposable>();
  tx.send({ [Symbol.dispose]: () => raise(new Error("disposal")) });
  expect(() => rx.cancel(new TestContext())).toThrow("disposal");
  expect(tx.isClosed).toBe(true);
});

test("oneshot: a disposed receiver has no value any more, and wakes who waits on it", () => {
  const [sent, disposed] = oneshot<number>();
  sent.send(1);
  disposed[Symbol.dispose]();
  expect(disposed.isEmpty).toBe(true);
  expect(() => ready(disposed)).toThrow(ClosedError);
  const [, rx] = oneshot<number>();
  const cx = pending(rx);
  rx[Symbol.dispose]();
  expect(cx.wakes).toBe(1);
  expect(() => ready(rx)).toThrow(ClosedError);
});

test("oneshot: two tasks cannot await one receiver", async () => {
  const main = co(function* () {
    const [tx, rx] = oneshot<number>();
    const wait = co(function* () {
      return yield* rx;
    });
    const [first, second] = [spawn(wait()), spawn(wait()).observed()];
    yield* yieldNow();
    tx.send(1);
    expect(yield* first).toBe(1);
    try {
      yield* second;
    } catch (error) {
      return error;
    }
    return undefined;
  });
  expect(await run(main())).toBeInstanceOf(FutureInUseError);
});

test("oneshot: outcomes cost a unit of budget, waiting costs none", () => {
  const { handle } = new Runtime();
  const cx = new TestContext(handle);
  const spend = (units: number, act: () => void): void => {
    handle.budget = 1;
    act();
    expect(handle.budget).toBe(1 - units);
  };
  const [tx, rx] = oneshot<number>();
  const closed = tx.closed();
  spend(0, () => pending(rx, cx));
  spend(0, () => pending(closed, cx));
  tx.send(1);
  spend(1, () => expect(ready(rx, cx)).toBe(1));
  spend(1, () => ready(closed, cx));
  const [tx2, rx2] = oneshot<number>();
  tx2.close();
  spend(1, () => expect(() => ready(rx2, cx)).toThrow(ClosedError));
});

test("oneshot: without budget a poll has no effect, and is woken to try again", () => {
  const { handle } = new Runtime();
  const [tx, rx] = oneshot<number>();
  tx.send(1);
  handle.budget = 0;
  const cx = pending(rx, new TestContext(handle));
  expect(cx.wakes).toBe(1);
  expect(tx.isClosed).toBe(false);
  expect(rx.tryRecv()).toBe(1);
  const closed = pending(tx.closed(), new TestContext(handle));
  expect(closed.wakes).toBe(1);
});

test("oneshot: a receiver cancelled at any poll is closed, and its value is received or disposed of", async () => {
  await cancelAtEveryPoll(async (cancelAt) => {
    const [tx, rx] = oneshot<Resource>();
    const resource = new Resource();
    const answer = co(function* () {
      yield* yieldNow();
      return tx.send(resource);
    });
    const main = co(function* () {
      const answered = spawn(answer());
      const outcome = yield* cancelAt(rx);
      const taken = yield* answered;
      expect(tx.isClosed).toBe(true);
      expect(resource.disposals).toBe(taken && outcome.cancelled ? 1 : 0);
      if (!outcome.cancelled) expect(outcome.value).toBe(resource);
    });
    await run(main());
  });
});

test("oneshot: a closed() cancelled at any poll leaves no waiter behind", async () => {
  await cancelAtEveryPoll(async (cancelAt) => {
    const [tx, rx] = oneshot<number>();
    const close = co(function* () {
      yield* yieldNow();
      rx.close();
    });
    const main = co(function* () {
      const closing = spawn(close());
      yield* cancelAt(tx.closed());
      yield* closing;
    });
    await run(main());
    expect(waiting(rx)).toBe(0);
  });
});

test("oneshot: 100,000 receivers and closed() that were given up leave nothing behind", () => {
  const [tx, rx] = oneshot<number>();
  const cx = new TestContext();
  const batch = (): void => {
    for (let i = 0; i < 100_000; i++) {
      const closed = tx.closed();
      pending(closed, cx);
      closed.cancel(cx);
      const [, other] = oneshot<number>();
      pending(other, cx);
      other.cancel(cx);
    }
  };
  batch();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch();
  globalThis.gc?.();
  expect(waiting(rx)).toBe(0);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});
