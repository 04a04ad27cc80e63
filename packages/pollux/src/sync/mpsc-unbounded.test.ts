import { expect, expectTypeOf, test } from "vitest";
import { pending, ready } from "../../test/support/context.ts";
import { ClosedError } from "../core/errors.ts";
import { unboundedMpsc } from "./mpsc.ts";
import type { MpscReceiver } from "./mpsc-receiver.ts";
import type { UnboundedMpscSender, WeakUnboundedMpscSender } from "./mpsc-unbounded.ts";

test("unbounded mpsc: sends at once, however much there is", () => {
  const [tx, rx] = unboundedMpsc<number>();
  expectTypeOf(tx).toEqualTypeOf<UnboundedMpscSender<number>>();
  expectTypeOf(rx).toEqualTypeOf<MpscReceiver<number>>();
  for (let i = 0; i < 100_000; i++) tx.send(i);
  expect(rx.len).toBe(100_000);
  for (let i = 0; i < 100_000; i++) if (rx.tryRecv() !== i) expect.unreachable();
  expect(rx.isEmpty).toBe(true);
});

test("unbounded mpsc: send wakes the receiver", () => {
  const [tx, rx] = unboundedMpsc<number>();
  const recv = rx.recv();
  const cx = pending(recv);
  tx.send(1);
  tx.send(2);
  expect(cx.wakes).toBe(1);
  expect(ready(recv)).toBe(1);
});

test("unbounded mpsc: send throws ClosedError when the receiver is closed, or the sender", () => {
  const [tx, rx] = unboundedMpsc<number>({ name: "log" });
  const clone = tx.clone();
  clone.close();
  expect(() => clone.send(1)).toThrow(new ClosedError('this sender of the mpsc channel "log"'));
  const cx = pending(tx.closed());
  rx.close();
  expect(cx.wakes).toBe(1);
  expect(() => tx.send(1)).toThrow(new ClosedError('the mpsc channel "log"'));
  expect(rx.isEmpty).toBe(true);
});

test("unbounded mpsc: weak senders do not keep the channel open", () => {
  const [tx, rx] = unboundedMpsc<number>();
  const weak = tx.downgrade();
  expectTypeOf(weak).toEqualTypeOf<WeakUnboundedMpscSender<number>>();
  const again = weak.upgrade();
  tx.close();
  again?.send(1);
  again?.close();
  expect(weak.upgrade()).toBe(undefined);
  expect(rx.tryRecv()).toBe(1);
  expect(() => rx.tryRecv()).toThrow(ClosedError);
});
