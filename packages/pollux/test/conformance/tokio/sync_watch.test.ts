import { expect, test } from "vitest";
import { select } from "../../../src/combine/select.ts";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError } from "../../../src/core/errors.ts";
import type { Future } from "../../../src/core/future.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { watch } from "../../../src/sync/watch.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { pending, ready, TestContext } from "../../support/context.ts";

/** Runs a loop that always finds something to do, together with a task that wants one turn: that gets it. */
async function letsOthersRun(round: () => Future<unknown>): Promise<void> {
  const loop = co(function* () {
    for (;;) yield* round();
  });
  const main = co(function* () {
    return (yield* select({ loop: loop(), turn: yieldNow() }, { biased: true })).key;
  });
  expect(await run(main())).toBe("turn");
}

/** A future that must fail because the channel is closed. */
const fails = co(function* (future: Future<unknown>) {
  try {
    yield* future;
  } catch (error) {
    if (error instanceof ClosedError) return;
    throw error;
  }
  throw new Error("it did not fail");
});

test("single_rx_recv: a receiver waits for each change, the end included, and keeps the last value", () => {
  const [tx, rx] = watch("one");
  const unpolled = rx.changed();
  pending(unpolled);
  unpolled.cancel(new TestContext());
  expect(rx.value).toBe("one");
  const changed = rx.changed();
  const cx = pending(changed);
  tx.send("two");
  expect(cx.wakes).toBe(1);
  ready(changed);
  expect(rx.value).toBe("two");
  const last = rx.changed();
  const lastCx = pending(last);
  tx.close();
  expect(lastCx.wakes).toBe(1);
  expect(() => ready(last)).toThrow(ClosedError);
  expect(rx.value).toBe("two");
});

test("rx_version_underflow: marking as changed twice before any change is harmless", () => {
  const [, rx] = watch("one");
  rx.markChanged();
  rx.markChanged();
  expect(ready(rx.changed())).toBe("one");
});

test("rx_mark_changed: makes the current value one that was not seen, for this receiver alone", () => {
  const [tx, rx] = watch("one");
  const [rx2, rx3, rx4] = [rx.clone(), rx.clone(), rx.clone()];
  rx.markChanged();
  expect(rx.hasChanged()).toBe(true);
  ready(rx.changed());
  expect(rx2.hasChanged()).toBe(false);
  pending(rx2.changed());
  rx3.markChanged();
  expect(rx3.value).toBe("one");
  expect(rx3.hasChanged()).toBe(true);
  expect(rx3.borrowAndUpdate()).toBe("one");
  expect(rx3.hasChanged()).toBe(false);
  pending(rx3.changed());
  tx.send("two");
  expect(rx4.hasChanged()).toBe(true);
  expect(rx4.borrowAndUpdate()).toBe("two");
  rx4.markChanged();
  expect(rx4.hasChanged()).toBe(true);
  expect(rx4.borrowAndUpdate()).toBe("two");
  expect(rx.value).toBe("two");
});

test("rx_mark_unchanged: makes it one that was", () => {
  const [tx, rx] = watch("one");
  const rx2 = rx.clone();
  expect(rx.hasChanged()).toBe(false);
  rx.markChanged();
  expect(rx.hasChanged()).toBe(true);
  rx.markUnchanged();
  expect(rx.hasChanged()).toBe(false);
  pending(rx.changed());
  expect(rx2.hasChanged()).toBe(false);
  tx.send("two");
  expect(rx2.hasChanged()).toBe(true);
  rx2.markUnchanged();
  expect(rx2.hasChanged()).toBe(false);
  expect(rx2.borrowAndUpdate()).toBe("two");
  expect(rx.value).toBe("two");
});

test("multi_rx: each receiver is woken for each change, and sees the latest when it looks", () => {
  const [tx, rx1] = watch("one");
  const rx2 = rx1.clone();
  expect([rx1.value, rx2.value]).toEqual(["one", "one"]);
  let first = rx1.changed();
  const second = rx2.changed();
  let cx1 = pending(first);
  const cx2 = pending(second);
  tx.send("two");
  expect([cx1.wakes, cx2.wakes]).toEqual([1, 1]);
  expect(ready(first)).toBe("two");
  first = rx1.changed();
  cx1 = pending(first);
  tx.send("three");
  expect([cx1.wakes, cx2.wakes]).toEqual([1, 1]);
  expect(ready(first)).toBe("three");
  expect(ready(second)).toBe("three");
  const both = [rx1.changed(), rx2.changed()];
  for (const changed of both) pending(changed);
  tx.send("four");
  expect(both.map((changed) => ready(changed))).toEqual(["four", "four"]);
  expect([rx1.value, rx2.value]).toEqual(["four", "four"]);
});

test("rx_observes_final_value: a value sent right before the end is still seen", () => {
  const [gone, never] = watch("one");
  gone.close();
  expect(() => ready(never.changed())).toThrow(ClosedError);
  expect(never.value).toBe("one");
  const [tx, rx] = watch("one");
  tx.send("two");
  expect(ready(rx.changed())).toBe("two");
  const changed = rx.changed();
  const cx = pending(changed);
  tx.send("three");
  tx.close();
  expect(cx.wakes).toBe(1);
  expect(ready(changed)).toBe("three");
  expect(() => ready(rx.changed())).toThrow(ClosedError);
  expect(rx.value).toBe("three");
});

test("poll_close: closed is ready when the receiver has gone, and nothing can be sent then", () => {
  const [tx, rx] = watch("one");
  const closed = tx.closed();
  const cx = pending(closed);
  rx.close();
  expect(cx.wakes).toBe(1);
  ready(closed);
  expect(tx.send("two")).toBe(false);
});

test("borrow_and_update: marks the value as seen", () => {
  const [tx, rx] = watch("one");
  expect(rx.hasChanged()).toBe(false);
  tx.send("two");
  expect(rx.hasChanged()).toBe(true);
  ready(rx.changed());
  pending(rx.changed());
  expect(rx.hasChanged()).toBe(false);
  tx.send("three");
  expect(rx.hasChanged()).toBe(true);
  expect(rx.borrowAndUpdate()).toBe("three");
  pending(rx.changed());
  expect(rx.hasChanged()).toBe(false);
  tx.close();
  expect(rx.borrowAndUpdate()).toBe("three");
  expect(() => ready(rx.changed())).toThrow(ClosedError);
  expect(() => rx.hasChanged()).toThrow(ClosedError);
});

test("reopened_after_subscribe: a channel without receivers is closed until there is another", () => {
  const [tx, rx] = watch("one");
  expect(tx.isClosed).toBe(false);
  rx.close();
  expect(tx.isClosed).toBe(true);
  const again = tx.subscribe();
  expect(tx.isClosed).toBe(false);
  again.close();
  expect(tx.isClosed).toBe(true);
});

test("send_modify_panic: an update that throws wakes nobody, though what it did in place can be read", () => {
  const [tx, rx] = watch({ text: "one" });
  const set = (text: string) => (value: { text: string }) => Object.assign(value, { text });
  tx.sendModify(set("two"));
  expect(rx.borrowAndUpdate().text).toBe("two");
  const rx2 = rx.clone();
  const changed = rx2.changed();
  const update = (value: { text: string }): never => {
    set("thrown")(value);
    throw new Error("update");
  };
  expect(() => tx.sendModify(update)).toThrow("update");
  pending(changed);
  expect(rx.value.text).toBe("thrown");
  tx.sendModify(set("three"));
  ready(changed);
  expect(rx.borrowAndUpdate().text).toBe("three");
});

test("multiple_sender: receivers see what either sender sends", () => {
  const [tx1, rx] = watch(0);
  const tx2 = tx1.clone();
  const main = co(function* () {
    return [yield* rx.changed(), yield* rx.changed()];
  });
  const both = main();
  tx1.send(1);
  pending(both);
  tx2.send(2);
  expect(ready(both)).toEqual([1, 2]);
});

test("receiver_is_notified_when_last_sender_is_dropped: only the last one that is closed wakes", () => {
  const [tx1, rx] = watch(0);
  const tx2 = tx1.clone();
  const cx = pending(rx.changed());
  tx1.close();
  expect(cx.wakes).toBe(0);
  tx2.close();
  expect(cx.wakes).toBe(1);
});

test("receiver_changed_is_cooperative: a loop over changed that always fails lets others run", async () => {
  const [tx, rx] = watch(0);
  tx.close();
  await letsOthersRun(() => fails(rx.changed()));
});

test("receiver_changed_is_cooperative_ok: a loop over changed that is always ready lets others run", async () => {
  const [tx, rx] = watch(0);
  await letsOthersRun(() => {
    tx.send(1);
    return rx.changed();
  });
});

test("receiver_wait_for_is_cooperative: a loop over waitFor that always fails lets others run", async () => {
  const [tx, rx] = watch(0);
  tx.close();
  await letsOthersRun(() => fails(rx.waitFor((value) => value === 1)));
});

test("receiver_wait_for_is_cooperative_ok: a loop over waitFor that is always ready lets others run", async () => {
  const [tx, rx] = watch(0);
  await letsOthersRun(() => {
    tx.send(1);
    return rx.waitFor((value) => value === 1);
  });
});

test("sender_closed_is_cooperative: a loop over closed that is always ready lets others run", async () => {
  const [tx, rx] = watch(0);
  rx.close();
  await letsOthersRun(() => tx.closed());
});

test("changed_succeeds_on_closed_channel_with_unseen_value: changed gives it", async () => {
  const [tx, rx] = watch("A");
  tx.send("B");
  tx.close();
  expect(await run(rx.changed())).toBe("B");
});

test("changed_errors_on_closed_channel_with_seen_value: changed fails when the value was seen", async () => {
  const [tx, rx] = watch("A");
  tx.close();
  await expect(run(rx.changed())).rejects.toThrow(ClosedError);
});

test("has_changed_errors_on_closed_channel_with_unseen_value: hasChanged fails on a closed channel all the same", () => {
  const [tx, rx] = watch("A");
  tx.send("B");
  tx.close();
  expect(() => rx.hasChanged()).toThrow(ClosedError);
});

test("has_changed_errors_on_closed_channel_with_seen_value: hasChanged fails on a closed channel", () => {
  const [tx, rx] = watch("A");
  tx.close();
  expect(() => rx.hasChanged()).toThrow(ClosedError);
});

test("wait_for_errors_on_closed_channel_true_predicate: waitFor gives the last value if it is wanted", async () => {
  const [tx, rx] = watch("A");
  tx.send("B");
  tx.close();
  expect(await run(rx.waitFor(() => true))).toBe("B");
});
