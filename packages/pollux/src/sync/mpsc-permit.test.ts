import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Resource } from "../../test/support/probe.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, FullError, ReleasedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { mpsc } from "./mpsc.ts";
import type { MpscPermit, MpscPermits } from "./mpsc-permit.ts";

test("mpsc permit: holds a place until it is used", () => {
  const [tx, rx] = mpsc<string>(1);
  const reserve = tx.reserve();
  expectTypeOf(reserve).toEqualTypeOf<Future<MpscPermit<string>>>();
  expect(tx.capacity).toBe(1);
  const permit = ready(reserve);
  expect(tx.capacity).toBe(0);
  expect(() => tx.trySend("other")).toThrow(FullError);
  permit.send("mine");
  expect(rx.tryRecv()).toBe("mine");
});

test("mpsc permit: is good for one value", () => {
  const [tx, rx] = mpsc<number>(2);
  const permit = tx.tryReserve();
  permit.send(1);
  expect(() => permit.send(2)).toThrow(ReleasedError);
  permit.release();
  expect([rx.len, tx.capacity]).toEqual([1, 1]);
});

test("mpsc permit: gives its place back once, to the first that waits", () => {
  const [tx] = mpsc<number>(1);
  const permit = tx.tryReserve();
  const contexts = [pending(tx.send(1)), pending(tx.send(2))];
  permit.release();
  permit[Symbol.dispose]();
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 0]);
  expect(() => permit.send(3)).toThrow(ReleasedError);
});

test("mpsc permit: wakes the receiver when it is used", () => {
  const [tx, rx] = mpsc<number>(1);
  const permit = tx.tryReserve();
  const recv = rx.recv();
  const cx = pending(recv);
  permit.send(1);
  expect(cx.wakes).toBe(1);
  expect(ready(recv)).toBe(1);
});

test("mpsc permit: what it stands for is received after the receiver was closed", () => {
  const [tx, rx] = mpsc<number>(2);
  const [used, released] = [tx.tryReserve(), tx.tryReserve()];
  rx.close();
  const recv = rx.recv();
  const cx = pending(recv);
  used.send(1);
  expect(cx.takeWakes()).toBe(1);
  expect(ready(recv)).toBe(1);
  const last = rx.recv();
  pending(last, cx);
  released.release();
  expect(cx.wakes).toBe(1);
  expect(() => ready(last)).toThrow(ClosedError);
});

test("mpsc permit: keeps the channel open when every sender is closed, also for a weak one", () => {
  const [tx, rx] = mpsc<number>(2);
  const weak = tx.downgrade();
  const permit = tx.tryReserve();
  tx.close();
  expect(rx.isClosed).toBe(false);
  const recv = rx.recv();
  const cx = pending(recv);
  const again = weak.upgrade();
  again?.trySend(1);
  again?.close();
  expect(ready(recv)).toBe(1);
  const last = rx.recv();
  pending(last, cx);
  cx.takeWakes();
  permit.release();
  expect(cx.wakes).toBe(1);
  expect(() => ready(last)).toThrow(ClosedError);
  expect(weak.upgrade()).toBe(undefined);
});

test("mpsc permit: a value sent to a receiver that is gone is disposed of", () => {
  const [tx, rx] = mpsc<Resource>(2);
  const [sent, late] = [new Resource(), new Resource()];
  const permit = tx.tryReserve();
  tx.trySend(sent);
  rx[Symbol.dispose]();
  permit.send(late);
  expect([sent.disposals, late.disposals]).toEqual([1, 1]);
  expect(rx.len).toBe(0);
  expect(() => ready(rx.recv())).toThrow(ClosedError);
});

test("mpsc permits: reserveMany collects places as they are freed, before those behind it", () => {
  const [tx, rx] = mpsc<number>(3);
  tx.trySend(0);
  tx.trySend(1);
  const reserve = tx.reserveMany(3);
  expectTypeOf(reserve).toEqualTypeOf<Future<MpscPermits<number>>>();
  const cx = pending(reserve);
  const behind = tx.send(9);
  const behindCx = pending(behind);
  expect(tx.capacity).toBe(0);
  rx.tryRecv();
  expect(cx.wakes).toBe(0);
  rx.tryRecv();
  expect([cx.wakes, behindCx.wakes]).toEqual([1, 0]);
  const permits = ready(reserve);
  permits.send(2);
  permits.send(3);
  expect(permits.remaining).toBe(1);
  permits.release();
  expect(behindCx.wakes).toBe(1);
  ready(behind);
  expect([rx.tryRecv(), rx.tryRecv(), rx.tryRecv()]).toEqual([2, 3, 9]);
});

test("mpsc permits: a cancelled reserveMany gives what it has collected to those behind it", () => {
  const [tx] = mpsc<number>(3);
  tx.trySend(0);
  const reserve = tx.reserveMany(3);
  pending(reserve);
  const contexts = [1, 2, 3].map((value) => pending(tx.send(value)));
  reserve.cancel(new TestContext());
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1, 0]);
});

test("mpsc permits: iterating takes out single permits, and leaves the rest in it", () => {
  const [tx, rx] = mpsc<number>(3);
  const permits = tx.tryReserveMany(3);
  let i = 0;
  for (const permit of permits) {
    permit.send(i++);
    if (i === 2) break;
  }
  expect(permits.remaining).toBe(1);
  expect([rx.len, tx.capacity]).toEqual([2, 0]);
  permits[Symbol.dispose]();
  permits.release();
  expect(tx.capacity).toBe(1);
  expect(() => permits.send(9)).toThrow(ReleasedError);
});

test("mpsc permits: tryReserveMany takes as many as it is asked for, or none", () => {
  const [tx] = mpsc<number>(3);
  tx.trySend(0);
  expect(() => tx.tryReserveMany(3)).toThrow(FullError);
  expect(tx.capacity).toBe(2);
  expect(tx.tryReserveMany(2).remaining).toBe(2);
  expect(tx.tryReserveMany(0).remaining).toBe(0);
});

test("mpsc permits: counts that make no sense are refused at the call", () => {
  const [tx] = mpsc<number>(3);
  for (const count of [-1, 0.5, Number.NaN, 4]) {
    expect(() => tx.reserveMany(count)).toThrow(RangeError);
    expect(() => tx.tryReserveMany(count)).toThrow(RangeError);
  }
  // What TypeScript would not let through.
  expect(() => tx.reserveMany("1" as unknown as number)).toThrow(TypeError);
});

test("mpsc permits: a reservation cancelled at any poll gives back all places", async () => {
  for (const count of [1, 2, 3]) {
    await cancelAtEveryPoll(async (cancelAt) => {
      const [tx, rx] = mpsc<number>(3);
      const main = co(function* () {
        for (let i = 0; i < 3; i++) yield* tx.send(i);
        const receive = co(function* () {
          for (let i = 0; i < 4; i++) {
            yield* yieldNow();
            yield* rx.recv();
          }
        });
        const behind = co(function* () {
          yield* yieldNow();
          yield* tx.send(3);
        });
        const [receiver, sender] = [spawn(receive()), spawn(behind())];
        const reserve: Future<Disposable> = count === 1 ? tx.reserve() : tx.reserveMany(count);
        const outcome = yield* cancelAt(reserve);
        if (!outcome.cancelled) outcome.value[Symbol.dispose]();
        yield* sender;
        yield* receiver;
      });
      await run(main());
      expect(tx.capacity).toBe(3);
      expect(tx.channel.waiters.size).toBe(0);
    });
  }
});
