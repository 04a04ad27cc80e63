import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { WouldBlockError } from "../../../src/core/errors.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { Barrier } from "../../../src/sync/barrier.ts";
import { RwLock } from "../../../src/sync/rw-lock.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { pending, ready, TestContext } from "../../support/context.ts";

test("into_inner: gives the value back", () => {
  expect(new RwLock(42).intoInner()).toBe(42);
});

test("read_shared: two may read at once", () => {
  const lock = new RwLock(100);
  ready(lock.read());
  ready(lock.read());
});

test("write_shared_pending: nobody writes while somebody reads", () => {
  const lock = new RwLock(100);
  ready(lock.read());
  pending(lock.write());
});

test("read_exclusive_pending: nobody reads while somebody writes", () => {
  const lock = new RwLock(100);
  ready(lock.write());
  pending(lock.read());
});

test("exhaust_reading: past the most readers the next one waits until one of them leaves", () => {
  const lock = new RwLock(100, { maxReaders: 1024 });
  const readers = Array.from({ length: 1024 }, () => ready(lock.read()));
  const read = lock.read();
  const cx = pending(read);
  readers.pop()?.release();
  expect(cx.wakes).toBe(1);
  ready(read);
});

test("zero_max_readers: a lock for no readers is refused", () => {
  expect(() => new RwLock(100, { maxReaders: 0 })).toThrow(RangeError);
});

test("write_exclusive_pending: two do not write at once", () => {
  const lock = new RwLock(100);
  ready(lock.write());
  pending(lock.write());
});

test("write_shared_drop: a writer comes in when the reader leaves", () => {
  const lock = new RwLock(100);
  const reader = ready(lock.read());
  const write = lock.write();
  const cx = pending(write);
  reader.release();
  expect(cx.wakes).toBe(1);
  ready(write);
});

test("write_read_shared_pending: a reader that comes after a waiting writer waits too", () => {
  const lock = new RwLock(100);
  ready(lock.read());
  ready(lock.read());
  pending(lock.write());
  pending(lock.read());
});

test("write_read_shared_drop_pending: it comes in when that writer gives up", () => {
  const lock = new RwLock(100);
  ready(lock.read());
  const write = lock.write();
  pending(write);
  const read = lock.read();
  const cx = pending(read);
  write.cancel(new TestContext());
  expect(cx.wakes).toBe(1);
  ready(read);
});

test("read_uncontested: one task reads", async () => {
  const lock = new RwLock(100);
  const main = co(function* () {
    return (yield* lock.read()).value;
  });
  expect(await run(main())).toBe(100);
});

test("write_uncontested: one task writes", async () => {
  const lock = new RwLock(100);
  const main = co(function* () {
    const guard = yield* lock.write();
    guard.value += 50;
    return guard.value;
  });
  expect(await run(main())).toBe(150);
});

test("write_order: the order of the waits counts, not that in which the futures were made", async () => {
  const lock = new RwLock<number[]>([]);
  const push = (value: number) =>
    lock.withWrite(function* (guard) {
      guard.value.push(value);
    });
  const main = co(function* () {
    const second = push(2);
    const first = push(1);
    yield* first;
    yield* second;
  });
  await run(main());
  expect(lock.intoInner()).toEqual([1, 2]);
});

test("multithreaded: no write is lost among four tasks that write a thousand times each (here: on one thread)", async () => {
  const barrier = new Barrier(5);
  const lock = new RwLock(0);
  const add = co(function* (value: number) {
    for (let i = 0; i < 1_000; i++) {
      yield* lock.withWrite(function* (guard) {
        const before = guard.value;
        yield* yieldNow();
        guard.value = before + value;
      });
    }
    yield* barrier.wait();
  });
  const main = co(function* () {
    for (const value of [2, 3, 5, 7]) spawn(add(value));
    yield* barrier.wait();
    return (yield* lock.read()).value;
  });
  expect(await run(main())).toBe(17_000);
});

test("try_write: refuses while somebody reads", () => {
  const lock = new RwLock(0);
  const reader = ready(lock.read());
  expect(() => lock.tryWrite()).toThrow(WouldBlockError);
  reader.release();
  lock.tryWrite();
});

test("try_read_try_write: readers share, a writer does not, and what it wrote is read", () => {
  const lock = new RwLock(15);
  const [first, second] = [lock.tryRead(), lock.tryRead()];
  expect([first.value, second.value]).toEqual([15, 15]);
  expect(() => lock.tryWrite()).toThrow(WouldBlockError);
  first.release();
  second.release();
  const writer = lock.tryWrite();
  writer.value = 1515;
  expect(() => lock.tryRead()).toThrow(WouldBlockError);
  writer.release();
  expect(lock.tryRead().value).toBe(1515);
});

test("downgrade_map: a reader that waits comes in at the downgrade, to the same value (here: without a map)", () => {
  const lock = new RwLock({});
  const writer = ready(lock.write());
  const read = lock.read();
  pending(read);
  const reader = writer.downgrade();
  expect(ready(read).value).toBe(reader.value);
});
