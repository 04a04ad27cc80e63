import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, PollAfterCompletionError, ReleasedError, WouldBlockError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { Mutex, type MutexGuard } from "./mutex.ts";
import type { PermitQueue } from "./permit-queue.ts";

/** How many wait. Private, since a program has no use for it; a leak is seen there first. */
const waiting = (mutex: Mutex<unknown>): number =>
  (mutex as unknown as { state: PermitQueue }).state.waiters.size;

test("mutex: one holds the lock at a time, and sees what the one before has written", () => {
  const mutex = new Mutex(1);
  const first = ready(mutex.lock());
  expect(first.value).toBe(1);
  first.value = 2;
  const lock = mutex.lock();
  const cx = pending(lock);
  expect(mutex.isLocked).toBe(true);
  first.release();
  expect(cx.wakes).toBe(1);
  expect(mutex.isLocked).toBe(true);
  const second = ready(lock);
  expect(second.value).toBe(2);
  second.release();
  expect(mutex.isLocked).toBe(false);
});

test("mutex: is locked in the order of the first polls", () => {
  const mutex = new Mutex("");
  let guard = ready(mutex.lock());
  const locks = ["a", "b", "c"].map((name) => ({ name, lock: mutex.lock() }));
  for (const { lock } of locks) pending(lock);
  for (const { name, lock } of locks) {
    guard.release();
    guard = ready(lock);
    guard.value += name;
  }
  expect(guard.value).toBe("abc");
});

test("mutex: tryLock refuses while the lock is held, and does not go past those who wait", () => {
  const mutex = new Mutex(0, { name: "counter" });
  const guard = mutex.tryLock();
  expect(() => mutex.tryLock()).toThrow(WouldBlockError);
  expect(() => mutex.tryLock()).toThrow('mutex "counter"');
  const lock = mutex.lock();
  pending(lock);
  guard.release();
  expect(() => mutex.tryLock()).toThrow(WouldBlockError);
  ready(lock).release();
  mutex.tryLock().release();
});

test("mutex: the value cannot be reached through a guard that was released", () => {
  const guard = ready(new Mutex(1).lock());
  guard.release();
  expect(() => guard.value).toThrow(ReleasedError);
  expect(() => {
    guard.value = 2;
  }).toThrow(ReleasedError);
});

test("mutex: releasing a guard twice does not unlock it for the next holder", () => {
  const mutex = new Mutex(1);
  const first = ready(mutex.lock());
  first.release();
  const second = ready(mutex.lock());
  first.release();
  first[Symbol.dispose]();
  expect(mutex.isLocked).toBe(true);
  second[Symbol.dispose]();
  expect(mutex.isLocked).toBe(false);
});

test("mutex: a lock granted to a waiter that is cancelled goes to the next", () => {
  const mutex = new Mutex(0);
  const guard = ready(mutex.lock());
  const [first, second] = [mutex.lock(), mutex.lock()];
  pending(first);
  const cx = pending(second);
  guard.release();
  first.cancel(new TestContext());
  expect(cx.wakes).toBe(1);
  ready(second).release();
  expect(mutex.isLocked).toBe(false);
  expect(() => first.poll(new TestContext())).toThrow(PollAfterCompletionError);
});

test("mutex: intoInner takes the value when nobody has the lock, and ends the mutex", () => {
  const mutex = new Mutex({ x: 1 }, { name: "config" });
  const guard = mutex.tryLock();
  expect(() => mutex.intoInner()).toThrow(WouldBlockError);
  guard.release();
  expect(mutex.intoInner()).toEqual({ x: 1 });
  expect(() => mutex.intoInner()).toThrow(ClosedError);
  expect(() => mutex.tryLock()).toThrow(ClosedError);
  expect(() => ready(mutex.lock())).toThrow(new ClosedError('the mutex "config"'));
});

test("mutex: a lock that was granted and not yet taken keeps intoInner away", () => {
  const mutex = new Mutex(1);
  const guard = mutex.tryLock();
  const lock = mutex.lock();
  pending(lock);
  guard.release();
  expect(() => mutex.intoInner()).toThrow(WouldBlockError);
  ready(lock).release();
  expect(mutex.intoInner()).toBe(1);
});

test("mutex: with keeps the lock across the suspensions of its body", async () => {
  const mutex = new Mutex(0);
  const add = co(function* () {
    return yield* mutex.with(function* (guard) {
      const before = guard.value;
      yield* yieldNow();
      guard.value = before + 1;
      return before;
    });
  });
  const main = co(function* () {
    const handles = Array.from({ length: 20 }, () => spawn(add()));
    const befores: number[] = [];
    for (const handle of handles) befores.push(yield* handle);
    return befores;
  });
  expect(await run(main())).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect(mutex.intoInner()).toBe(20);
});

test("mutex: an error in with unlocks it; nothing is poisoned", async () => {
  const mutex = new Mutex(7);
  const failing = mutex.with(function* () {
    yield* yieldNow();
    throw new Error("body");
  });
  await expect(run(failing)).rejects.toThrow("body");
  expect(await run(mutex.with(({ value }) => yieldNowWith(value)))).toBe(7);
});

const yieldNowWith = co(function* <T>(value: T) {
  yield* yieldNow();
  return value;
});

test("mutex: a guard can be awaited for in an ordinary async function", async () => {
  const mutex = new Mutex(1);
  const guard = await mutex.lock();
  expect(guard.value).toBe(1);
  guard.release();
});

test("mutex: a lock cancelled at any poll leaves it unlocked and nobody waiting", async () => {
  await cancelAtEveryPoll(async (cancelAt) => {
    const mutex = new Mutex(0);
    const use = co(function* () {
      const guard = yield* mutex.lock();
      yield* yieldNow();
      guard.value++;
      guard.release();
    });
    const main = co(function* () {
      const before = spawn(use());
      yield* yieldNow();
      const operation = cancelAt(mutex.lock());
      const behind = spawn(use());
      const outcome = yield* operation;
      if (!outcome.cancelled) outcome.value.release();
      yield* before;
      yield* behind;
    });
    await run(main());
    expect(waiting(mutex)).toBe(0);
    expect(mutex.intoInner()).toBe(2);
  });
});

test("mutex: a with cancelled at any poll leaves it unlocked and nobody waiting", async () => {
  const polls = await cancelAtEveryPoll(async (cancelAt) => {
    const mutex = new Mutex(0);
    const main = co(function* () {
      const guard = yield* mutex.lock();
      const releasing = spawn(
        co(function* () {
          yield* yieldNow();
          guard.release();
        })(),
      );
      yield* cancelAt(
        mutex.with(function* () {
          yield* yieldNow();
        }),
      );
      yield* releasing;
    });
    await run(main());
    expect(waiting(mutex)).toBe(0);
    expect(mutex.isLocked).toBe(false);
  });
  expect(polls).toBeGreaterThan(2);
});

test("mutex: 100,000 cancelled locks leave nothing behind", () => {
  const mutex = new Mutex(0);
  const guard = mutex.tryLock();
  const cx = new TestContext();
  const batch = (): void => {
    const locks = Array.from({ length: 100_000 }, () => mutex.lock());
    for (const lock of locks) pending(lock, cx);
    for (const lock of locks) lock.cancel(cx);
  };
  batch();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch();
  globalThis.gc?.();
  expect(waiting(mutex)).toBe(0);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  guard.release();
  expect(mutex.isLocked).toBe(false);
});

test("mutex: without budget a lock has no effect", () => {
  const { handle } = new Runtime();
  const mutex = new Mutex(1);
  handle.budget = 0;
  const cx = new TestContext(handle);
  pending(mutex.lock(), cx);
  expect(cx.wakes).toBe(1);
  expect(mutex.isLocked).toBe(false);
});

test("mutex: the types follow the value", () => {
  const mutex = new Mutex<string[]>([]);
  expectTypeOf(mutex.lock()).toEqualTypeOf<Future<MutexGuard<string[]>>>();
  expectTypeOf(mutex.tryLock().value).toEqualTypeOf<string[]>();
  const length = mutex.with(function* (guard) {
    return guard.value.length;
  });
  expectTypeOf(length).toEqualTypeOf<Future<number>>();
});
