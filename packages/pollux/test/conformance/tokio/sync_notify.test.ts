import { expect, test } from "vitest";
import { Notify } from "../../../src/sync/notify.ts";
import { pending, ready, TestContext } from "../../support/context.ts";

test("notify_notified_one: a notification is kept for the one who waits next", () => {
  const notify = new Notify();
  const notified = notify.notified();
  notify.notifyOne();
  ready(notified);
});

test("notify_multi_notified_one: of two that wait, the first is notified", () => {
  const notify = new Notify();
  const [first, second] = [notify.notified(), notify.notified()];
  pending(first);
  pending(second);
  notify.notifyOne();
  ready(first);
  pending(second);
});

test("notify_multi_notified_last: of two that wait, notifyLast notifies the second", () => {
  const notify = new Notify();
  const [first, second] = [notify.notified(), notify.notified()];
  pending(first);
  pending(second);
  notify.notifyLast();
  pending(first);
  ready(second);
});

test("notified_one_notify: the one that waits is woken", () => {
  const notify = new Notify();
  const notified = notify.notified();
  const cx = pending(notified);
  notify.notifyOne();
  expect(cx.wakes).toBe(1);
  ready(notified);
});

test("notified_multi_notify: only the first of two is woken", () => {
  const notify = new Notify();
  const [first, second] = [notify.notified(), notify.notified()];
  const [firstCx, secondCx] = [pending(first), pending(second)];
  notify.notifyOne();
  expect([firstCx.wakes, secondCx.wakes]).toEqual([1, 0]);
  ready(first);
  pending(second);
});

test("notify_notified_multi: a kept notification is for one; the next one waits for the next", () => {
  const notify = new Notify();
  notify.notifyOne();
  const [first, second] = [notify.notified(), notify.notified()];
  ready(first);
  const cx = pending(second);
  notify.notifyOne();
  expect(cx.wakes).toBe(1);
  ready(second);
});

test("notified_drop_notified_notify: one that gave up is passed over", () => {
  const notify = new Notify();
  const [first, second] = [notify.notified(), notify.notified()];
  pending(first);
  first.cancel(new TestContext());
  const cx = pending(second);
  notify.notifyOne();
  expect(cx.wakes).toBe(1);
  ready(second);
});

test("notified_multi_notify_drop_one: one that gives up after it was notified passes that on", () => {
  const notify = new Notify();
  const [first, second] = [notify.notified(), notify.notified()];
  const [firstCx, secondCx] = [pending(first), pending(second)];
  notify.notifyOne();
  expect([firstCx.wakes, secondCx.wakes]).toEqual([1, 0]);
  first.cancel(new TestContext());
  expect(secondCx.wakes).toBe(1);
  ready(second);
});

test("notified_multi_notify_one_drop: it passes it on to the one that has waited longest", () => {
  const notify = new Notify();
  const [first, second, third] = [notify.notified(), notify.notified(), notify.notified()];
  for (const notified of [first, second, third]) pending(notified);
  notify.notifyOne();
  first.cancel(new TestContext());
  ready(second);
  pending(third);
});

test("notified_multi_notify_last_drop: what notifyLast gave is passed on to the one that has waited shortest", () => {
  const notify = new Notify();
  const [first, second, third] = [notify.notified(), notify.notified(), notify.notified()];
  for (const notified of [first, second, third]) pending(notified);
  notify.notifyLast();
  third.cancel(new TestContext());
  ready(second);
  pending(first);
});

test("notify_in_drop_after_wake: a waker may notify in turn (here: when woken, there is no drop)", () => {
  const notify = new Notify();
  class Notifying extends TestContext {
    override wake(): void {
      super.wake();
      notify.notifyWaiters();
    }
  }
  const cx = new Notifying();
  pending(notify.notified(), cx);
  notify.notifyWaiters();
  expect(cx.wakes).toBe(1);
});

test("notify_one_after_dropped_all: a notification after notifyWaiters is kept, though an earlier one gives up", () => {
  const notify = new Notify();
  const first = notify.notified();
  pending(first);
  notify.notifyWaiters();
  notify.notifyOne();
  first.cancel(new TestContext());
  ready(notify.notified());
});

test("test_notify_one_not_enabled: a future that did not wait yet takes what was kept", () => {
  const notify = new Notify();
  const notified = notify.notified();
  notify.notifyOne();
  ready(notified);
});

test("test_notify_one_after_enable: an enabled future is notified without having been polled", () => {
  const notify = new Notify();
  const notified = notify.notified();
  expect(notified.enable()).toBe(false);
  notify.notifyOne();
  ready(notified);
  expect(notified.enable()).toBe(true);
});

test("test_poll_after_enable: an enabled future that was not notified is pending", () => {
  const notified = new Notify().notified();
  expect(notified.enable()).toBe(false);
  pending(notified);
});

test("test_enable_after_poll: enable changes nothing for one that waits", () => {
  const notified = new Notify().notified();
  pending(notified);
  expect(notified.enable()).toBe(false);
});

test("test_enable_consumes_permit: enable takes the notification that was kept", () => {
  const notify = new Notify();
  notify.notifyOne();
  expect(notify.notified().enable()).toBe(true);
  expect(notify.notified().enable()).toBe(false);
});

test("test_waker_update: the waker of the latest poll counts", () => {
  const notify = new Notify();
  const notified = notify.notified();
  pending(notified);
  const cx = pending(notified);
  notify.notifyOne();
  expect(cx.wakes).toBe(1);
});

test("unpolled_future_completed_by_notify_waiters_preserves_notify_one_permit: it does not take the kept one too", () => {
  const notify = new Notify();
  const first = notify.notified();
  notify.notifyWaiters();
  notify.notifyOne();
  ready(first);
  ready(notify.notified());
});
