import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import {
  CleanupError,
  ClosedError,
  FullError,
  NoRuntimeError,
  TimeoutError,
  WouldBlockError,
} from "../../../src/core/errors.ts";
import type { Future } from "../../../src/core/future.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import { mpsc, unboundedMpsc } from "../../../src/sync/mpsc.ts";
import type { MpscReceiver } from "../../../src/sync/mpsc-receiver.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { timeout } from "../../../src/time/timeout.ts";
import { pending, ready, TestContext } from "../../support/context.ts";
import { Resource } from "../../support/probe.ts";
import "../../../src/runtime/default.ts";

/** Receives to the end: the values, and after them nothing but `ClosedError`. */
function drained<T>(rx: MpscReceiver<T>): T[] {
  const values: T[] = [];
  while (!rx.isEmpty) values.push(ready(rx.recv()));
  expect(() => ready(rx.recv())).toThrow(ClosedError);
  return values;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

test("send_recv_with_buffer: values sent with and without a permit are received in order, and then the end", async () => {
  const main = co(function* () {
    const [tx, rx] = mpsc<number>(16);
    const permit = yield* tx.reserve();
    permit.send(1);
    tx.trySend(2);
    tx.close();
    expect([yield* rx.recv(), yield* rx.recv()]).toEqual([1, 2]);
    yield* rx.recv();
  });
  await expect(run(main())).rejects.toThrow(ClosedError);
});

test("reserve_disarm: a place is free again when its value was received or its permit released, for one waiter", () => {
  const [tx, rx] = mpsc<number>(2);
  const [permit1, permit2] = [ready(tx.reserve()), ready(tx.clone().reserve())];
  const [r3, r4] = [pending(tx.clone().reserve()), pending(tx.clone().reserve())];
  permit1.send(1);
  expect(r3.wakes).toBe(0);
  ready(rx.recv());
  expect([r3.wakes, r4.wakes]).toEqual([1, 0]);
  permit2.release();
  expect(r4.wakes).toBe(1);
  pending(tx.reserve());
});

for (const [name, make] of [
  ["send_recv_stream_with_buffer", () => mpsc<number>(16)],
  ["send_recv_stream_unbounded", () => unboundedMpsc<number>()],
] as const) {
  test(`${name}: a receiver can be iterated over until the end`, async () => {
    const [tx, rx] = make();
    const send = co(function* () {
      yield* tx.send(1) ?? nothing();
      yield* tx.send(2) ?? nothing();
      tx.close();
    });
    spawn(send());
    const values: number[] = [];
    for await (const value of rx) values.push(value);
    expect(values).toEqual([1, 2]);
  });
}

/** What a `send` that has nothing to wait for is in a coroutine. */
const nothing = co(function* () {});

for (const [name, make] of [
  ["async_send_recv_with_buffer", () => mpsc<number>(16)],
  ["async_send_recv_unbounded", () => unboundedMpsc<number>()],
] as const) {
  test(`${name}: a task receives what another one sends, and then the end`, async () => {
    const main = co(function* () {
      const [tx, rx] = make();
      const send = co(function* () {
        yield* tx.send(1) ?? nothing();
        yield* tx.send(2) ?? nothing();
        tx.close();
      });
      spawn(send());
      expect([yield* rx.recv(), yield* rx.recv()]).toEqual([1, 2]);
      yield* rx.recv();
    });
    await expect(run(main())).rejects.toThrow(ClosedError);
  });
}

test("async_send_recv_many_with_buffer: recvMany gives what is there, up to its limit, and 0 at the end", async () => {
  const main = co(function* () {
    const [tx, rx] = mpsc<number>(2);
    const buffer: number[] = [];
    expect(yield* rx.recvMany(buffer, 0)).toBe(0);
    const send = co(function* () {
      for (const value of [1, 2, 7, 0]) yield* tx.send(value);
      tx.close();
    });
    const sending = spawn(send());
    let count = 0;
    while (count < 4) {
      count += yield* rx.recvMany(buffer, 3);
      expect(buffer.length).toBe(count);
    }
    expect(buffer).toEqual([1, 2, 7, 0]);
    yield* sending;
    expect(yield* rx.recvMany(buffer, 3)).toBe(0);
  });
  await run(main());
});

test("start_send_past_cap: a reservation that is given up hands its turn to the next, and is not woken", () => {
  const [tx1, rx] = mpsc<void>(1);
  const tx2 = tx1.clone();
  tx1.trySend();
  const r1 = tx1.reserve();
  const cx1 = pending(r1);
  const r2 = tx2.reserve();
  const cx2 = pending(r2);
  r1.cancel(new TestContext());
  ready(rx.recv());
  expect([cx1.wakes, cx2.wakes]).toEqual([0, 1]);
  r2.cancel(new TestContext());
  tx1.close();
  tx2.close();
  expect(() => ready(rx.recv())).toThrow(ClosedError);
});

test("buffer_gteq_one: a channel without a place cannot be made", () => {
  expect(() => mpsc(0)).toThrow(RangeError);
});

test("send_recv_unbounded: an unbounded channel gives all values, and then the end", () => {
  const [tx, rx] = unboundedMpsc<number>();
  tx.send(1);
  tx.send(2);
  expect([ready(rx.recv()), ready(rx.recv())]).toEqual([1, 2]);
  tx.close();
  expect(() => ready(rx.recv())).toThrow(ClosedError);
});

test("send_recv_many_unbounded: recvMany gives values one at a time or all at once, as it is asked", () => {
  const [tx, rx] = unboundedMpsc<number>();
  const buffer: number[] = [];
  expect(ready(rx.recvMany(buffer, 0))).toBe(0);
  for (const value of [7, 13, 100, 1002]) tx.send(value);
  expect(ready(rx.recvMany(buffer, 0))).toBe(0);
  for (let i = 0; i < 4; i++) expect(ready(rx.recvMany(buffer, 1))).toBe(1);
  expect(buffer).toEqual([7, 13, 100, 1002]);
  buffer.length = 0;
  for (const value of [5, 6, 7, 2]) tx.send(value);
  expect(ready(rx.recvMany(buffer, 32))).toBe(4);
  expect(buffer).toEqual([5, 6, 7, 2]);
  tx.close();
  expect(ready(rx.recvMany(buffer, 4))).toBe(0);
  expect(() => ready(rx.recv())).toThrow(ClosedError);
});

for (const [name, make] of [
  ["send_recv_many_bounded_capacity", () => mpsc<string>(100)],
  ["send_recv_many_unbounded_capacity", () => unboundedMpsc<string>()],
] as const) {
  test(`${name}: recvMany stops at its limit, and waits while a sender is open`, async () => {
    const main = co(function* () {
      const [tx, rx] = make();
      const expected = range(9).map(String);
      for (const value of [...expected, "one more"]) yield* tx.send(value) ?? nothing();
      const buffer: string[] = [];
      expect(yield* rx.recvMany(buffer, 9)).toBe(9);
      expect(buffer).toEqual(expected);
      expect(yield* rx.recvMany(buffer, 9)).toBe(1);
      const send = co(function* () {
        yield* tx.send("final") ?? nothing();
        tx.close();
      });
      spawn(send());
      expect(yield* rx.recvMany(buffer, 9)).toBe(1);
      expect(yield* rx.recvMany(buffer, 9)).toBe(0);
      expect(buffer).toEqual([...expected, "one more", "final"]);
    });
    await run(main());
  });
}

for (const [name, make] of [
  ["recv_many_with_non_empty_buffer_bounded_rx_closed_and_idle", () => mpsc<number>(1)],
  ["recv_many_with_non_empty_buffer_unbounded_rx_closed_and_idle", () => unboundedMpsc<number>()],
] as const) {
  test(`${name}: recvMany counts what it adds, not what was there`, () => {
    const [, rx] = make();
    const buffer = [1];
    rx.close();
    expect(ready(rx.recvMany(buffer, 1))).toBe(0);
    expect(buffer).toEqual([1]);
  });
}

test("send_recv_buffer_limited: with one place the next reservation waits until the value was received", () => {
  const [tx, rx] = mpsc<number>(1);
  ready(tx.reserve()).send(1);
  const reserve = tx.reserve();
  const cx = pending(reserve);
  ready(rx.recv());
  expect(cx.wakes).toBe(1);
  expect(() => tx.trySend(1337)).toThrow(FullError);
  ready(reserve).send(2);
  expect(ready(rx.recv())).toBe(2);
});

test("recv_close_gets_none_idle: a closed receiver with nothing to come is at its end, and refuses sends", () => {
  const [tx, rx] = mpsc<number>(10);
  rx.close();
  expect(() => ready(rx.recv())).toThrow(ClosedError);
  expect(() => ready(tx.send(1))).toThrow(ClosedError);
});

test("recv_close_gets_none_reserved: a closed receiver waits for the permits that are out", () => {
  const [tx, rx] = mpsc<number>(1);
  const permit = ready(tx.reserve());
  const refused = tx.clone().reserve();
  const refusedCx = pending(refused);
  rx.close();
  expect(refusedCx.wakes).toBe(1);
  expect(() => ready(refused)).toThrow(ClosedError);
  const recv = rx.recv();
  const cx = pending(recv);
  permit.send(123);
  expect(cx.wakes).toBe(1);
  expect(ready(recv)).toBe(123);
  expect(() => ready(rx.recv())).toThrow(ClosedError);
});

for (const end of ["failed", "cancelled"] as const) {
  const finish = (future: Future<unknown>): void => {
    if (end === "failed") expect(() => ready(future)).toThrow(ClosedError);
    else future.cancel(new TestContext());
  };

  test(`${end}_reserve_many_wakes_closed_receiver: the end comes when a reservation gives back what it had got`, () => {
    const [tx, rx] = mpsc<void>(2);
    const permit = tx.tryReserve();
    const reserve = tx.reserveMany(2);
    pending(reserve);
    rx.close();
    const recv = rx.recv();
    const cx = pending(recv);
    permit.release();
    expect(cx.wakes).toBe(0);
    finish(reserve);
    expect(cx.wakes).toBe(1);
    expect(() => ready(recv)).toThrow(ClosedError);
  });

  test(`${end}_reserve_wakes_closed_receiver: also when it had got all that it wanted`, () => {
    const [tx, rx] = mpsc<void>(1);
    const permit = tx.tryReserve();
    const reserve = tx.reserve();
    const reserveCx = pending(reserve);
    permit.release();
    expect(reserveCx.wakes).toBe(1);
    rx.close();
    const recv = rx.recv();
    const cx = pending(recv);
    finish(reserve);
    expect(cx.wakes).toBe(1);
    expect(() => ready(recv)).toThrow(ClosedError);
  });
}

test("tx_close_gets_none: without a sender there is nothing but the end", () => {
  const [tx, rx] = mpsc<number>(10);
  tx.close();
  expect(() => ready(rx.recv())).toThrow(ClosedError);
});

test("try_send_fail: trySend refuses in a full channel, and sends again after a recv", () => {
  const [tx, rx] = mpsc<string>(1);
  tx.trySend("hello");
  expect(() => tx.trySend("fail")).toThrow(FullError);
  expect(ready(rx.recv())).toBe("hello");
  tx.trySend("goodbye");
  tx.close();
  expect(drained(rx)).toEqual(["goodbye"]);
});

test("try_send_fail_with_try_recv: or after a tryRecv", () => {
  const [tx, rx] = mpsc<string>(1);
  tx.trySend("hello");
  expect(() => tx.trySend("fail")).toThrow(FullError);
  expect(rx.tryRecv()).toBe("hello");
  tx.trySend("goodbye");
  tx.close();
  expect(rx.tryRecv()).toBe("goodbye");
  expect(() => rx.tryRecv()).toThrow(ClosedError);
});

test("reserve_many_above_cap: more places than there are cannot be reserved", () => {
  const [tx] = mpsc<void>(1);
  for (const count of [2, 2 ** 30, Number.MAX_SAFE_INTEGER])
    expect(() => tx.reserveMany(count)).toThrow(RangeError);
});

test("try_reserve_many_zero: no places are had at once while the channel is open, full or not", () => {
  const [tx, rx] = mpsc<void>(1);
  expect([...tx.tryReserveMany(0)]).toEqual([]);
  tx.trySend();
  expect([...tx.tryReserveMany(0)]).toEqual([]);
  rx[Symbol.dispose]();
  expect(() => tx.tryReserveMany(0)).toThrow(ClosedError);
});

test("reserve_many_zero: the same of the form that waits", () => {
  const [tx, rx] = mpsc<void>(1);
  expect([...ready(tx.reserveMany(0))]).toEqual([]);
  ready(tx.send());
  expect([...ready(tx.reserveMany(0))]).toEqual([]);
  rx[Symbol.dispose]();
  expect(() => ready(tx.reserveMany(0))).toThrow(ClosedError);
});

test("try_reserve_many_edge_cases: counts at the edges", () => {
  const [tx, rx] = mpsc<void>(1);
  expect([...tx.tryReserveMany(0)]).toEqual([]);
  for (const count of [2 ** 30, Number.MAX_SAFE_INTEGER])
    expect(() => tx.tryReserveMany(count)).toThrow(RangeError);
  rx[Symbol.dispose]();
  expect(() => ready(tx.reserveMany(0))).toThrow(ClosedError);
});

test("try_reserve_fails: tryReserve refuses in a full channel; a released permit makes place again", () => {
  const [tx, rx] = mpsc<string>(1);
  const permit = tx.tryReserve();
  expect(() => tx.tryReserve()).toThrow(FullError);
  permit.send("foo");
  expect(ready(rx.recv())).toBe("foo");
  tx.tryReserve().release();
  tx.tryReserve();
});

for (const [name, reserve] of [
  ["reserve_many_and_send", "reserveMany"],
  ["try_reserve_many_and_send", "tryReserveMany"],
] as const) {
  test(`${name}: each of the permits sends one value`, () => {
    const [tx, rx] = mpsc<string>(100);
    for (let i = 0; i < 100; i++) {
      const permits = reserve === "reserveMany" ? ready(tx.reserveMany(i)) : tx.tryReserveMany(i);
      let count = 0;
      for (const permit of permits) {
        permit.send("foo");
        expect(ready(rx.recv())).toBe("foo");
        count++;
      }
      expect(count).toBe(i);
      expect(() => rx.tryRecv()).toThrow(WouldBlockError);
    }
  });
}

test("reserve_many_on_closed_channel: nothing can be reserved when the receiver is gone", () => {
  const [tx, rx] = mpsc<void>(100);
  rx[Symbol.dispose]();
  expect(() => ready(tx.reserveMany(10))).toThrow(ClosedError);
});

test("try_reserve_many_on_closed_channel: which is told from a full channel", () => {
  const [tx, rx] = mpsc<number>(100);
  rx[Symbol.dispose]();
  expect(() => tx.tryReserveMany(10)).toThrow(ClosedError);
});

test("try_reserve_many_full: of n places, those used stay taken until they are received, the others are free", () => {
  for (let n = 1; n < 40; n++) {
    for (let k = 0; k < n; k++) {
      const [tx, rx] = mpsc<number>(n);
      const permits = tx.tryReserveMany(n);
      expect([permits.remaining, tx.capacity]).toEqual([n, 0]);
      expect(() => tx.tryReserveMany(1)).toThrow(FullError);
      for (let i = 0; i < k; i++) permits.send(0);
      permits.release();
      expect(tx.capacity).toBe(n - k);
      tx.tryReserveMany(1).release();
      if (k > 0) expect(() => tx.tryReserveMany(n - k + 1)).toThrow(FullError);
      for (let i = 0; i < k; i++) expect(ready(rx.recv())).toBe(0);
      expect(tx.capacity).toBe(n);
    }
  }
});

test("drop_permit_releases_permit: a released permit serves who waits", () => {
  const [tx] = mpsc<number>(1);
  const permit = ready(tx.reserve());
  const reserve = tx.clone().reserve();
  const cx = pending(reserve);
  permit[Symbol.dispose]();
  expect(cx.wakes).toBe(1);
  ready(reserve);
});

test("drop_permit_iterator_releases_permits: so do many that are released together", () => {
  for (let n = 1; n < 100; n++) {
    const [tx] = mpsc<number>(n);
    const permits = ready(tx.reserveMany(n));
    const reserve = tx.clone().reserveMany(n);
    const cx = pending(reserve);
    permits[Symbol.dispose]();
    expect(cx.wakes).toBe(1);
    ready(reserve)[Symbol.dispose]();
    expect(tx.capacity).toBe(n);
  }
});

// A permit owns its place here, whoever has reserved it: upstream's borrowed and owned ones are one kind.
for (const [name, reserve, end] of [
  ["dropping_last_permit_wakes_closed_receiver", "tryReserve", "dispose"],
  ["dropping_last_owned_permit_wakes_closed_receiver", "tryReserve", "close sender, dispose"],
  ["dropping_last_permit_iterator_wakes_closed_receiver", "tryReserveMany", "dispose"],
  ["sending_last_permit_wakes_closed_receiver", "tryReserve", "send"],
  ["sending_last_owned_permit_wakes_closed_receiver", "tryReserve", "close sender, send"],
  ["releasing_last_owned_permit_wakes_closed_receiver", "tryReserve", "release"],
] as const) {
  test(`${name}: a closed receiver is woken when the last permit ends by: ${end}`, () => {
    const [tx, rx] = mpsc<void>(100);
    const permit = reserve === "tryReserve" ? tx.tryReserve() : tx.tryReserveMany(1);
    if (end.startsWith("close sender")) tx.close();
    rx.close();
    const recv = rx.recv();
    const cx = pending(recv);
    if (end.endsWith("send")) permit.send();
    else if (end === "release") permit.release();
    else permit[Symbol.dispose]();
    expect(cx.wakes).toBe(1);
    if (end.endsWith("send")) ready(recv);
    else expect(() => ready(recv)).toThrow(ClosedError);
  });
}

test("dropping_rx_closes_channel: what was sent is released with the receiver, and nothing can be reserved", () => {
  const [tx, rx] = mpsc<Resource>(100);
  const message = new Resource();
  tx.trySend(message);
  rx[Symbol.dispose]();
  expect(() => ready(tx.reserve())).toThrow(ClosedError);
  expect(() => ready(tx.reserveMany(10))).toThrow(ClosedError);
  expect(message.disposals).toBe(1);
});

test("dropping_rx_closes_channel_for_try: the forms that do not wait say so, too", () => {
  const [tx, rx] = mpsc<Resource>(100);
  const message = new Resource();
  tx.trySend(message);
  rx[Symbol.dispose]();
  expect(() => tx.trySend(new Resource())).toThrow(ClosedError);
  expect(() => tx.tryReserve()).toThrow(ClosedError);
  expect(() => tx.tryReserveMany(1)).toThrow(ClosedError);
  expect(message.disposals).toBe(1);
});

test("unconsumed_messages_are_dropped: what is left in the channel is released with it", () => {
  const [tx, rx] = mpsc<Resource>(100);
  const message = new Resource();
  tx.trySend(message);
  expect(message.disposals).toBe(0);
  tx.close();
  rx[Symbol.dispose]();
  expect(message.disposals).toBe(1);
});

test("ready_close_cancel_bounded: a closed receiver comes to its end when the last permit is released", () => {
  const [tx, rx] = mpsc<void>(100);
  tx.clone();
  const permit = ready(tx.reserve());
  rx.close();
  const recv = rx.recv();
  const cx = pending(recv);
  permit.release();
  expect(cx.wakes).toBe(1);
  expect(() => ready(recv)).toThrow(ClosedError);
});

test("permit_available_not_acquired_close: a reservation that was refused and given up does not hold up the end", () => {
  const [tx, rx] = mpsc<void>(1);
  const permit = ready(tx.reserve());
  const reserve = tx.clone().reserve();
  const cx = pending(reserve);
  rx.close();
  permit.release();
  expect(cx.wakes).toBe(1);
  reserve.cancel(new TestContext());
  expect(() => ready(rx.recv())).toThrow(ClosedError);
});

test("try_recv_bounded: trySend and tryRecv fill and drain the places round and round", () => {
  const [tx, rx] = mpsc<string>(5);
  const send = (count: number): void => range(count).forEach(() => void tx.trySend("hello"));
  const receive = (count: number): void =>
    range(count).forEach(() => void expect(rx.tryRecv()).toBe("hello"));
  send(5);
  expect(() => tx.trySend("hello")).toThrow(FullError);
  receive(5);
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
  send(4);
  receive(1);
  send(2);
  expect(() => tx.trySend("hello")).toThrow(FullError);
  receive(5);
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
  send(3);
  tx.close();
  receive(3);
  expect(() => rx.tryRecv()).toThrow(ClosedError);
});

test("try_recv_unbounded: tryRecv gives any number of values, then nothing yet, then the end", () => {
  for (let count = 0; count < 100; count++) {
    const [tx, rx] = unboundedMpsc<number>();
    for (const i of range(count)) tx.send(i);
    for (const i of range(count)) expect(rx.tryRecv()).toBe(i);
    expect(() => rx.tryRecv()).toThrow(WouldBlockError);
    tx.close();
    expect(() => rx.tryRecv()).toThrow(ClosedError);
  }
});

test("try_recv_after_receiver_close: tryRecv says closed when the receiver is", () => {
  const [, rx] = mpsc<void>(5);
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
  rx.close();
  expect(() => rx.tryRecv()).toThrow(ClosedError);
});

test("try_recv_after_receiver_close_with_permit: but nothing yet while a permit is out", () => {
  const [tx, rx] = mpsc<void>(5);
  const permit = tx.tryReserve();
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
  rx.close();
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
  permit.release();
  expect(() => rx.tryRecv()).toThrow(ClosedError);
});

for (const [name, make] of [
  ["try_recv_close_while_empty_bounded", () => mpsc<void>(5)],
  ["try_recv_close_while_empty_unbounded", () => unboundedMpsc<void>()],
] as const) {
  test(`${name}: tryRecv says closed when the last sender is`, () => {
    const [tx, rx] = make();
    expect(() => rx.tryRecv()).toThrow(WouldBlockError);
    tx.close();
    expect(() => rx.tryRecv()).toThrow(ClosedError);
  });
}

test("recv_timeout: a send in a full channel can be given up after a time, and has then not sent", async () => {
  const main = co(function* () {
    const [tx, rx] = mpsc<number>(5);
    for (const value of [10, 20, 30, 40, 50]) yield* timeout(1000, tx.send(value));
    try {
      yield* timeout(1000, tx.send(60));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TimeoutError);
    }
    expect(rx.len).toBe(5);
    rx[Symbol.dispose]();
    yield* timeout(1000, tx.send(70));
  });
  await expect(new Runtime({ clock: "paused" }).run(main())).rejects.toThrow(ClosedError);
});

test("recv_timeout_panic: which needs a clock", () => {
  const [tx] = mpsc<number>(1);
  tx.trySend(0);
  expect(() => ready(timeout(1000, tx.send(10)))).toThrow(NoRuntimeError);
});

test("test_tx_capacity: permits and values take places, and the most there are stays the same", () => {
  const [tx] = mpsc<void>(10);
  expect([tx.capacity, tx.maxCapacity]).toEqual([10, 10]);
  ready(tx.reserve());
  expect([tx.capacity, tx.maxCapacity]).toEqual([9, 10]);
  ready(tx.send());
  expect([tx.capacity, tx.maxCapacity]).toEqual([8, 10]);
});

test("test_rx_is_not_closed_when_there_are_senders_and_buffer_filled: a full channel is not closed", () => {
  const [tx, rx] = mpsc<number>(10);
  for (const i of range(10)) tx.trySend(i);
  expect(rx.isClosed).toBe(false);
});

test("test_rx_is_not_closed_when_there_are_permits_but_not_senders: nor is one with permits out", () => {
  const [tx, rx] = mpsc<void>(10);
  ready(tx.reserve());
  tx.close();
  expect(rx.isClosed).toBe(false);
});

test("test_rx_is_not_empty_when_the_buffer_is_full: a full channel is not empty", () => {
  const [tx, rx] = mpsc<number>(10);
  for (const i of range(10)) tx.trySend(i);
  expect(rx.isEmpty).toBe(false);
});

for (const [prefix, make] of [
  ["test_rx", () => mpsc<number>(100)],
  ["test_rx_unbounded", () => unboundedMpsc<number>()],
] as const) {
  /** A channel with so many values in it. */
  const filled = (count: number) => {
    const [tx, rx] = make();
    for (const i of range(count)) {
      const send = tx.send(i);
      if (send !== undefined) ready(send);
      expect(rx.len).toBe(i + 1);
    }
    return [tx, rx] as const;
  };

  test(`${prefix}_is_closed_when_calling_close_with_sender: closed by its own hand`, () => {
    const [, rx] = make();
    rx.close();
    expect(rx.isClosed).toBe(true);
  });

  test(`${prefix}_is_closed_when_dropping_all_senders: closed by the last of the senders`, async () => {
    const [tx, rx] = make();
    const another = tx.clone();
    const main = co(function* () {
      const close = co(function* () {
        another.close();
      });
      const closing = spawn(close());
      tx.close();
      yield* closing;
    });
    await run(main());
    expect(rx.isClosed).toBe(true);
  });

  test(`${prefix}_is_not_closed_when_there_are_senders: open while there are senders`, () => {
    expect(make()[1].isClosed).toBe(false);
  });

  test(`${prefix}_is_closed_when_there_are_no_senders_and_there_are_messages: closed with values in it`, () => {
    const [tx, rx] = filled(10);
    tx.close();
    expect(rx.isClosed).toBe(true);
  });

  test(`${prefix}_is_closed_when_there_are_messages_and_close_is_called: by its own hand, too`, () => {
    const [, rx] = filled(10);
    rx.close();
    expect(rx.isClosed).toBe(true);
  });

  test(`${prefix}_is_empty_when_no_messages_were_sent: empty at first`, () => {
    expect(make()[1].isEmpty).toBe(true);
  });

  test(`${prefix}_is_not_empty_when_there_are_messages_in_the_buffer: not with values in it`, () => {
    expect(filled(1)[1].isEmpty).toBe(false);
  });

  test(`${prefix}_is_not_empty_when_all_but_one_messages_are_consumed: nor with one left`, () => {
    const [, rx] = filled(10);
    for (let i = 0; i < 9; i++) ready(rx.recv());
    expect(rx.isEmpty).toBe(false);
  });

  test(`${prefix}_is_empty_when_all_messages_are_consumed: empty again after the last`, () => {
    const [, rx] = filled(10);
    for (let i = 0; i < 10; i++) rx.tryRecv();
    expect(rx.isEmpty).toBe(true);
  });

  test(`${prefix}_is_empty_all_senders_are_dropped_and_messages_consumed: without senders, too`, () => {
    const [tx, rx] = filled(10);
    tx.close();
    for (let i = 0; i < 10; i++) ready(rx.recv());
    expect(rx.isEmpty).toBe(true);
  });

  test(`${prefix}_len_on_empty_channel: no values at first`, () => {
    expect(make()[1].len).toBe(0);
  });

  test(`${prefix}_len_on_empty_channel_without_senders: the end is no value`, () => {
    const [tx, rx] = make();
    tx.close();
    expect(rx.len).toBe(0);
  });

  const many = prefix === "test_rx" ? "on_filled_channel" : "with_multiple_messages";
  test(`${prefix}_len_${many}: each value counts`, () => {
    expect(filled(100)[1].len).toBe(100);
  });

  const left =
    prefix === "test_rx" ? "on_filled_channel_without_senders" : "with_multiple_messages_and_dropped_senders";
  test(`${prefix}_len_${left}: without senders, too`, () => {
    const [tx, rx] = filled(100);
    tx.close();
    expect(rx.len).toBe(100);
  });

  test(`${prefix}_len_when_consuming_all_messages: until it is received`, () => {
    const [tx, rx] = filled(100);
    tx.close();
    for (let left = 99; left >= 0; left--) {
      ready(rx.recv());
      expect(rx.len).toBe(left);
    }
  });

  test(`${prefix}_len_when_close_is_called: closing leaves what is there`, () => {
    const [, rx] = filled(1);
    rx.close();
    expect(rx.len).toBe(1);
  });

  test(`${prefix}_len_when_close_is_called_before_dropping_sender: from both sides`, () => {
    const [tx, rx] = filled(1);
    rx.close();
    tx.close();
    expect(rx.len).toBe(1);
  });

  test(`${prefix}_len_when_close_is_called_after_dropping_sender: in either order`, () => {
    const [tx, rx] = filled(1);
    tx.close();
    rx.close();
    expect(rx.len).toBe(1);
  });
}

test("test_is_empty_32_msgs: a channel is empty after each of many values", async () => {
  const main = co(function* () {
    const [tx, rx] = mpsc<number>(33);
    for (let value = 1; value < 257; value++) {
      yield* tx.send(value);
      yield* rx.recv();
      expect([rx.isEmpty, rx.len]).toEqual([true, 0]);
    }
  });
  await run(main());
});

test("drop_all_elements_during_panic: a value that fails to be released does not keep the rest from it", () => {
  let released = 0;
  const [tx, rx] = unboundedMpsc<Disposable>();
  const value = (fails: boolean): Disposable => ({
    [Symbol.dispose]() {
      released++;
      if (fails) throw new Error("release");
    },
  });
  tx.send(value(true));
  tx.send(value(false));
  tx.send(value(false));
  expect(() => rx[Symbol.dispose]()).toThrow(CleanupError);
  expect(released).toBe(3);
});

test("release_waker_on_rx_drop: a receiver that is gone keeps no waker", () => {
  const [tx, rx] = mpsc<void>(1);
  const cx = new TestContext();
  rx.pollRecv(cx);
  const { receiving } = tx.channel;
  expect(receiving?.waker).toBe(cx);
  rx[Symbol.dispose]();
  expect([tx.channel.receiving, receiving?.waker]).toEqual([null, null]);
});
