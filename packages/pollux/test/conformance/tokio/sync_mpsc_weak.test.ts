import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError } from "../../../src/core/errors.ts";
import type { Future } from "../../../src/core/future.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { mpsc, unboundedMpsc } from "../../../src/sync/mpsc.ts";
import type { MpscReceiver } from "../../../src/sync/mpsc-receiver.ts";
import { type OneshotSender, oneshot } from "../../../src/sync/oneshot.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { ready } from "../../support/context.ts";
import { Resource } from "../../support/probe.ts";

/** All that is received until the channel ends. */
const collect = co(function* <T>(rx: MpscReceiver<T>) {
  const received: T[] = [];
  yield* rx.forEach((value) => {
    received.push(value);
  });
  return received;
});

test("weak_sender: a weak sender sends after an upgrade, and does not keep the channel open", async () => {
  const main = co(function* () {
    const [tx, rx] = mpsc<number>(11);
    const send = co(function* () {
      const clone = tx.clone();
      const weak = clone.downgrade();
      clone.close();
      for (let i = 0; i < 10; i++) yield* tx.send(i);
      tx.close();
      return weak;
    });
    // Upgraded while another sender is open: then that is closed.
    const keep = tx.clone();
    const weak = yield* spawn(send());
    const upgraded = weak.upgrade();
    keep.close();
    yield* upgraded?.send(20) as Future<void>;
    upgraded?.close();
    expect(yield* collect(rx)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20]);
    expect(weak.upgrade()).toBe(undefined);
  });
  await run(main());
});

type Message = { kind: "id"; reply: OneshotSender<number> } | { kind: "self" };

test("actor_weak_sender: an actor that can send to itself ends when its last handle is closed", async () => {
  const main = co(function* () {
    const [tx, rx] = mpsc<Message>(8);
    const weak = tx.downgrade();
    const actor = co(function* () {
      let ids = 0;
      let toSelf = 0;
      yield* rx.forEach(function* (message) {
        if (message.kind === "self") toSelf++;
        else message.reply.send(++ids);
        const self = ids + toSelf === 1 ? weak.upgrade() : undefined;
        if (self === undefined) return;
        yield* self.send({ kind: "self" });
        self.close();
      });
      return toSelf;
    });
    const running = spawn(actor());
    const [reply, answer] = oneshot<number>();
    yield* tx.send({ kind: "id", reply });
    expect(yield* answer).toBe(1);
    tx.close();
    return yield* running;
  });
  expect(await run(main())).toBe(1);
});

test("test_msgs_dropped_on_rx_drop: messages are released when the receiver goes, and none is added after", async () => {
  const messages = Array.from({ length: 4 }, () => new Resource());
  const main = co(function* () {
    const [tx, rx] = mpsc<Resource>(3);
    const [first, second, third, late] = messages as [Resource, Resource, Resource, Resource];
    yield* tx.send(first);
    yield* tx.send(second);
    const sending = tx.send(third);
    (yield* rx.recv())[Symbol.dispose]();
    (yield* rx.recv())[Symbol.dispose]();
    yield* sending;
    rx[Symbol.dispose]();
    expect(messages.map(({ disposals }) => disposals)).toEqual([1, 1, 1, 0]);
    yield* tx.send(late);
  });
  await expect(run(main())).rejects.toThrow(ClosedError);
  // What was not sent is still the caller's.
  expect(messages[3]?.disposals).toBe(0);
});

test("downgrade_upgrade_sender_success: a weak sender can be upgraded while a sender is open", () => {
  const [tx] = mpsc<number>(1);
  expect(tx.downgrade().upgrade()).not.toBe(undefined);
});

test("downgrade_upgrade_sender_failure: and not when none is", () => {
  const [tx] = mpsc<number>(1);
  const weak = tx.downgrade();
  tx.close();
  expect(weak.upgrade()).toBe(undefined);
});

test("downgrade_drop_upgrade: neither when it was made from a clone that is closed", () => {
  const [tx] = mpsc<number>(1);
  const clone = tx.clone();
  const weak = clone.downgrade();
  clone.close();
  tx.close();
  expect(weak.upgrade()).toBe(undefined);
});

test("downgrade_get_permit_upgrade_no_senders: a permit that is out stands for a sender", () => {
  const [tx] = mpsc<number>(1);
  const weak = tx.downgrade();
  ready(tx.reserve());
  tx.close();
  expect(weak.upgrade()).not.toBe(undefined);
});

test("downgrade_upgrade_get_permit_no_senders: also when the weak sender was made after it", () => {
  const [tx] = mpsc<number>(1);
  const other = tx.clone();
  ready(tx.reserve());
  tx.close();
  const weak = other.downgrade();
  other.close();
  expect(weak.upgrade()).not.toBe(undefined);
});

test("test_tx_count_weak_sender: weak senders do not count as senders", () => {
  const [tx] = mpsc<number>(1);
  const [first, second] = [tx.downgrade(), tx.downgrade()];
  tx.close();
  expect([first.upgrade(), second.upgrade()]).toEqual([undefined, undefined]);
});

test("weak_unbounded_sender: the same of an unbounded channel", async () => {
  const main = co(function* () {
    const [tx, rx] = unboundedMpsc<number>();
    const clone = tx.clone();
    const weak = clone.downgrade();
    clone.close();
    for (let i = 0; i < 10; i++) tx.send(i);
    const upgraded = weak.upgrade();
    tx.close();
    upgraded?.send(20);
    upgraded?.close();
    expect(yield* collect(rx)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20]);
    expect(weak.upgrade()).toBe(undefined);
  });
  await run(main());
});

test("actor_weak_unbounded_sender: an actor over an unbounded channel ends as well", async () => {
  const main = co(function* () {
    const [tx, rx] = unboundedMpsc<Message>();
    const weak = tx.downgrade();
    const actor = co(function* () {
      let ids = 0;
      let toSelf = 0;
      yield* rx.forEach((message) => {
        if (message.kind === "self") toSelf++;
        else message.reply.send(++ids);
        const self = ids + toSelf === 1 ? weak.upgrade() : undefined;
        self?.send({ kind: "self" });
        self?.close();
      });
      return toSelf;
    });
    const running = spawn(actor());
    const [reply, answer] = oneshot<number>();
    tx.send({ kind: "id", reply });
    expect(yield* answer).toBe(1);
    tx.close();
    return yield* running;
  });
  expect(await run(main())).toBe(1);
});

test("test_msgs_dropped_on_unbounded_rx_drop: messages of an unbounded channel are released, too", () => {
  const [tx, rx] = unboundedMpsc<Resource>();
  const messages = Array.from({ length: 3 }, () => new Resource());
  for (const message of messages) tx.send(message);
  rx.tryRecv()[Symbol.dispose]();
  rx.tryRecv()[Symbol.dispose]();
  rx[Symbol.dispose]();
  expect(messages.map(({ disposals }) => disposals)).toEqual([1, 1, 1]);
  const late = new Resource();
  expect(() => tx.send(late)).toThrow(ClosedError);
  expect(late.disposals).toBe(0);
});

test("downgrade_upgrade_unbounded_sender_success: a weak sender can be upgraded while a sender is open", () => {
  const [tx] = unboundedMpsc<number>();
  expect(tx.downgrade().upgrade()).not.toBe(undefined);
});

test("downgrade_upgrade_unbounded_sender_failure: and not when none is", () => {
  const [tx] = unboundedMpsc<number>();
  const weak = tx.downgrade();
  tx.close();
  expect(weak.upgrade()).toBe(undefined);
});

test("downgrade_drop_upgrade_unbounded: neither when it was made from a clone that is closed", () => {
  const [tx] = unboundedMpsc<number>();
  const clone = tx.clone();
  const weak = clone.downgrade();
  clone.close();
  tx.close();
  expect(weak.upgrade()).toBe(undefined);
});

test("test_tx_count_weak_unbounded_sender: weak senders do not count as senders", () => {
  const [tx] = unboundedMpsc<number>();
  const [first, second] = [tx.downgrade(), tx.downgrade()];
  tx.close();
  expect([first.upgrade(), second.upgrade()]).toEqual([undefined, undefined]);
});

test("test_rx_is_closed_when_dropping_all_senders_except_weak_senders: a weak sender leaves it closed", () => {
  const [tx, rx] = mpsc<void>(10);
  const clone = tx.clone();
  clone.downgrade();
  clone.close();
  tx.close();
  expect(rx.isClosed).toBe(true);
});

test("test_rx_unbounded_is_closed_when_dropping_all_senders_except_weak_senders: an unbounded one, too", () => {
  const [tx, rx] = unboundedMpsc<void>();
  const clone = tx.clone();
  clone.downgrade();
  clone.close();
  tx.close();
  expect(rx.isClosed).toBe(true);
});

for (const [prefix, make] of [
  ["", () => mpsc<void>(1)],
  ["unbounded_", () => unboundedMpsc<void>()],
] as const) {
  test(`${prefix}sender_strong_count_when_cloned: a clone counts, on either side`, () => {
    const [tx, rx] = make();
    const clone = tx.clone();
    expect([tx.strongCount, clone.strongCount, rx.senderStrongCount]).toEqual([2, 2, 2]);
  });

  test(`${prefix}sender_weak_count_when_downgraded: a weak sender counts, on either side`, () => {
    const [tx, rx] = make();
    const weak = tx.downgrade();
    expect([tx.weakCount, weak.weakCount, rx.senderWeakCount]).toEqual([1, 1, 1]);
  });

  test(`${prefix}sender_strong_count_when_dropped: a sender that is closed counts no more`, () => {
    const [tx, rx] = make();
    tx.clone().close();
    expect([tx.strongCount, rx.senderStrongCount]).toEqual([1, 1]);
  });

  test(`${prefix}sender_weak_count_when_dropped: a weak sender that is closed counts no more`, () => {
    const [tx, rx] = make();
    tx.downgrade().close();
    expect([tx.weakCount, rx.senderWeakCount]).toEqual([0, 0]);
  });

  test(`${prefix}sender_strong_and_weak_conut: both counts are kept apart`, () => {
    const [tx, rx] = make();
    const tx2 = tx.clone();
    const [weak, weak2] = [tx.downgrade(), tx2.downgrade()];
    const handles = [tx, tx2, weak, weak2];
    expect(handles.map((handle) => [handle.strongCount, handle.weakCount])).toEqual(
      handles.map(() => [2, 2]),
    );
    expect([rx.senderStrongCount, rx.senderWeakCount]).toEqual([2, 2]);
    tx2.close();
    weak2.close();
    expect([tx, weak].map((handle) => [handle.strongCount, handle.weakCount])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect([rx.senderStrongCount, rx.senderWeakCount]).toEqual([1, 1]);
  });
}
