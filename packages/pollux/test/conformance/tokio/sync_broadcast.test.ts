import { expect, test } from "vitest";
import { select } from "../../../src/combine/select.ts";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError, LaggedError, WouldBlockError } from "../../../src/core/errors.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { type BroadcastReceiver, broadcast } from "../../../src/sync/broadcast.ts";
import type { BroadcastChannel } from "../../../src/sync/broadcast-channel.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { pending, ready, TestContext } from "../../support/context.ts";

const isEmpty = (rx: BroadcastReceiver<unknown>): void =>
  void expect(() => rx.tryRecv()).toThrow(WouldBlockError);

const isLagged = (rx: BroadcastReceiver<unknown>, missed: number): void =>
  void expect(() => rx.tryRecv()).toThrow(new LaggedError(missed));

const isOver = (rx: BroadcastReceiver<unknown>): void => void expect(() => rx.tryRecv()).toThrow(ClosedError);

/** The next so many values. */
const take = <T>(rx: BroadcastReceiver<T>, count: number): T[] =>
  Array.from({ length: count }, () => rx.tryRecv());

test("send_try_recv_bounded: a value is received once", () => {
  const [tx, rx] = broadcast<string>(16);
  isEmpty(rx);
  expect(tx.send("hello")).toBe(1);
  expect(rx.tryRecv()).toBe("hello");
  isEmpty(rx);
});

test("send_two_recv: by each receiver", () => {
  const [tx, rx1] = broadcast<string>(16);
  const rx2 = tx.subscribe();
  isEmpty(rx1);
  isEmpty(rx2);
  expect(tx.send("hello")).toBe(2);
  expect([rx1.tryRecv(), rx2.tryRecv()]).toEqual(["hello", "hello"]);
  isEmpty(rx1);
  isEmpty(rx2);
});

test("send_recv_bounded: a send wakes who waits", () => {
  const [tx, rx] = broadcast<string>(16);
  const recv = rx.recv();
  const cx = pending(recv);
  tx.send("hello");
  expect(cx.wakes).toBe(1);
  expect(ready(recv)).toBe("hello");
});

test("send_two_recv_bounded: and nobody who does not", () => {
  const [tx, rx1] = broadcast<string>(16);
  const rx2 = tx.subscribe();
  const first = [rx1.recv(), rx2.recv()];
  const contexts = first.map((recv) => pending(recv));
  tx.send("hello");
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  expect(first.map((recv) => ready(recv))).toEqual(["hello", "hello"]);
  const [recv1, recv2] = [rx1.recv(), rx2.recv()];
  const cx = pending(recv1);
  tx.send("world");
  expect(cx.wakes).toBe(1);
  expect([ready(recv1), ready(recv2)]).toEqual(["world", "world"]);
});

test("change_tasks: the task that has polled last is woken", () => {
  const [tx, rx] = broadcast<string>(1);
  const recv = rx.recv();
  const [first, second] = [pending(recv), pending(recv)];
  tx.send("hello");
  expect([first.wakes, second.wakes]).toEqual([0, 1]);
});

test("send_slow_rx: a slow receiver gets all that a fast one gets", () => {
  const [tx, rx1] = broadcast<string>(16);
  const rx2 = tx.subscribe();
  const recv2 = rx2.recv();
  const recv1 = rx1.recv();
  const contexts = [pending(recv1), pending(recv2)];
  tx.send("one");
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  tx.send("two");
  expect([ready(recv1), ready(rx1.recv())]).toEqual(["one", "two"]);
  const next = rx1.recv();
  const cx = pending(next);
  tx.send("three");
  expect(cx.wakes).toBe(1);
  expect(ready(next)).toBe("three");
  expect(ready(recv2)).toBe("one");
  expect(take(rx2, 2)).toEqual(["two", "three"]);
});

test("drop_rx_while_values_remain: receivers may go with values left", () => {
  const [tx, rx1] = broadcast<string>(16);
  const rx2 = tx.subscribe();
  tx.send("one");
  tx.send("two");
  rx1.tryRecv();
  rx2.tryRecv();
  rx2.close();
  rx1.close();
  expect(tx.receiverCount).toBe(0);
});

test("lagging_rx: a receiver that is passed misses the values that were written over, and goes on", () => {
  const [tx, rx1] = broadcast<string>(2);
  const rx2 = tx.subscribe();
  tx.send("one");
  tx.send("two");
  expect(rx1.tryRecv()).toBe("one");
  tx.send("three");
  isLagged(rx2, 1);
  expect(rx2.tryRecv()).toBe("two");
  expect(take(rx1, 2)).toEqual(["two", "three"]);
  tx.send("four");
  tx.send("five");
  isLagged(rx2, 1);
  tx.send("six");
  isLagged(rx2, 1);
});

test("send_no_rx: without receivers a value reaches nobody, and later ones do not get it", () => {
  const [tx, gone] = broadcast<string>(16);
  gone.close();
  expect(tx.send("hello")).toBe(0);
  const rx = tx.subscribe();
  expect(tx.send("world")).toBe(1);
  expect(rx.tryRecv()).toBe("world");
});

test("zero_capacity: a channel without capacity cannot be made", () => {
  expect(() => broadcast(0)).toThrow(RangeError);
});

test("capacity_too_big: nor one with too much", () => {
  expect(() => broadcast(Number.MAX_SAFE_INTEGER)).toThrow(RangeError);
});

test("dropping_tx_notifies_rx: the last sender that is closed wakes all who wait, who are at their end", () => {
  const [tx, rx1] = broadcast<void>(16);
  const rx2 = tx.subscribe();
  const tx2 = tx.clone();
  const both = [rx1.recv(), rx2.recv()];
  for (const recv of both) pending(recv);
  tx.close();
  const contexts = both.map((recv) => pending(recv));
  tx2.close();
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  for (const recv of both) expect(() => ready(recv)).toThrow(ClosedError);
});

test("unconsumed_messages_are_dropped: the channel lets go of what nobody can receive any more", () => {
  const [tx, rx] = broadcast<object>(16);
  const message = {};
  tx.send(message);
  // Private: what the channel keeps alive shows there.
  const { values } = (tx as unknown as { channel: BroadcastChannel<object> & { values: unknown[] } }).channel;
  expect(values).toContain(message);
  rx.close();
  expect(values).not.toContain(message);
});

test("single_capacity_recvs: one place is enough for one value", () => {
  const [tx, rx] = broadcast<number>(1);
  tx.send(1);
  expect(rx.tryRecv()).toBe(1);
  isEmpty(rx);
});

test("single_capacity_recvs_after_drop_1: and the sender may be closed then", () => {
  const [tx, rx] = broadcast<number>(1);
  tx.send(1);
  tx.close();
  expect(rx.tryRecv()).toBe(1);
  isOver(rx);
});

test("single_capacity_recvs_after_drop_2: of two the first is missed", () => {
  const [tx, rx] = broadcast<number>(1);
  tx.send(1);
  tx.send(2);
  tx.close();
  isLagged(rx, 1);
  expect(rx.tryRecv()).toBe(2);
  isOver(rx);
});

test("dropping_sender_does_not_overwrite: the end takes no value's place", () => {
  const [tx, rx] = broadcast<number>(2);
  tx.send(1);
  tx.send(2);
  tx.close();
  expect(take(rx, 2)).toEqual([1, 2]);
  isOver(rx);
});

for (const [name, count, missed, end] of [
  ["lagging_receiver_recovers_after_wrap_closed_1", 3, 1, "closed"],
  ["lagging_receiver_recovers_after_wrap_closed_2", 4, 2, "closed"],
  ["lagging_receiver_recovers_after_wrap_open", 3, 1, "open"],
] as const) {
  test(`${name}: after ${count} values in two places ${missed} missed, the channel ${end}`, () => {
    const [tx, rx] = broadcast<number>(2);
    for (let i = 1; i <= count; i++) tx.send(i);
    if (end === "closed") tx.close();
    isLagged(rx, missed);
    expect(take(rx, 2)).toEqual([count - 1, count]);
    if (end === "closed") isOver(rx);
    else isEmpty(rx);
  });
}

test("receiver_len_with_lagged: what was missed counts until it is told", () => {
  const [tx, rx] = broadcast<number>(3);
  for (const value of [10, 20, 30, 40]) tx.send(value);
  expect(rx.len).toBe(4);
  expect(rx.tryRecv()).toBe(10);
  tx.send(50);
  tx.send(60);
  expect(rx.len).toBe(5);
  isLagged(rx, 1);
});

test("resubscribe_points_to_tail: a new receiver gets what is sent from then on, and disturbs no other", () => {
  const [tx, rx] = broadcast<number>(3);
  tx.send(1);
  const again = rx.resubscribe();
  isEmpty(again);
  expect(rx.tryRecv()).toBe(1);
  tx.send(2);
  expect(again.tryRecv()).toBe(2);
  tx.send(3);
  expect(take(rx, 2)).toEqual([2, 3]);
  isEmpty(rx);
  expect(again.tryRecv()).toBe(3);
  isEmpty(again);
});

test("resubscribe_lagged: one made from a receiver that lags does not lag", () => {
  const [tx, rx] = broadcast<number>(1);
  tx.send(1);
  tx.send(2);
  const again = rx.resubscribe();
  isLagged(rx, 1);
  isEmpty(again);
  expect(rx.tryRecv()).toBe(2);
  isEmpty(rx);
  isEmpty(again);
});

test("resubscribe_to_closed_channel: one made from a channel that is over is at its end", () => {
  const [tx, rx] = broadcast<number>(2);
  tx.close();
  isOver(rx.resubscribe());
});

test("sender_len: counts the values that some receiver has still to see, up to the capacity", () => {
  const [tx, rx1] = broadcast<number>(4);
  const rx2 = tx.subscribe();
  expect([tx.len, tx.isEmpty]).toEqual([0, true]);
  for (const value of [1, 2, 3]) tx.send(value);
  expect([tx.len, tx.isEmpty]).toEqual([3, false]);
  take(rx1, 2);
  expect([tx.len, tx.isEmpty]).toEqual([3, false]);
  rx2.tryRecv();
  expect([tx.len, tx.isEmpty]).toEqual([2, false]);
  for (const value of [4, 5, 6]) tx.send(value);
  expect([tx.len, tx.isEmpty]).toEqual([4, false]);
});

test("sender_len_random: whatever is sent and received", () => {
  const [tx, rx1] = broadcast<number>(16);
  const rx2 = tx.subscribe();
  let seed = 42;
  for (let i = 0; i < 1000; i++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const rx = [rx1, rx2][(seed >>> 16) % 4];
    try {
      if (rx === undefined) tx.send(0);
      else rx.tryRecv();
    } catch (error) {
      if (!(error instanceof WouldBlockError || error instanceof LaggedError)) throw error;
    }
    expect(tx.len).toBe(Math.min(Math.max(rx1.len, rx2.len), 16));
  }
});

test("send_in_waker_drop: a waker may send while it is woken", () => {
  const [tx, rx] = broadcast<number>(16);
  class Sends extends TestContext {
    override wake(): void {
      super.wake();
      tx.send(2);
    }
  }
  const recv = rx.recv();
  const cx = pending(recv, new Sends());
  tx.send(1);
  expect(cx.wakes).toBe(1);
  expect([ready(recv, cx), rx.tryRecv()]).toEqual([1, 2]);
});

test("receiver_recv_is_cooperative: a loop that always has something to receive lets others run", async () => {
  const [tx, rx] = broadcast<number>(8);
  const loop = co(function* () {
    for (;;) {
      tx.send(1);
      yield* rx.recv();
    }
  });
  const main = co(function* () {
    return (yield* select({ loop: loop(), turn: yieldNow() }, { biased: true })).key;
  });
  expect(await run(main())).toBe("turn");
});

test("broadcast_sender_closed: closed waits for the last receiver to go", () => {
  const [tx, rx] = broadcast<void>(1);
  const rx2 = tx.subscribe();
  const closed = tx.closed();
  const cx = pending(closed);
  rx.close();
  expect(cx.wakes).toBe(0);
  pending(closed, cx);
  rx2.close();
  expect(cx.wakes).toBe(1);
  ready(closed);
});

test("broadcast_sender_closed_with_extra_subscribe: and waits on if another came before it looked", () => {
  const [tx, rx] = broadcast<void>(1);
  const rx2 = tx.subscribe();
  const closed = tx.closed();
  const cx = pending(closed);
  rx.close();
  pending(closed, cx);
  rx2.close();
  expect(cx.takeWakes()).toBe(1);
  const rx3 = tx.subscribe();
  pending(closed, cx);
  rx3.close();
  expect(cx.takeWakes()).toBe(1);
  ready(closed);
  ready(tx.closed());
  const rx4 = tx.subscribe();
  const again = tx.closed();
  pending(again, cx);
  rx4.close();
  expect(cx.takeWakes()).toBe(1);
  ready(again);
});

test("broadcast_sender_new_must_be_closed: a channel that has no receiver is closed until it gets one", () => {
  const [tx, rx] = broadcast<void>(1);
  rx.close();
  ready(tx.closed());
  tx.subscribe();
  pending(tx.closed());
});

test("slow_receiver_within_capacity_does_not_lag: as long as there is place a slow receiver misses nothing", () => {
  const [tx, slow] = broadcast<number>(2);
  const fast = tx.subscribe();
  tx.send(1);
  tx.send(2);
  for (const rx of [fast, slow]) {
    expect(take(rx, 2)).toEqual([1, 2]);
    isEmpty(rx);
  }
});

test("capacity_overflow_reports_lagged_then_oldest_retained: after a lag comes the oldest that is kept", () => {
  const [tx, rx] = broadcast<number>(2);
  for (const value of [10, 20, 30]) tx.send(value);
  isLagged(rx, 1);
  expect(take(rx, 2)).toEqual([20, 30]);
  isEmpty(rx);
});

test("lagged_count_matches_number_of_overwritten_messages: a lag counts every value that was missed", () => {
  const [tx, rx] = broadcast<number>(4);
  for (let i = 1; i <= 4; i++) tx.send(i);
  expect(rx.tryRecv()).toBe(1);
  for (let i = 5; i <= 8; i++) tx.send(i);
  isLagged(rx, 3);
  expect(take(rx, 4)).toEqual([5, 6, 7, 8]);
  isEmpty(rx);
});

test("lag_uses_power_of_two_buffer_length: the capacity is rounded up to a power of two", () => {
  const [tx, rx] = broadcast<number>(3);
  for (let i = 1; i <= 4; i++) tx.send(i);
  expect(rx.len).toBe(4);
  expect(rx.tryRecv()).toBe(1);
  tx.send(5);
  expect(rx.len).toBe(4);
  tx.send(6);
  expect(rx.len).toBe(5);
  isLagged(rx, 1);
  expect(take(rx, 4)).toEqual([3, 4, 5, 6]);
  isEmpty(rx);
});

test("async_recv_lagged_then_resumes_from_oldest_retained: recv tells a lag as tryRecv does", async () => {
  const [tx, rx] = broadcast<number>(2);
  for (const value of [10, 20, 30]) tx.send(value);
  await expect(run(rx.recv())).rejects.toThrow(new LaggedError(1));
  expect([await run(rx.recv()), await run(rx.recv())]).toEqual([20, 30]);
});

test("lag_catch_up_then_lag_again: a second lag counts from where the receiver was", () => {
  const [tx, rx] = broadcast<number>(2);
  for (const first of [1, 4]) {
    for (let i = first; i < first + 3; i++) tx.send(i);
    isLagged(rx, 1);
    expect(take(rx, 2)).toEqual([first + 1, first + 2]);
    isEmpty(rx);
  }
});

test("lag_is_per_receiver: a fast receiver is not touched by a slow one", () => {
  const [tx, slow] = broadcast<number>(2);
  const fast = tx.subscribe();
  for (const first of [1, 3]) {
    tx.send(first);
    tx.send(first + 1);
    expect(take(fast, 2)).toEqual([first, first + 1]);
  }
  isLagged(slow, 2);
  expect(take(slow, 2)).toEqual([3, 4]);
  isEmpty(slow);
  isEmpty(fast);
});

test("lag_again_before_reading_retained_messages: a lag told moves the receiver, and the next counts from there", () => {
  const [tx, rx] = broadcast<number>(2);
  for (let i = 1; i <= 3; i++) tx.send(i);
  isLagged(rx, 1);
  for (let i = 4; i <= 6; i++) tx.send(i);
  isLagged(rx, 3);
  expect(take(rx, 2)).toEqual([5, 6]);
  isEmpty(rx);
});

test("single_slot_capacity_lag_semantics: with one place each further send is one value missed", () => {
  const [tx, rx] = broadcast<number>(1);
  tx.send(1);
  expect(rx.tryRecv()).toBe(1);
  tx.send(2);
  tx.send(3);
  isLagged(rx, 1);
  expect(rx.tryRecv()).toBe(3);
  isEmpty(rx);
});

test("receiver_len_after_lag_error_advances_cursor: len counts from the new place once a lag was told", () => {
  const [tx, rx] = broadcast<number>(2);
  for (let i = 1; i <= 4; i++) tx.send(i);
  expect(rx.len).toBe(4);
  isLagged(rx, 2);
  expect(rx.len).toBe(2);
  expect([rx.tryRecv(), rx.len, rx.tryRecv(), rx.len]).toEqual([3, 1, 4, 0]);
});
