import fc from "fast-check";
import { expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { LinkedList } from "../core/list.ts";
import { Pending } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { type Notified, Notify } from "./notify.ts";

/** What is behind a Notify. Private, since a program has no use for it; a leak is seen there first. */
const stateOf = (notify: Notify): { stored: boolean; waiters: LinkedList<Notified> } =>
  (notify as unknown as { state: { stored: boolean; waiters: LinkedList<Notified> } }).state;

test("Notify: notifyOne wakes the one that has waited longest, notifyLast the one that has waited shortest", () => {
  const notify = new Notify();
  const waiters = [notify.notified(), notify.notified(), notify.notified()] as const;
  const contexts = waiters.map((waiter) => pending(waiter));
  const wakes = (): number[] => contexts.map((cx) => cx.takeWakes());
  notify.notifyLast();
  expect(wakes()).toEqual([0, 0, 1]);
  notify.notifyOne();
  expect(wakes()).toEqual([1, 0, 0]);
  ready(waiters[0]);
  ready(waiters[2]);
  pending(waiters[1]);
});

test("Notify: stores one notification, however many there were", () => {
  const notify = new Notify();
  notify.notifyOne();
  notify.notifyOne();
  notify.notifyLast();
  ready(notify.notified());
  pending(notify.notified());
});

test("Notify: notifyWaiters stores nothing, and reaches the futures that exist", () => {
  const notify = new Notify();
  const [polled, enabled, unpolled] = [notify.notified(), notify.notified(), notify.notified()];
  const cx = pending(polled);
  enabled.enable();
  notify.notifyWaiters();
  expect(cx.wakes).toBe(1);
  ready(polled);
  ready(enabled);
  ready(unpolled);
  pending(notify.notified());
});

test("Notify: a notified future that is cancelled passes the notification on, in the direction it came from", () => {
  for (const how of ["notifyOne", "notifyLast"] as const) {
    const notify = new Notify();
    const waiters = [notify.notified(), notify.notified(), notify.notified(), notify.notified()] as const;
    const contexts = waiters.map((waiter) => pending(waiter));
    notify[how]();
    waiters[how === "notifyOne" ? 0 : 3].cancel(new TestContext());
    expect(contexts.map((cx) => cx.wakes)).toEqual(how === "notifyOne" ? [1, 1, 0, 0] : [0, 0, 1, 1]);
  }
});

test("Notify: a notification passed on with nobody waiting is stored", () => {
  const notify = new Notify();
  const notified = notify.notified();
  pending(notified);
  notify.notifyOne();
  notified.cancel(new TestContext());
  ready(notify.notified());
});

test("Notify: what notifyWaiters told a future that is cancelled is not passed on", () => {
  const notify = new Notify();
  const notified = notify.notified();
  pending(notified);
  notify.notifyWaiters();
  notified.cancel(new TestContext());
  pending(notify.notified());
});

test("Notified: enable gets in line without a poll, and takes a stored notification", () => {
  const notify = new Notify();
  const [first, second] = [notify.notified(), notify.notified()];
  expect(second.enable()).toBe(false);
  pending(first);
  notify.notifyOne();
  expect(second.enable()).toBe(true);
  ready(second);
  expect(second.enable()).toBe(true);
  notify.notifyOne();
  notify.notifyOne();
  const third = notify.notified();
  expect(third.enable()).toBe(true);
  pending(notify.notified());
});

test("Notified: one that enable told of a notification passes it on when it is cancelled", () => {
  const notify = new Notify();
  notify.notifyOne();
  const notified = notify.notified();
  expect(notified.enable()).toBe(true);
  notified.cancel(new TestContext());
  ready(notify.notified());
});

test("Notified: after a value or a cancel it cannot be polled, after a cancel not enabled either", () => {
  const notify = new Notify();
  notify.notifyOne();
  const notified = notify.notified();
  ready(notified);
  expect(() => notified.poll(new TestContext())).toThrow(PollAfterCompletionError);
  notified.cancel(new TestContext());
  pending(notify.notified());
  const cancelled = notify.notified();
  cancelled.cancel(new TestContext());
  expect(() => cancelled.poll(new TestContext())).toThrow(PollAfterCompletionError);
  expect(() => cancelled.enable()).toThrow(PollAfterCompletionError);
});

test("Notified: the waker of the latest poll is the one that is woken", () => {
  const notify = new Notify();
  const notified = notify.notified();
  const [first, second] = [pending(notified), pending(notified)];
  notify.notifyOne();
  expect([first.wakes, second.wakes]).toEqual([0, 1]);
});

test("Notified: takes a unit of budget, without which it neither takes a notification nor gets in line", () => {
  const { handle } = new Runtime();
  const notify = new Notify();
  notify.notifyOne();
  handle.budget = 0;
  const cx = new TestContext(handle);
  const notified = notify.notified();
  pending(notified, cx);
  expect(cx.takeWakes()).toBe(1);
  expect(stateOf(notify)).toMatchObject({ stored: true, waiters: { size: 0 } });
  handle.budget = 1;
  ready(notified, cx);
  expect(handle.budget).toBe(0);
  handle.budget = 1;
  pending(notify.notified(), cx);
  expect(handle.budget).toBe(1);
});

test("Notify: a waker may come back while waiters are being told; those who come then wait for another round", () => {
  const notify = new Notify();
  const [first, second, third, unpolled] = [
    notify.notified(),
    notify.notified(),
    notify.notified(),
    notify.notified(),
  ];
  let late: Notified | undefined;
  class Reentrant extends TestContext {
    override wake(): void {
      second.cancel(this);
      late = notify.notified();
      expect(late.enable()).toBe(false);
      expect(unpolled.enable()).toBe(true);
    }
  }
  pending(first, new Reentrant());
  const secondCx = pending(second);
  const thirdCx = pending(third);
  notify.notifyWaiters();
  expect([secondCx.wakes, thirdCx.wakes]).toEqual([0, 1]);
  expect(late?.enable()).toBe(false);
  notify.notifyOne();
  expect(late?.enable()).toBe(true);
});

test("Notify: a wait cancelled at any poll leaves nobody waiting and loses no notification", async () => {
  await cancelAtEveryPoll(async (cancelAt) => {
    const notify = new Notify();
    let received = 0;
    const receive = co(function* () {
      yield* notify.notified();
      received++;
    });
    const main = co(function* () {
      const operation = cancelAt(notify.notified());
      const other = co(function* () {
        yield* yieldNow();
        yield* receive();
      });
      const behind = spawn(other());
      spawn(
        co(function* () {
          yield* yieldNow();
          yield* yieldNow();
          notify.notifyOne();
          yield* yieldNow();
          notify.notifyOne();
        })(),
      );
      const outcome = yield* operation;
      yield* behind;
      yield* yieldNow();
      yield* yieldNow();
      // Two were sent: what nobody has taken is stored.
      expect(stateOf(notify).stored).toBe(outcome.cancelled);
      expect(stateOf(notify).waiters.size).toBe(0);
    });
    await run(main());
    expect(received).toBe(1);
  });
});

test("Notify: 100,000 cancelled waits leave nothing behind", () => {
  const notify = new Notify();
  const cx = new TestContext();
  const batch = (): void => {
    const waits = Array.from({ length: 100_000 }, () => notify.notified());
    for (const wait of waits) pending(wait, cx);
    for (const wait of waits) wait.cancel(cx);
  };
  batch();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch();
  globalThis.gc?.();
  expect(stateOf(notify).waiters.size).toBe(0);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});

// The model: what is stored, and who waits in which order.

interface Waiter {
  future: Notified;
  cx: TestContext;
  state: "new" | "waiting" | "one" | "last" | "all";
  polled: boolean;
}

interface World {
  notify: Notify;
  stored: boolean;
  queue: Waiter[];
  waiters: Waiter[];
}

const pick = <T>(items: T[], at: number): T | undefined => items[at % Math.max(items.length, 1)];

function send(world: World, how: "one" | "last"): void {
  const waiter = how === "one" ? world.queue.shift() : world.queue.pop();
  if (waiter === undefined) world.stored = true;
  else waiter.state = how;
}

function begin(world: World, waiter: Waiter): void {
  if (waiter.state !== "new") return;
  if (world.stored) {
    world.stored = false;
    waiter.state = "one";
  } else {
    waiter.state = "waiting";
    world.queue.push(waiter);
  }
}

const steps: Record<string, (world: World, n: number) => void> = {
  notified({ notify, waiters }) {
    waiters.push({ future: notify.notified(), cx: new TestContext(), state: "new", polled: false });
  },
  enable(world, n) {
    const waiter = pick(world.waiters, n);
    if (waiter === undefined) return;
    begin(world, waiter);
    expect(waiter.future.enable()).toBe(waiter.state !== "waiting");
  },
  poll(world, n) {
    const waiter = pick(world.waiters, n);
    if (waiter === undefined) return;
    begin(world, waiter);
    const poll = waiter.future.poll(waiter.cx);
    if (waiter.state === "waiting") {
      expect(poll).toBe(Pending);
      waiter.polled = true;
    } else {
      expect(poll).toBe(undefined);
      world.waiters.splice(world.waiters.indexOf(waiter), 1);
    }
  },
  cancel(world, n) {
    const waiter = pick(world.waiters, n);
    if (waiter === undefined) return;
    world.waiters.splice(world.waiters.indexOf(waiter), 1);
    waiter.future.cancel(waiter.cx);
    if (waiter.state === "waiting") world.queue.splice(world.queue.indexOf(waiter), 1);
    else if (waiter.state === "one" || waiter.state === "last") send(world, waiter.state);
  },
  notifyOne(world) {
    world.notify.notifyOne();
    send(world, "one");
  },
  notifyLast(world) {
    world.notify.notifyLast();
    send(world, "last");
  },
  notifyWaiters(world, n) {
    if (n % 3 !== 0) return;
    world.notify.notifyWaiters();
    world.queue = [];
    for (const waiter of world.waiters) {
      if (waiter.state === "new" || waiter.state === "waiting") waiter.state = "all";
    }
  },
};

test("Notify: does what its model does, whatever the order of things", () => {
  const step = fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(100));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (run) => {
      const world: World = { notify: new Notify(), stored: false, queue: [], waiters: [] };
      for (const [name, n] of run) {
        steps[name]?.(world, n);
        expect(stateOf(world.notify)).toMatchObject({
          stored: world.stored,
          waiters: { size: world.queue.length },
        });
        for (const { cx, polled, state } of world.waiters)
          expect(cx.wakes).toBe(polled && state !== "waiting" ? 1 : 0);
      }
    }),
    { numRuns: 500 },
  );
});

test("Notified: one that was enabled and disposed of takes no notification from others", () => {
  const notify = new Notify();
  const unused = notify.notified();
  unused.enable();
  const other = notify.notified();
  const cx = pending(other);
  unused[Symbol.dispose]();
  unused[Symbol.dispose]();
  expect(stateOf(notify).waiters.size).toBe(1);
  notify.notifyOne();
  expect(cx.takeWakes()).toBe(1);
  const next = notify.notified();
  next.enable();
  other[Symbol.dispose](); // Passes on what it has received.
  expect(next.enable()).toBe(true);
  ready(next);
  next[Symbol.dispose]();
  expect(next.enable()).toBe(true);
  expect(stateOf(notify).stored).toBe(false);
});

test("Notified: whoever awaits one that is disposed of gets an error", () => {
  const notified = new Notify().notified();
  const cx = pending(notified);
  notified[Symbol.dispose]();
  expect(cx.takeWakes()).toBe(1);
  expect(() => notified.poll(cx)).toThrow(PollAfterCompletionError);
});
