import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { WouldBlockError } from "../../../src/core/errors.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { Semaphore } from "../../../src/sync/semaphore.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { Gate } from "../../support/gate.ts";

// A permit refers to its semaphore, so each is "owned"; the other cases of this suite are those of sync_semaphore.

test("try_acquire_many: takes all or none of as many as it is asked for", () => {
  const semaphore = new Semaphore(42);
  const all = semaphore.tryAcquireMany(42);
  expect(() => semaphore.tryAcquire()).toThrow(WouldBlockError);
  all.release();
  semaphore.tryAcquireMany(32);
  semaphore.tryAcquireMany(10);
  expect(() => semaphore.tryAcquire()).toThrow(WouldBlockError);
});

test("acquire_many: is ready at once where there are enough, else when enough are given back", async () => {
  const semaphore = new Semaphore(42);
  const permit = semaphore.tryAcquireMany(32);
  const gotTen = new Gate();
  const task = co(function* () {
    const ten = yield* semaphore.acquireMany(10);
    gotTen.open();
    yield* semaphore.acquireMany(32);
    return ten.numPermits;
  });
  const main = co(function* () {
    const handle = spawn(task());
    yield* gotTen;
    permit.release();
    return yield* handle;
  });
  expect(await run(main())).toBe(10);
  expect(semaphore.availablePermits).toBe(0);
});
