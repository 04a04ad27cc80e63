import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError, WouldBlockError } from "../../../src/core/errors.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { Semaphore } from "../../../src/sync/semaphore.ts";
import { spawn } from "../../../src/task/spawn.ts";

/** Takes a permit and gives it back. */
const use = co(function* (semaphore: Semaphore) {
  const permit = yield* semaphore.acquire();
  permit.release();
});

test("no_permits: a semaphore may begin with no permits", () => {
  expect(new Semaphore(0).availablePermits).toBe(0);
});

test("try_acquire: refuses when there is no permit, and gives one again once it is back", () => {
  const semaphore = new Semaphore(1);
  const permit = semaphore.tryAcquire();
  expect(() => semaphore.tryAcquire()).toThrow(WouldBlockError);
  permit.release();
  semaphore.tryAcquire();
});

test("acquire: a task that waits gets the permit that is given back", async () => {
  const semaphore = new Semaphore(1);
  const permit = semaphore.tryAcquire();
  const main = co(function* () {
    const handle = spawn(use(semaphore));
    permit.release();
    yield* handle;
  });
  await run(main());
});

test("add_permits: a task that waits gets a permit that is added", async () => {
  const semaphore = new Semaphore(0);
  const main = co(function* () {
    const handle = spawn(use(semaphore));
    semaphore.addPermits(1);
    yield* handle;
  });
  await run(main());
});

const sizes = [0, 1, 2, 3].flatMap((size) => [0, 1, 2, 3].map((other) => [size, other] as const));

test("add_permits_open: what is added is available", () => {
  for (const [size, add] of sizes) {
    const semaphore = new Semaphore(size);
    semaphore.addPermits(add);
    expect(semaphore.availablePermits).toBe(size + add);
    expect(semaphore.isClosed).toBe(false);
  }
});

test("add_permits_closed: a closed semaphore still counts what is added", () => {
  for (const [size, add] of sizes) {
    const semaphore = new Semaphore(size);
    semaphore.close();
    semaphore.addPermits(add);
    expect(semaphore.availablePermits).toBe(size + add);
    expect(semaphore.isClosed).toBe(true);
  }
});

test("forget: a forgotten permit does not come back", () => {
  const semaphore = new Semaphore(1);
  const permit = semaphore.tryAcquire();
  expect(semaphore.availablePermits).toBe(0);
  permit.forget();
  permit[Symbol.dispose]();
  expect(semaphore.availablePermits).toBe(0);
  expect(() => semaphore.tryAcquire()).toThrow(WouldBlockError);
});

for (const closed of [false, true]) {
  test(`forget_${closed ? "closed" : "open"}: takes as many as there are, and says how many`, () => {
    for (const [size, sub] of sizes) {
      const semaphore = new Semaphore(size);
      if (closed) semaphore.close();
      const taken = Math.min(size, sub);
      expect(semaphore.forgetPermits(sub)).toBe(taken);
      expect(semaphore.availablePermits).toBe(size - taken);
      expect(semaphore.isClosed).toBe(closed);
    }
  });
}

test("merge: a merged permit gives back what both had", () => {
  const semaphore = new Semaphore(3);
  const permit = semaphore.tryAcquire();
  expect(semaphore.availablePermits).toBe(2);
  const other = semaphore.tryAcquireMany(2);
  expect(semaphore.availablePermits).toBe(0);
  permit.merge(other);
  other.release();
  expect(semaphore.availablePermits).toBe(0);
  permit.release();
  expect(semaphore.availablePermits).toBe(3);
});

test("merge_unrelated_permits: permits of two semaphores cannot be merged", () => {
  const permit = new Semaphore(3).tryAcquire();
  const other = new Semaphore(3).tryAcquire();
  expect(() => permit.merge(other)).toThrow(TypeError);
});

test("split: the parts give back what they have, each its own; more than there is cannot be split off", () => {
  const semaphore = new Semaphore(5);
  const first = semaphore.tryAcquireMany(3);
  expect([semaphore.availablePermits, first.numPermits]).toEqual([2, 3]);
  const second = first.split(1);
  expect([semaphore.availablePermits, first.numPermits, second.numPermits]).toEqual([2, 2, 1]);
  const third = first.split(0);
  expect(third.numPermits).toBe(0);
  first.release();
  expect(semaphore.availablePermits).toBe(4);
  const fourth = second.split(1);
  expect([second.numPermits, fourth.numPermits]).toEqual([0, 1]);
  expect(() => second.split(1)).toThrow(RangeError);
  second.release();
  third.release();
  expect(semaphore.availablePermits).toBe(4);
  fourth.release();
  expect(semaphore.availablePermits).toBe(5);
});

test("stress_test: after 1,000 tasks have taken turns there are as many permits as before", async () => {
  const semaphore = new Semaphore(5);
  const main = co(function* () {
    const handles = Array.from({ length: 1_000 }, () => spawn(use(semaphore)));
    for (const handle of handles) yield* handle;
  });
  await run(main());
  for (let i = 0; i < 5; i++) semaphore.tryAcquire();
  expect(() => semaphore.tryAcquire()).toThrow(WouldBlockError);
});

test("add_max_amount_permits: as many as the maximum can be added", () => {
  const semaphore = new Semaphore(0);
  semaphore.addPermits(Semaphore.MAX_PERMITS);
  expect(semaphore.availablePermits).toBe(Semaphore.MAX_PERMITS);
});

test("add_more_than_max_amount_permits1: adding past the maximum is refused", () => {
  const semaphore = new Semaphore(1);
  expect(() => semaphore.addPermits(Semaphore.MAX_PERMITS)).toThrow(RangeError);
  expect(semaphore.availablePermits).toBe(1);
});

test("add_more_than_max_amount_permits2: adding one by one past the maximum is refused", () => {
  const semaphore = new Semaphore(Semaphore.MAX_PERMITS - 1);
  semaphore.addPermits(1);
  expect(() => semaphore.addPermits(1)).toThrow(RangeError);
});

test("panic_when_exceeds_maxpermits: a semaphore cannot begin with more than the maximum", () => {
  expect(() => new Semaphore(Semaphore.MAX_PERMITS + 1)).toThrow(RangeError);
});

test("no_panic_at_maxpermits: a semaphore can begin with the maximum, or reach it", () => {
  expect(new Semaphore(Semaphore.MAX_PERMITS).availablePermits).toBe(Semaphore.MAX_PERMITS);
  const semaphore = new Semaphore(Semaphore.MAX_PERMITS - 1);
  semaphore.addPermits(1);
  expect(semaphore.availablePermits).toBe(Semaphore.MAX_PERMITS);
});

test("blocking_acquire_closed: once closed, one permit and many are refused (here: by the futures)", async () => {
  const semaphore = new Semaphore(1);
  semaphore.close();
  await expect(run(semaphore.acquire())).rejects.toThrow(ClosedError);
  await expect(run(semaphore.acquireMany(2))).rejects.toThrow(ClosedError);
});
