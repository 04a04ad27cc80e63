import { expect, test } from "vitest";
import type { Waker } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError, PollAfterCompletionError, WouldBlockError } from "../../../src/core/errors.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { type OneshotReceiver, oneshot } from "../../../src/sync/oneshot.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { pending, ready } from "../../support/context.ts";

/** The waker that a receiver keeps. Private; that none is kept for longer than needed shows there. */
const wakerOf = (rx: OneshotReceiver<number>): Waker | null =>
  (rx as unknown as { waker: Waker | null }).waker;

test("send_recv: a send wakes the receiver, which then has the value", () => {
  const [tx, rx] = oneshot<number>();
  const cx = pending(rx);
  expect(tx.send(1)).toBe(true);
  expect(cx.wakes).toBe(1);
  expect(ready(rx)).toBe(1);
});

test("async_send_recv: a value that was sent before is received at once", async () => {
  const [tx, rx] = oneshot<number>();
  tx.send(1);
  expect(await run(rx)).toBe(1);
});

test("close_tx: a sender that goes without sending wakes the receiver, which fails", () => {
  const [tx, rx] = oneshot<number>();
  const cx = pending(rx);
  tx.close();
  expect(cx.wakes).toBe(1);
  expect(() => ready(rx)).toThrow(ClosedError);
});

test("close_rx: nothing is taken when the receiver is gone, and closed tells of it", () => {
  const [first, gone] = oneshot<number>();
  gone[Symbol.dispose]();
  expect(first.send(1)).toBe(false);
  const [tx, rx] = oneshot<number>();
  const closed = tx.closed();
  const cx = pending(closed);
  rx[Symbol.dispose]();
  expect(cx.wakes).toBe(1);
  expect(tx.isClosed).toBe(true);
  ready(closed);
  expect(tx.send(1)).toBe(false);
});

test("async_rx_closed: a task that disposes of the receiver ends closed", async () => {
  const main = co(function* () {
    const [tx, rx] = oneshot<void>();
    const drop = co(function* () {
      rx[Symbol.dispose]();
    });
    spawn(drop());
    yield* tx.closed();
  });
  await run(main());
});

test("explicit_close_poll: close keeps a value that was sent, and refuses one that was not", () => {
  const [tx, rx] = oneshot<number>();
  tx.send(1);
  rx.close();
  expect(ready(rx)).toBe(1);
  for (const send of [true, false]) {
    const [tx2, rx2] = oneshot<number>();
    const closed = tx2.closed();
    const cx = pending(closed);
    rx2.close();
    expect(cx.wakes).toBe(1);
    expect(tx2.isClosed).toBe(true);
    ready(closed);
    if (send) expect(tx2.send(1)).toBe(false);
    expect(() => ready(rx2)).toThrow(ClosedError);
  }
});

test("explicit_close_try_recv: the same holds for tryRecv", () => {
  const [tx, rx] = oneshot<number>();
  tx.send(1);
  rx.close();
  expect(rx.tryRecv()).toBe(1);
  const [tx2, rx2] = oneshot<number>();
  const closed = tx2.closed();
  const cx = pending(closed);
  rx2.close();
  expect(cx.wakes).toBe(1);
  ready(closed);
  expect(() => rx2.tryRecv()).toThrow(ClosedError);
});

test("close_try_recv_poll: a poll after tryRecv has told the end is an error", () => {
  const [, rx] = oneshot<number>();
  rx.close();
  expect(() => rx.tryRecv()).toThrow(ClosedError);
  expect(() => ready(rx)).toThrow(PollAfterCompletionError);
});

test("close_after_recv: closing a receiver that has its value is harmless", () => {
  const [tx, rx] = oneshot<number>();
  tx.send(17);
  expect(rx.tryRecv()).toBe(17);
  rx.close();
});

test("try_recv_after_completion: after the value tryRecv says closed", () => {
  const [tx, rx] = oneshot<number>();
  tx.send(17);
  expect(rx.tryRecv()).toBe(17);
  expect(() => rx.tryRecv()).toThrow(ClosedError);
  rx.close();
});

test("try_recv_after_completion_await: also when a poll has given it", () => {
  const [tx, rx] = oneshot<number>();
  tx.send(17);
  expect(ready(rx)).toBe(17);
  expect(() => rx.tryRecv()).toThrow(ClosedError);
  rx.close();
});

test("drops_tasks: two sides that are gone hold no task", () => {
  const [tx, rx] = oneshot<number>();
  const closed = tx.closed();
  pending(closed);
  pending(rx);
  expect(wakerOf(rx)).not.toBe(null);
  tx.close();
  rx[Symbol.dispose]();
  expect(wakerOf(rx)).toBe(null);
  expect(rx.desertionWaiters).toBe(null);
});

test("receiver_changes_task: a receiver polled by another task wakes that one alone", () => {
  const [tx, rx] = oneshot<number>();
  const [first, second] = [pending(rx), pending(rx)];
  expect(wakerOf(rx)).toBe(second);
  tx.send(1);
  expect([first.wakes, second.wakes]).toEqual([0, 1]);
  expect(ready(rx)).toBe(1);
});

test("sender_changes_task: a closed polled by another task wakes that one alone", () => {
  const [tx, rx] = oneshot<number>();
  const closed = tx.closed();
  const [first, second] = [pending(closed), pending(closed)];
  rx[Symbol.dispose]();
  expect([first.wakes, second.wakes]).toEqual([0, 1]);
  ready(closed);
});

test("receiver_is_terminated_send: a receiver is terminated once a poll has given the value", () => {
  const [tx, rx] = oneshot<number>();
  expect(rx.isTerminated).toBe(false);
  tx.send(17);
  expect(rx.isTerminated).toBe(false);
  expect(ready(rx)).toBe(17);
  expect(rx.isTerminated).toBe(true);
});

test("receiver_is_terminated_try_recv: or tryRecv has", () => {
  const [tx, rx] = oneshot<number>();
  expect(rx.isTerminated).toBe(false);
  tx.send(17);
  expect(rx.isTerminated).toBe(false);
  expect(rx.tryRecv()).toBe(17);
  expect(rx.isTerminated).toBe(true);
});

test("receiver_is_terminated_drop: or a poll has told that the sender is gone", () => {
  const [tx, rx] = oneshot<number>();
  tx.close();
  expect(rx.isTerminated).toBe(false);
  expect(() => ready(rx)).toThrow(ClosedError);
  expect(rx.isTerminated).toBe(true);
});

test("receiver_is_terminated_rx_close: or that the receiver is closed", () => {
  const [, rx] = oneshot<number>();
  expect(rx.isTerminated).toBe(false);
  rx.close();
  expect(rx.isTerminated).toBe(false);
  expect(() => ready(rx)).toThrow(ClosedError);
  expect(rx.isTerminated).toBe(true);
});

test("receiver_is_empty_send: a channel is empty before the send and after the poll that gives the value", () => {
  const [tx, rx] = oneshot<number>();
  expect(rx.isEmpty).toBe(true);
  tx.send(17);
  expect(rx.isEmpty).toBe(false);
  ready(rx);
  expect(rx.isEmpty).toBe(true);
});

test("receiver_is_empty_try_recv: or after the tryRecv that does", () => {
  const [tx, rx] = oneshot<number>();
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
  expect(rx.isEmpty).toBe(true);
  tx.send(17);
  expect(rx.isEmpty).toBe(false);
  rx.tryRecv();
  expect(rx.isEmpty).toBe(true);
});

test("receiver_is_empty_drop: without a sender it stays empty", () => {
  const [tx, rx] = oneshot<number>();
  tx.close();
  expect(rx.isEmpty).toBe(true);
  expect(() => ready(rx)).toThrow(ClosedError);
  expect(rx.isEmpty).toBe(true);
});

test("receiver_is_empty_rx_close: closed, too", () => {
  const [, rx] = oneshot<number>();
  expect(rx.isEmpty).toBe(true);
  rx.close();
  expect(rx.isEmpty).toBe(true);
});
