import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { TimeoutError, WouldBlockError } from "../../../src/core/errors.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { Mutex } from "../../../src/sync/mutex.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { timeout } from "../../../src/time/timeout.ts";
import { pending, ready } from "../../support/context.ts";

test("straight_execution: each holder finds what the one before has left", () => {
  const mutex = new Mutex(100);
  for (const next of [99, 98, 97]) {
    const guard = ready(mutex.lock());
    expect(guard.value).toBe(next + 1);
    guard.value = next;
    guard.release();
  }
});

test("readiness: who waits is woken by the unlock, and then has the lock", () => {
  const mutex = new Mutex(100);
  const guard = ready(mutex.lock());
  const lock = mutex.lock();
  const cx = pending(lock);
  guard.release();
  expect(cx.wakes).toBe(1);
  ready(lock);
});

test("aborted_future_1: a lock that is held by a future that is cancelled is free again", async () => {
  const mutex = new Mutex(0);
  const main = co(function* () {
    const holding = mutex.with(() => sleep(1_000));
    try {
      yield* timeout(1, holding);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TimeoutError);
    }
    const guard = yield* timeout(1, mutex.lock());
    guard.release();
  });
  await run(main(), { clock: "paused" });
  expect(mutex.isLocked).toBe(false);
});

test("aborted_future_2: a future that is cancelled while it waits for the lock does not get it", async () => {
  const mutex = new Mutex(0);
  const main = co(function* () {
    const guard = yield* mutex.lock();
    try {
      yield* timeout(1, mutex.lock());
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(TimeoutError);
    }
    guard.release();
    const again = yield* timeout(1, mutex.lock());
    again.release();
  });
  await run(main(), { clock: "paused" });
  expect(mutex.isLocked).toBe(false);
});

test("try_lock: refuses while the lock is held, and succeeds once it is free", () => {
  const mutex = new Mutex(0);
  const guard = mutex.tryLock();
  expect(() => mutex.tryLock()).toThrow(WouldBlockError);
  guard.release();
  mutex.tryLock();
});
