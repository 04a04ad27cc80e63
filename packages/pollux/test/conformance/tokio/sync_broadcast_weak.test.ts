import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { broadcast } from "../../../src/sync/broadcast.ts";

test("weak_sender: a weak sender sends after an upgrade, and does not keep the channel open", async () => {
  const main = co(function* () {
    const [tx, rx] = broadcast<number>(11);
    const clone = tx.clone();
    const weak = clone.downgrade();
    clone.close();
    for (let i = 0; i < 10; i++) tx.send(i);
    const upgraded = weak.upgrade();
    tx.close();
    upgraded?.send(20);
    upgraded?.close();
    const received: number[] = [];
    yield* rx.forEach((value) => {
      received.push(value);
    });
    expect(received).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20]);
    expect(weak.upgrade()).toBe(undefined);
  });
  await run(main());
});

test("downgrade_upgrade_sender_failure: a weak sender cannot be upgraded when no sender is open", () => {
  const [tx] = broadcast<number>(1);
  const weak = tx.downgrade();
  tx.close();
  expect(weak.upgrade()).toBe(undefined);
});

test("downgrade_drop_upgrade: neither when it was made from a clone that is closed", () => {
  const [tx] = broadcast<number>(1);
  const clone = tx.clone();
  const weak = clone.downgrade();
  clone.close();
  tx.close();
  expect(weak.upgrade()).toBe(undefined);
});

test("test_tx_count_weak_sender: weak senders do not count as senders", () => {
  const [tx] = broadcast<number>(1);
  const [first, second] = [tx.downgrade(), tx.downgrade()];
  expect([tx.strongCount, tx.weakCount]).toEqual([1, 2]);
  tx.close();
  expect([first.upgrade(), second.upgrade()]).toEqual([undefined, undefined]);
  expect([first.strongCount, first.weakCount]).toEqual([0, 2]);
});

test("test_rx_is_closed_when_dropping_all_senders_except_weak_senders: a weak sender leaves it closed", () => {
  const [tx, rx] = broadcast<void>(10);
  const clone = tx.clone();
  const weak = clone.downgrade();
  clone.close();
  tx.close();
  expect([weak.strongCount, weak.weakCount]).toEqual([0, 1]);
  expect(rx.isClosed).toBe(true);
});

test("sender_strong_count_when_cloned: a clone counts, on either side", () => {
  const [tx, rx] = broadcast<void>(1);
  const clone = tx.clone();
  expect([tx.strongCount, clone.strongCount, rx.senderStrongCount]).toEqual([2, 2, 2]);
});

test("sender_weak_count_when_downgraded: a weak sender counts, on either side", () => {
  const [tx] = broadcast<void>(1);
  const weak = tx.downgrade();
  expect([tx.weakCount, weak.weakCount]).toEqual([1, 1]);
});

test("sender_strong_count_when_dropped: a sender that is closed counts no more", () => {
  const [tx, rx] = broadcast<void>(1);
  tx.clone().close();
  expect([tx.strongCount, rx.senderStrongCount]).toEqual([1, 1]);
});

test("sender_weak_count_when_dropped: a weak sender that is closed counts no more", () => {
  const [tx, rx] = broadcast<void>(1);
  tx.downgrade().close();
  expect([tx.weakCount, rx.senderWeakCount]).toEqual([0, 0]);
});

test("sender_strong_and_weak_conut: both counts are kept apart", () => {
  const [tx, rx] = broadcast<void>(1);
  const tx2 = tx.clone();
  const [weak, weak2] = [tx.downgrade(), tx2.downgrade()];
  const handles = [tx, tx2, weak, weak2];
  expect(handles.map((handle) => [handle.strongCount, handle.weakCount])).toEqual(handles.map(() => [2, 2]));
  expect([rx.senderStrongCount, rx.senderWeakCount]).toEqual([2, 2]);
  tx2.close();
  weak2.close();
  expect([tx.strongCount, weak.strongCount, rx.senderStrongCount]).toEqual([1, 1, 1]);
  expect([tx.weakCount, weak.weakCount, rx.senderWeakCount]).toEqual([1, 1, 1]);
});
