import fc from "fast-check";
import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { CancelledError, ClosedError, PollAfterCompletionError, WouldBlockError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { MAX_PERMITS, type PermitQueue } from "./permit-queue.ts";
import { type Permit, Semaphore } from "./semaphore.ts";

/** How many wait. Private, since a program has no use for it; a leak is seen there first. */
const waiting = (semaphore: Semaphore): number =>
  (semaphore as unknown as { queue: PermitQueue }).queue.waiters.size;

test("semaphore: gives as many permits as it has, and no more", () => {
  const semaphore = new Semaphore(2);
  ready(semaphore.acquire());
  const second = ready(semaphore.acquire());
  expect(semaphore.availablePermits).toBe(0);
  const third = semaphore.acquire();
  const cx = pending(third);
  second.release();
  expect(cx.wakes).toBe(1);
  expect(semaphore.availablePermits).toBe(0);
  ready(third);
});

test("semaphore: nothing happens before the first poll", () => {
  const semaphore = new Semaphore(1);
  const first = semaphore.acquire();
  expect(semaphore.availablePermits).toBe(1);
  const second = semaphore.acquire();
  ready(second);
  pending(first);
});

test("semaphore: waiters are served in the order of their first polls", () => {
  const semaphore = new Semaphore(0);
  const waiters = Array.from({ length: 5 }, () => semaphore.acquire());
  const order = [3, 0, 4, 1, 2];
  const contexts = new Map(order.map((i) => [i, pending(waiters[i] as Future<Permit>)]));
  for (const i of order) {
    semaphore.addPermits(1);
    for (const [j, cx] of contexts) expect(cx.takeWakes()).toBe(i === j ? 1 : 0);
  }
});

test("semaphore: a large acquire keeps small ones behind it waiting", () => {
  const semaphore = new Semaphore(2);
  const large = semaphore.acquireMany(3);
  const largeCx = pending(large);
  const small = semaphore.acquire();
  const smallCx = pending(small);
  expect(() => semaphore.tryAcquire()).toThrow(WouldBlockError);
  semaphore.addPermits(1);
  expect(largeCx.wakes).toBe(1);
  expect(smallCx.wakes).toBe(0);
  ready(large).release();
  expect(smallCx.wakes).toBe(1);
  ready(small);
});

test("semaphore: one release serves as many waiters as it is enough for", () => {
  const semaphore = new Semaphore(0);
  const contexts = [2, 1, 3, 1].map((count) => pending(semaphore.acquireMany(count)));
  semaphore.addPermits(5);
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1, 0, 0]);
  expect(semaphore.availablePermits).toBe(2);
  semaphore.addPermits(1);
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1, 1, 0]);
});

test("semaphore: a permit handed to a waiter cannot be taken by anybody else before it is polled", () => {
  const semaphore = new Semaphore(1);
  const held = semaphore.tryAcquire();
  const waiter = semaphore.acquire();
  pending(waiter);
  held.release();
  expect(() => semaphore.tryAcquire()).toThrow(WouldBlockError);
  const late = semaphore.acquire();
  pending(late);
  ready(waiter).release();
  ready(late);
});

test("semaphore: the waker of the latest poll is the one that is woken", () => {
  const semaphore = new Semaphore(0);
  const waiter = semaphore.acquire();
  const first = pending(waiter);
  const second = pending(waiter);
  semaphore.addPermits(1);
  expect([first.wakes, second.wakes]).toEqual([0, 1]);
});

test("semaphore: cancelling a waiter loses its place only", () => {
  const semaphore = new Semaphore(0);
  const [first, second, third] = [semaphore.acquire(), semaphore.acquire(), semaphore.acquire()];
  pending(first);
  pending(second);
  const thirdCx = pending(third);
  second.cancel(new TestContext());
  semaphore.addPermits(2);
  ready(first);
  expect(thirdCx.wakes).toBe(1);
  ready(third);
  expect(() => second.poll(new TestContext())).toThrow(PollAfterCompletionError);
});

test("semaphore: a permit granted to a waiter that is cancelled goes to the next", () => {
  const semaphore = new Semaphore(0);
  const [first, second] = [semaphore.acquire(), semaphore.acquire()];
  pending(first);
  const cx = pending(second);
  semaphore.addPermits(1);
  first.cancel(new TestContext());
  expect(cx.wakes).toBe(1);
  ready(second);
  expect(semaphore.availablePermits).toBe(0);
});

test("semaphore: cancelling a large acquire at the head lets those behind it go on", () => {
  const semaphore = new Semaphore(2);
  const large = semaphore.acquireMany(3);
  pending(large);
  const contexts = [1, 1, 1].map(() => pending(semaphore.acquire()));
  large.cancel(new TestContext());
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1, 0]);
});

test("semaphore: cancelling an acquire that was never polled does nothing", () => {
  const semaphore = new Semaphore(1);
  const acquire = semaphore.acquire();
  acquire.cancel(new TestContext());
  expect(semaphore.availablePermits).toBe(1);
  expect(() => acquire.poll(new TestContext())).toThrow(PollAfterCompletionError);
});

test("semaphore: an acquire that has given its permit cannot be polled again, nor give it back", () => {
  const semaphore = new Semaphore(1);
  const acquire = semaphore.acquire();
  ready(acquire);
  expect(() => acquire.poll(new TestContext())).toThrow(PollAfterCompletionError);
  acquire.cancel(new TestContext());
  expect(semaphore.availablePermits).toBe(0);
});

test("semaphore: close refuses those who wait and those who come, and keeps what was granted", () => {
  const semaphore = new Semaphore(1, { name: "slots" });
  const held = semaphore.tryAcquire();
  const [granted, waiter, large] = [semaphore.acquire(), semaphore.acquire(), semaphore.acquireMany(9)];
  pending(granted);
  const contexts = [pending(waiter), pending(large)];
  held.release();
  semaphore.close();
  expect(semaphore.isClosed).toBe(true);
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  expect(() => waiter.poll(new TestContext())).toThrow(new ClosedError('the semaphore "slots"'));
  expect(() => large.poll(new TestContext())).toThrow(ClosedError);
  expect(() => ready(semaphore.acquire())).toThrow(ClosedError);
  expect(() => semaphore.tryAcquire()).toThrow(ClosedError);
  ready(granted).release();
  expect(semaphore.availablePermits).toBe(1);
  expect(() => waiter.poll(new TestContext())).toThrow(PollAfterCompletionError);
});

test("semaphore: cancelling a waiter that was refused is harmless", () => {
  const semaphore = new Semaphore(0);
  const waiter = semaphore.acquire();
  pending(waiter);
  semaphore.close();
  waiter.cancel(new TestContext());
  expect(semaphore.availablePermits).toBe(0);
});

test("semaphore: zero permits are had at once, but not past those who wait", () => {
  const semaphore = new Semaphore(0);
  expect(ready(semaphore.acquireMany(0)).numPermits).toBe(0);
  const first = semaphore.acquire();
  pending(first);
  const zero = semaphore.acquireMany(0);
  const cx = pending(zero);
  first.cancel(new TestContext());
  expect(cx.wakes).toBe(1);
  ready(zero).release();
  expect(semaphore.availablePermits).toBe(0);
});

test("semaphore: forgetPermits takes what is at hand, also where somebody waits for more", () => {
  const semaphore = new Semaphore(3);
  const large = semaphore.acquireMany(5);
  const cx = pending(large);
  expect(semaphore.forgetPermits(2)).toBe(2);
  expect(semaphore.forgetPermits(2)).toBe(1);
  semaphore.addPermits(4);
  expect(cx.wakes).toBe(0);
  semaphore.addPermits(1);
  expect(cx.wakes).toBe(1);
});

test("permit: is given back once, however often it is released", () => {
  const semaphore = new Semaphore(2);
  const permit = semaphore.tryAcquireMany(2);
  permit.release();
  permit.release();
  permit[Symbol.dispose]();
  permit.forget();
  expect(semaphore.availablePermits).toBe(2);
  expect(permit.numPermits).toBe(0);
});

test("permit: forget takes it out of circulation", () => {
  const semaphore = new Semaphore(2);
  const permit = semaphore.tryAcquire();
  permit.forget();
  permit.release();
  expect(semaphore.availablePermits).toBe(1);
});

test("permit: merge and split keep the number of permits", () => {
  const semaphore = new Semaphore(5);
  const permit = semaphore.tryAcquireMany(2);
  const other = semaphore.tryAcquireMany(3);
  permit.merge(other);
  expect([permit.numPermits, other.numPermits]).toEqual([5, 0]);
  const part = permit.split(4);
  expect([permit.numPermits, part.numPermits]).toEqual([1, 4]);
  expect(() => permit.split(2)).toThrow(RangeError);
  expect(() => permit.merge(permit)).toThrow(TypeError);
  expect(() => permit.merge(new Semaphore(1).tryAcquire())).toThrow(TypeError);
  part.release();
  permit.release();
  expect(semaphore.availablePermits).toBe(5);
});

test("semaphore: counts that make no sense are refused at the call", () => {
  const semaphore = new Semaphore(1);
  for (const count of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_PERMITS + 1]) {
    expect(() => new Semaphore(count)).toThrow(RangeError);
    expect(() => semaphore.acquireMany(count)).toThrow(RangeError);
    expect(() => semaphore.tryAcquireMany(count)).toThrow(RangeError);
    expect(() => semaphore.addPermits(count)).toThrow(RangeError);
    expect(() => semaphore.forgetPermits(count)).toThrow(RangeError);
    expect(() => semaphore.withMany(count, () => yieldNow())).toThrow(RangeError);
  }
  // What TypeScript would not let through.
  expect(() => new Semaphore("1" as unknown as number)).toThrow(TypeError);
  expect(() => semaphore.with(undefined as unknown as () => Future<void>)).toThrow(TypeError);
  expect(semaphore.availablePermits).toBe(1);
});

test("semaphore: a permit that is there costs a unit of budget, waiting costs none", () => {
  const { handle } = new Runtime();
  const semaphore = new Semaphore(1);
  handle.budget = 1;
  const acquire = semaphore.acquire();
  ready(acquire, new TestContext(handle));
  expect(handle.budget).toBe(0);
  handle.budget = 1;
  const waiter = semaphore.acquire();
  pending(waiter, new TestContext(handle));
  expect(handle.budget).toBe(1);
});

test("semaphore: without budget an acquire has no effect, and is woken to try again", () => {
  const { handle } = new Runtime();
  const semaphore = new Semaphore(1);
  handle.budget = 0;
  const cx = new TestContext(handle);
  pending(semaphore.acquire(), cx);
  expect(cx.wakes).toBe(1);
  expect(semaphore.availablePermits).toBe(1);
  expect(waiting(semaphore)).toBe(0);
});

test("semaphore: with holds a permit while its body runs, and gives it back when that returns or throws", async () => {
  const semaphore = new Semaphore(3);
  const inside: number[] = [];
  const value = semaphore.withMany(2, function* (permit) {
    inside.push(semaphore.availablePermits, permit.numPermits);
    yield* yieldNow();
    return "done" as const;
  });
  expectTypeOf(value).toEqualTypeOf<Future<"done">>();
  expect(await run(value)).toBe("done");
  expect(inside).toEqual([1, 2]);
  expect(semaphore.availablePermits).toBe(3);
  const failing = semaphore.with(function* () {
    yield* yieldNow();
    throw new Error("body");
  });
  await expect(run(failing)).rejects.toThrow("body");
  expect(semaphore.availablePermits).toBe(3);
});

test("semaphore: with takes a function that returns a future, and says so of one that does not", async () => {
  const semaphore = new Semaphore(1);
  await run(semaphore.with(() => yieldNow()));
  const wrong = semaphore.with((() => 5) as unknown as () => Future<void>);
  await expect(run(wrong)).rejects.toThrow(TypeError);
  expect(semaphore.availablePermits).toBe(1);
});

test("semaphore: a cancelled with gives its permit back after the body's own cleanup", async () => {
  const semaphore = new Semaphore(1);
  const log: number[] = [];
  const main = co(function* () {
    const handle = spawn(
      semaphore.with(function* () {
        try {
          yield* new Semaphore(0).acquire();
        } finally {
          log.push(semaphore.availablePermits);
          yield* yieldNow();
          log.push(semaphore.availablePermits);
        }
      }),
    );
    yield* yieldNow();
    handle.abort();
    yield* yieldNow();
    yield* semaphore.acquire();
    log.push(-1);
    yield* handle;
  });
  await expect(run(main())).rejects.toThrow(CancelledError);
  expect(log).toEqual([0, 0, -1]);
});

test("semaphore: an acquire cancelled at any poll leaves all permits and no waiter behind", async () => {
  for (const count of [1, 2]) {
    await cancelAtEveryPoll(async (cancelAt) => {
      const semaphore = new Semaphore(2);
      const use = co(function* () {
        const permit = yield* semaphore.acquireMany(2);
        yield* yieldNow();
        permit.release();
      });
      const main = co(function* () {
        const before = spawn(use());
        const after = co(function* () {
          yield* yieldNow();
          yield* use();
        });
        const behind = spawn(after());
        yield* yieldNow();
        const outcome = yield* cancelAt(semaphore.acquireMany(count));
        if (!outcome.cancelled) outcome.value.release();
        yield* before;
        yield* behind;
      });
      await run(main());
      expect(semaphore.availablePermits).toBe(2);
      expect(waiting(semaphore)).toBe(0);
    });
  }
});

test("semaphore: a with cancelled at any poll leaves all permits and no waiter behind", async () => {
  const polls = await cancelAtEveryPoll(async (cancelAt) => {
    const semaphore = new Semaphore(1);
    const use = co(function* () {
      yield* semaphore.with(() => yieldNow());
    });
    const main = co(function* () {
      const before = spawn(use());
      yield* yieldNow();
      const operation = cancelAt(
        semaphore.with(function* () {
          yield* yieldNow();
          yield* yieldNow();
        }),
      );
      const behind = spawn(use());
      yield* operation;
      yield* before;
      yield* behind;
    });
    await run(main());
    expect(semaphore.availablePermits).toBe(1);
    expect(waiting(semaphore)).toBe(0);
  });
  expect(polls).toBeGreaterThan(2);
});

test("semaphore: 100,000 cancelled acquires leave nothing behind", () => {
  const semaphore = new Semaphore(0);
  const cx = new TestContext();
  const batch = (): void => {
    const waiters = Array.from({ length: 100_000 }, () => semaphore.acquireMany(2));
    for (const waiter of waiters) pending(waiter, cx);
    for (const waiter of waiters) waiter.cancel(cx);
  };
  batch();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch();
  globalThis.gc?.();
  expect(waiting(semaphore)).toBe(0);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});

test("semaphore: a waker may come back to the semaphore while waiters are being served", () => {
  const semaphore = new Semaphore(0);
  const order: string[] = [];
  const waiter = (name: string, then: () => void): Future<Permit> => {
    const acquire = semaphore.acquire();
    class Reentrant extends TestContext {
      override wake(): void {
        order.push(name);
        then();
      }
    }
    pending(acquire, new Reentrant());
    return acquire;
  };
  const a = waiter("a", () => semaphore.addPermits(1));
  const b = waiter("b", () => a.cancel(new TestContext()));
  const c = waiter("c", () => semaphore.close());
  const d = waiter("d", () => {});
  semaphore.addPermits(1);
  expect(order).toEqual(["a", "b", "c", "d"]);
  expect(() => ready(a)).toThrow(PollAfterCompletionError);
  ready(b);
  ready(c);
  expect(() => ready(d)).toThrow(ClosedError);
});

// The model: what a semaphore is, in the plainest way.

interface Waiter {
  count: number;
  future: Future<Permit>;
  cx: TestContext;
  state: "waiting" | "granted" | "refused";
}

class Model {
  available: number;
  closed = false;
  queue: Waiter[] = [];

  constructor(permits: number) {
    this.available = permits;
  }

  give(count: number): void {
    this.available += count;
    for (;;) {
      const [first] = this.queue;
      if (first === undefined || first.count > this.available) return;
      this.available -= first.count;
      first.state = "granted";
      this.queue.shift();
    }
  }
}

interface World {
  model: Model;
  semaphore: Semaphore;
  waiters: Waiter[];
  permits: { permit: Permit; count: number }[];
}

const pick = <T>(items: T[], at: number): T | undefined => items[at % Math.max(items.length, 1)];

/** What holds after every step: the right ones were woken, and no permit has vanished or come from nowhere. */
function check({ model, semaphore, waiters }: World): void {
  expect(semaphore.availablePermits).toBe(model.available);
  expect(semaphore.isClosed).toBe(model.closed);
  expect(waiting(semaphore)).toBe(model.queue.length);
  for (const { cx, state } of waiters) expect(cx.wakes).toBe(state === "waiting" ? 0 : 1);
}

const steps: Record<string, (world: World, n: number) => void> = {
  acquire({ model, semaphore, waiters, permits }, n) {
    const count = n % 5;
    const future = semaphore.acquireMany(count);
    const cx = new TestContext();
    if (model.closed) expect(() => future.poll(cx)).toThrow(ClosedError);
    else if (model.queue.length === 0 && model.available >= count) {
      model.available -= count;
      permits.push({ permit: ready(future), count });
    } else {
      pending(future, cx);
      const waiter: Waiter = { count, future, cx, state: "waiting" };
      model.queue.push(waiter);
      waiters.push(waiter);
    }
  },
  tryAcquire({ model, semaphore, permits }, n) {
    const count = n % 5;
    if (model.closed) expect(() => semaphore.tryAcquireMany(count)).toThrow(ClosedError);
    else if (model.queue.length === 0 && model.available >= count) {
      model.available -= count;
      permits.push({ permit: semaphore.tryAcquireMany(count), count });
    } else expect(() => semaphore.tryAcquireMany(count)).toThrow(WouldBlockError);
  },
  poll({ waiters, permits }, n) {
    const waiter = pick(waiters, n);
    if (waiter === undefined) return;
    const { count, cx, future, state } = waiter;
    if (state === "waiting") expect(future.poll(cx)).toBe(Pending);
    else {
      if (state === "granted") permits.push({ permit: ready(future), count });
      else expect(() => future.poll(cx)).toThrow(ClosedError);
      waiters.splice(waiters.indexOf(waiter), 1);
    }
  },
  cancel({ model, waiters }, n) {
    const waiter = pick(waiters, n);
    if (waiter === undefined) return;
    waiters.splice(waiters.indexOf(waiter), 1);
    waiter.future.cancel(waiter.cx);
    const { state } = waiter;
    if (state === "waiting") model.queue.splice(model.queue.indexOf(waiter), 1);
    model.give(state === "granted" ? waiter.count : 0);
  },
  release({ model, permits }, n) {
    const held = pick(permits, n);
    if (held === undefined) return;
    permits.splice(permits.indexOf(held), 1);
    held.permit.release();
    model.give(held.count);
  },
  forget({ permits }, n) {
    const held = pick(permits, n);
    if (held === undefined) return;
    permits.splice(permits.indexOf(held), 1);
    held.permit.forget();
  },
  merge({ permits }, n) {
    const [a, b] = [pick(permits, n), pick(permits, n + 1)];
    if (a === undefined || b === undefined || a === b) return;
    a.permit.merge(b.permit);
    a.count += b.count;
    permits.splice(permits.indexOf(b), 1);
  },
  split({ permits }, n) {
    const held = pick(permits, n);
    if (held === undefined) return;
    const count = n % (held.count + 1);
    permits.push({ permit: held.permit.split(count), count });
    held.count -= count;
  },
  addPermits({ model, semaphore }, n) {
    semaphore.addPermits(n % 4);
    model.give(n % 4);
  },
  forgetPermits({ model, semaphore }, n) {
    const taken = Math.min(n % 4, model.available);
    expect(semaphore.forgetPermits(n % 4)).toBe(taken);
    model.available -= taken;
  },
  close({ model, semaphore }, n) {
    if (n % 8 !== 0) return;
    semaphore.close();
    model.closed = true;
    for (const waiter of model.queue.splice(0)) waiter.state = "refused";
  },
};

test("semaphore: does what its model does, whatever the order of things", () => {
  const step = fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(100));
  fc.assert(
    fc.property(fc.nat(5), fc.array(step, { maxLength: 60 }), (permits, run) => {
      const world: World = {
        model: new Model(permits),
        semaphore: new Semaphore(permits),
        waiters: [],
        permits: [],
      };
      for (const [name, n] of run) {
        steps[name]?.(world, n);
        check(world);
      }
    }),
    { numRuns: 500 },
  );
});
