import fc from "fast-check";
import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, PollAfterCompletionError, ReleasedError, WouldBlockError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { MAX_PERMITS, type PermitQueue } from "./permit-queue.ts";
import { RwLock, RwLockReadGuard, RwLockWriteGuard } from "./rw-lock.ts";

/** The queue behind a lock. Private, since a program has no use for it; a leak is seen there first. */
const queueOf = (lock: RwLock<unknown>): PermitQueue => (lock as unknown as { state: PermitQueue }).state;

test("RwLock: many read at once, one writes alone", () => {
  const lock = new RwLock(1);
  const readers = [ready(lock.read()), ready(lock.read())];
  const write = lock.write();
  const cx = pending(write);
  readers[0]?.release();
  expect(cx.wakes).toBe(0);
  readers[1]?.release();
  expect(cx.wakes).toBe(1);
  const writer = ready(write);
  writer.value = 2;
  const [read, other] = [lock.read(), lock.write()];
  pending(read);
  pending(other);
  writer.release();
  expect(ready(read).value).toBe(2);
  pending(other);
});

test("RwLock: a reader that comes after a waiting writer waits behind it", () => {
  const lock = new RwLock(0);
  const reader = ready(lock.read());
  const write = lock.write();
  pending(write);
  const late = lock.read();
  const lateCx = pending(late);
  expect(() => lock.tryRead()).toThrow(WouldBlockError);
  reader.release();
  const writer = ready(write);
  expect(lateCx.wakes).toBe(0);
  writer.release();
  ready(late);
});

test("RwLock: readers that wait next to each other come in together, up to the next writer", () => {
  const lock = new RwLock(0);
  const writer = ready(lock.write());
  const contexts = [lock.read(), lock.read(), lock.write(), lock.read()].map((future) =>
    pending<unknown>(future),
  );
  writer.release();
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1, 0, 0]);
});

test("RwLock: cancelling a waiting writer lets the readers behind it in", () => {
  const lock = new RwLock(0);
  ready(lock.read());
  const write = lock.write();
  pending(write);
  const read = lock.read();
  const cx = pending(read);
  write.cancel(new TestContext());
  expect(cx.wakes).toBe(1);
  ready(read);
  expect(() => write.poll(new TestContext())).toThrow(PollAfterCompletionError);
});

test("RwLock: a lock granted to a waiter that is cancelled goes to the next", () => {
  const lock = new RwLock(0);
  const writer = ready(lock.write());
  const [write, read] = [lock.write(), lock.read()];
  pending(write);
  const cx = pending(read);
  writer.release();
  write.cancel(new TestContext());
  expect(cx.wakes).toBe(1);
  ready(read);
});

test("RwLock: downgrade keeps writers out and lets the readers that are first in the queue in", () => {
  const lock = new RwLock(1);
  const writer = ready(lock.write());
  const [read, write, late] = [lock.read(), lock.write(), lock.read()];
  const contexts = [pending(read), pending(write), pending(late)];
  writer.value = 2;
  const reader = writer.downgrade();
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 0, 0]);
  expect([reader.value, ready(read).value]).toEqual([2, 2]);
  expect(() => writer.value).toThrow(ReleasedError);
  expect(() => writer.downgrade()).toThrow(ReleasedError);
  writer.release();
  expect(() => lock.tryWrite()).toThrow(WouldBlockError);
  reader.release();
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 0, 0]);
});

test("RwLock: maxReaders limits how many read at once", () => {
  const lock = new RwLock(0, { maxReaders: 2 });
  expect(lock.maxReaders).toBe(2);
  const readers = [ready(lock.read()), ready(lock.read())];
  expect(() => lock.tryRead()).toThrow(WouldBlockError);
  const read = lock.read();
  const cx = pending(read);
  readers[0]?.release();
  expect(cx.wakes).toBe(1);
  for (const maxReaders of [0, -1, 1.5, MAX_PERMITS + 1])
    expect(() => new RwLock(0, { maxReaders })).toThrow(RangeError);
  // What TypeScript would not let through.
  expect(() => new RwLock(0, { maxReaders: "2" as unknown as number })).toThrow(TypeError);
});

test("RwLock: releasing a guard twice does not unlock it for others; a released one does not give the value", () => {
  const lock = new RwLock(1);
  const writer = lock.tryWrite();
  writer.release();
  const reader = lock.tryRead();
  writer.release();
  writer[Symbol.dispose]();
  expect(() => lock.tryWrite()).toThrow(WouldBlockError);
  reader.release();
  const second = lock.tryWrite();
  reader.release();
  reader[Symbol.dispose]();
  expect(() => lock.tryRead()).toThrow(WouldBlockError);
  second.release();
  expect(() => reader.value).toThrow(ReleasedError);
  expect(() => writer.value).toThrow(ReleasedError);
  expect(() => {
    writer.value = 3;
  }).toThrow(ReleasedError);
});

test("RwLock: intoInner takes the value when nobody uses it, and ends the lock", () => {
  const lock = new RwLock("x", { name: "config" });
  const reader = lock.tryRead();
  expect(() => lock.intoInner()).toThrow(WouldBlockError);
  reader.release();
  expect(lock.intoInner()).toBe("x");
  expect(() => lock.tryRead()).toThrow(ClosedError);
  expect(() => lock.intoInner()).toThrow(ClosedError);
  expect(() => ready(lock.read())).toThrow(new ClosedError('the RwLock "config"'));
  expect(() => ready(lock.write())).toThrow(ClosedError);
});

test("RwLock: withRead and withWrite hold the lock while their bodies run", async () => {
  const lock = new RwLock(0);
  const log: string[] = [];
  const read = co(function* (name: string) {
    yield* lock.withRead(function* (guard) {
      log.push(`${name} ${guard.value}`);
      yield* yieldNow();
      log.push(`${name} ends`);
    });
  });
  const write = lock.withWrite(function* (guard) {
    log.push("write");
    yield* yieldNow();
    return ++guard.value;
  });
  expectTypeOf(write).toEqualTypeOf<Future<number>>();
  const main = co(function* () {
    const handles = [spawn(read("a")), spawn(read("b")), spawn(write), spawn(read("c"))];
    for (const handle of handles) yield* handle;
  });
  await run(main());
  expect(log).toEqual(["a 0", "b 0", "a ends", "b ends", "write", "c 1", "c ends"]);
  const failing = lock.withWrite(function* () {
    throw new Error("body");
  });
  await expect(run(failing)).rejects.toThrow("body");
  lock.tryWrite().release();
  expect(() => lock.withRead(undefined as unknown as () => Future<void>)).toThrow(TypeError);
});

for (const [name, operation] of [
  ["read", (lock: RwLock<number>) => lock.read()],
  ["write", (lock: RwLock<number>) => lock.write()],
] as const) {
  test(`RwLock: a ${name} cancelled at any poll leaves it free and nobody waiting`, async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      const lock = new RwLock(0);
      const use = co(function* (acquire: () => Future<Disposable>) {
        const guard = yield* acquire();
        yield* yieldNow();
        guard[Symbol.dispose]();
      });
      const main = co(function* () {
        const before = spawn(use(() => lock.write()));
        yield* yieldNow();
        const cancelled = cancelAt<Disposable>(operation(lock));
        const behind = [spawn(use(() => lock.read())), spawn(use(() => lock.write()))];
        const outcome = yield* cancelled;
        if (!outcome.cancelled) outcome.value[Symbol.dispose]();
        yield* before;
        for (const handle of behind) yield* handle;
      });
      await run(main());
      expect(queueOf(lock).waiters.size).toBe(0);
      lock.tryWrite().release();
    });
  });

  test(`RwLock: 100,000 cancelled ${name}s leave nothing behind`, () => {
    const lock = new RwLock(0);
    const writer = lock.tryWrite();
    const cx = new TestContext();
    const batch = (): void => {
      const futures = Array.from({ length: 100_000 }, () => operation(lock));
      for (const future of futures) pending(future as Future<unknown>, cx);
      for (const future of futures) future.cancel(cx);
    };
    batch();
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    batch();
    globalThis.gc?.();
    expect(queueOf(lock).waiters.size).toBe(0);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
    writer.release();
    lock.tryWrite().release();
  });
}

test("RwLock: without budget an acquire has no effect", () => {
  const { handle } = new Runtime();
  const lock = new RwLock(1);
  handle.budget = 0;
  const cx = new TestContext(handle);
  pending(lock.write(), cx);
  pending(lock.read(), cx);
  expect(cx.wakes).toBe(2);
  lock.tryWrite().release();
});

// The model: who holds it and who waits, in the plainest way.

interface Waiter {
  writes: boolean;
  future: Future<RwLockReadGuard<number> | RwLockWriteGuard<number>>;
  cx: TestContext;
  granted: boolean;
}

interface World {
  maxReaders: number;
  lock: RwLock<number>;
  /** What was written last. */
  value: number;
  /** Granted ones that were not polled yet count. */
  readers: number;
  writing: boolean;
  queue: Waiter[];
  waiters: Waiter[];
  guards: (RwLockReadGuard<number> | RwLockWriteGuard<number>)[];
}

const pick = <T>(items: T[], at: number): T | undefined => items[at % Math.max(items.length, 1)];

const free = (world: World, writes: boolean): boolean =>
  !world.writing && (writes ? world.readers === 0 : world.readers < world.maxReaders);

function enter(world: World, writes: boolean): void {
  if (writes) world.writing = true;
  else world.readers++;
}

function leave(world: World, writes: boolean): void {
  if (writes) world.writing = false;
  else world.readers--;
  serve(world);
}

function serve(world: World): void {
  for (;;) {
    const [first] = world.queue;
    if (first === undefined || !free(world, first.writes)) return;
    world.queue.shift();
    first.granted = true;
    enter(world, first.writes);
  }
}

const steps: Record<string, (world: World, n: number) => void> = {
  acquire(world, n) {
    const { lock, queue, waiters, guards } = world;
    const writes = n % 3 === 0;
    const future = writes ? lock.write() : lock.read();
    if (queue.length === 0 && free(world, writes)) {
      enter(world, writes);
      guards.push(ready<RwLockReadGuard<number> | RwLockWriteGuard<number>>(future));
    } else {
      const cx = new TestContext();
      pending(future as Future<unknown>, cx);
      const waiter: Waiter = { writes, future, cx, granted: false };
      queue.push(waiter);
      waiters.push(waiter);
    }
  },
  tryAcquire(world, n) {
    const { lock, queue, guards } = world;
    const writes = n % 3 === 0;
    const attempt = () => (writes ? lock.tryWrite() : lock.tryRead());
    if (queue.length === 0 && free(world, writes)) {
      enter(world, writes);
      guards.push(attempt());
    } else expect(attempt).toThrow(WouldBlockError);
  },
  poll(world, n) {
    const waiter = pick(world.waiters, n);
    if (waiter === undefined) return;
    const poll = waiter.future.poll(waiter.cx);
    if (!waiter.granted) expect(poll).toBe(Pending);
    else {
      if (poll === Pending) throw new Error("granted, and pending");
      world.guards.push(poll);
      world.waiters.splice(world.waiters.indexOf(waiter), 1);
    }
  },
  cancel(world, n) {
    const waiter = pick(world.waiters, n);
    if (waiter === undefined) return;
    world.waiters.splice(world.waiters.indexOf(waiter), 1);
    waiter.future.cancel(waiter.cx);
    if (waiter.granted) leave(world, waiter.writes);
    else world.queue.splice(world.queue.indexOf(waiter), 1);
    serve(world);
  },
  release(world, n) {
    const guard = pick(world.guards, n);
    if (guard === undefined) return;
    world.guards.splice(world.guards.indexOf(guard), 1);
    guard.release();
    leave(world, guard instanceof RwLockWriteGuard);
  },
  downgrade(world) {
    const guard = world.guards.find((each) => each instanceof RwLockWriteGuard);
    if (guard === undefined) return;
    world.guards.splice(world.guards.indexOf(guard), 1, guard.downgrade());
    world.writing = false;
    world.readers = 1;
    serve(world);
  },
  use(world, n) {
    for (const guard of world.guards) {
      expect(guard.value).toBe(world.value);
      if (guard instanceof RwLockWriteGuard) {
        guard.value = n;
        world.value = n;
      }
    }
  },
};

test("RwLock: does what its model does, whatever the order of things", () => {
  const step = fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(100));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 60 }), (maxReaders, run) => {
      const world: World = {
        maxReaders,
        lock: new RwLock(0, { maxReaders }),
        value: 0,
        readers: 0,
        writing: false,
        queue: [],
        waiters: [],
        guards: [],
      };
      for (const [name, n] of run) {
        steps[name]?.(world, n);
        const writers = world.guards.filter((guard) => guard instanceof RwLockWriteGuard).length;
        expect(writers === 0 || world.guards.length === 1).toBe(true);
        expect(queueOf(world.lock).waiters.size).toBe(world.queue.length);
        expect(queueOf(world.lock).available).toBe(world.writing ? 0 : maxReaders - world.readers);
        for (const { cx, granted } of world.waiters) expect(cx.wakes).toBe(granted ? 1 : 0);
      }
    }),
    { numRuns: 500 },
  );
});

test("RwLock: guards of both kinds are told apart by class", () => {
  const lock = new RwLock(0);
  expect(lock.tryRead()).toBeInstanceOf(RwLockReadGuard);
  expectTypeOf(lock.read()).toEqualTypeOf<Future<RwLockReadGuard<number>>>();
  expectTypeOf(lock.write()).toEqualTypeOf<Future<RwLockWriteGuard<number>>>();
  const guard = lock.tryRead();
  expect(() => {
    // @ts-expect-error: a read guard's value is not written to
    guard.value = 1;
  }).toThrow(TypeError);
});
