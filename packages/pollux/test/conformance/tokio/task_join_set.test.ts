import { expect, test } from "vitest";
import { never } from "../../../src/combine/never.ts";
import { co } from "../../../src/core/coroutine.ts";
import { CancelledError, ClosedError } from "../../../src/core/errors.ts";
import type { Future, Suspend } from "../../../src/core/future.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { type OneshotReceiver, type OneshotSender, oneshot } from "../../../src/sync/oneshot.ts";
import { Semaphore } from "../../../src/sync/semaphore.ts";
import { watch } from "../../../src/sync/watch.ts";
import { JoinSet } from "../../../src/task/join-set.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { nowOrNever } from "../../support/now-or-never.ts";

const paused = (body: () => Generator<Suspend, void, unknown>): Promise<void> =>
  new Runtime({ clock: "paused" }).run(co(body)());

const value = co(function* <T>(given: T) {
  return given;
});

const after = co(function* <T>(ms: number, given: T) {
  yield* sleep(ms);
  return given;
});

/** Never ends by itself; closes the sender when it is given up. */
const holds = co(function* (tx: OneshotSender<void>): Generator<Suspend, void> {
  try {
    yield* never();
  } finally {
    tx.close();
  }
});

function spawnPending(set: JoinSet<void>, n: number): OneshotReceiver<void>[] {
  return Array.from({ length: n }, () => {
    const [tx, rx] = oneshot<void>();
    set.spawn(holds(tx));
    return rx;
  });
}

const allClosed = co(function* (receivers: Future<void>[]) {
  for (const rx of receivers) {
    let error: unknown;
    try {
      yield* rx;
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(ClosedError);
  }
});

const drainIndexes = co(function* (set: JoinSet<number>, n: number) {
  const seen = new Set<number>();
  while (!set.isEmpty) seen.add((yield* set.joinNext()) as number);
  expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
});

test("test_with_sleep: the length counts, detaching empties, and all results come", () =>
  paused(function* () {
    const set = new JoinSet<number>();
    for (let i = 0; i < 10; i++) {
      set.spawn(value(i));
      expect(set.len).toBe(i + 1);
    }
    set.detachAll();
    expect(set.len).toBe(0);
    expect(yield* set.joinNext()).toBe(undefined);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 10; i++) set.spawn(after(i * 1000, i));
      yield* drainIndexes(set, 10);
      expect(yield* set.joinNext()).toBe(undefined);
    }
  }));

test("test_abort_on_drop: disposing of the set aborts its tasks", () =>
  paused(function* () {
    const set = new JoinSet<void>();
    const receivers = spawnPending(set, 16);
    set[Symbol.dispose]();
    yield* allClosed(receivers);
  }));

test("alternating: joining one and spawning one keeps the length", () =>
  paused(function* () {
    const set = new JoinSet<void>();
    set.spawn(value(undefined));
    set.spawn(value(undefined));
    for (let i = 0; i < 16; i++) {
      yield* set.joinNext();
      expect(set.len).toBe(1);
      set.spawn(value(undefined));
      expect(set.len).toBe(2);
    }
  }));

test("abort_tasks: tasks that are aborted are joined as cancelled, the others with their value", () =>
  paused(function* () {
    const set = new JoinSet<number>();
    for (let i = 0; i < 16; i++) {
      const handle = set.spawn(after(i * 1000, i));
      if (i % 2 !== 0) handle.abort();
    }
    let [cancelled, completed] = [0, 0];
    for (
      let result = yield* set.joinNextResult();
      result !== undefined;
      result = yield* set.joinNextResult()
    ) {
      if (result.status === "fulfilled") {
        completed++;
        expect(result.value % 2).toBe(0);
      } else {
        cancelled++;
        expect(result.reason).toBeInstanceOf(CancelledError);
      }
    }
    expect([cancelled, completed]).toEqual([8, 8]);
  }));

test("runtime_gone: tasks that end with their runtime are joined as cancelled, from another one", async () => {
  const set = new JoinSet<void>();
  await new Runtime().run(
    co(function* () {
      set.spawn(never());
      yield* yieldNow();
    })(),
  );
  const result = await new Runtime().run(set.joinNextResult());
  expect(result).toMatchObject({ status: "rejected", reason: expect.any(CancelledError) });
});

test("join_all: gives all values", () =>
  paused(function* () {
    const set = new JoinSet<number>();
    for (let i = 0; i < 5; i++) set.spawn(value(1));
    expect(yield* set.joinAll()).toEqual([1, 1, 1, 1, 1]);
  }));

test("task_panics: joinAll ends with the first failure, and the others are aborted", () =>
  paused(function* () {
    const set = new JoinSet<void>();
    const [tx, rx] = oneshot<void>();
    set.spawn(
      co(function* () {
        try {
          yield* sleep(2000);
          tx.send();
        } finally {
          tx.close();
        }
      })(),
    );
    set.spawn(
      co(function* () {
        yield* sleep(1000);
        throw new Error("panic");
      })(),
    );
    expect(set.len).toBe(2);
    const all = spawn(set.joinAll());
    let error: unknown;
    try {
      yield* all;
    } catch (e) {
      error = e;
    }
    expect(error).toMatchObject({ message: "panic" });
    expect(() => rx.tryRecv()).toThrow(ClosedError);
  }));

test("abort_all: what has ended keeps its result, and all stay to be joined", () =>
  paused(function* () {
    const set = new JoinSet<void>();
    for (let i = 0; i < 5; i++) set.spawn(never());
    for (let i = 0; i < 5; i++) set.spawn(sleep(1000));
    yield* sleep(2000);
    set.abortAll();
    expect(set.len).toBe(10);
    let [ended, cancelled] = [0, 0];
    while (!set.isEmpty) {
      const result = yield* set.joinNextResult();
      if (result?.status === "fulfilled") ended++;
      else if (result?.reason instanceof CancelledError) cancelled++;
    }
    expect([ended, cancelled, set.len]).toEqual([5, 5, 0]);
  }));

test("join_set_coop: a thousand joins that are ready have to yield in between", () =>
  paused(function* () {
    const set = new JoinSet<void>();
    const semaphore = new Semaphore(0);
    for (let i = 0; i < 1000; i++)
      set.spawn(
        co(function* () {
          semaphore.addPermits(1);
        })(),
      );
    yield* semaphore.acquireMany(1000);
    let [count, yields] = [0, 0];
    while (!set.isEmpty) {
      const joined = yield* nowOrNever(set.joinNext());
      if (joined !== "never") count++;
      else {
        yields++;
        yield* yieldNow();
      }
    }
    expect(count).toBe(1000);
    expect(yields).toBeGreaterThanOrEqual(1);
  }));

test("try_join_next: takes what has ended, without waiting", () =>
  paused(function* () {
    const [tx, rx] = watch<number>(0);
    const set = new JoinSet<string>();
    for (let i = 0; i < 1000; i++) {
      const own = rx.clone();
      set.spawn(
        co(function* () {
          yield* own.changed();
          return "changed";
        })(),
      );
    }
    yield* yieldNow();
    expect(set.tryJoinNext()).toBe(undefined);
    tx.send(1);
    yield* sleep(1);
    let count = 0;
    while (set.tryJoinNext() === "changed") count++;
    expect(count).toBe(1000);
    expect(set.isEmpty).toBe(true);
  }));

test("try_join_next_with_id: each result tells which task it is of", () =>
  paused(function* () {
    const [tx, rx] = watch<number>(0);
    const set = new JoinSet<unknown>();
    const spawned = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      const own = rx.clone();
      spawned.add(set.spawn(own.changed()).id);
    }
    yield* yieldNow();
    expect(set.tryJoinNextResult()).toBe(undefined);
    tx.send(1);
    yield* sleep(1);
    const joined = new Set<number>();
    for (let result = set.tryJoinNextResult(); result !== undefined; result = set.tryJoinNextResult())
      joined.add(result.id);
    expect(joined).toEqual(spawned);
  }));

test("extend: a set is filled from any iteration, at once and later", () =>
  paused(function* () {
    const set = new JoinSet<number>();
    for (const i of [0, 1, 2, 3, 4]) set.spawn(value(i));
    for (const i of [5, 6, 7, 8, 9]) set.spawn(value(i));
    yield* drainIndexes(set, 10);
  }));

test("spawn_local::local_runtime::spawn_then_join_next: nothing has ended before the first join", () =>
  paused(function* () {
    const set = new JoinSet<number>();
    for (let i = 0; i < 8; i++) set.spawn(value(i));
    expect(set.tryJoinNext()).toBe(undefined);
    yield* drainIndexes(set, 8);
  }));

test("spawn_local::local_runtime::spawn_then_shutdown: all tasks are ended", () =>
  paused(function* () {
    const set = new JoinSet<void>();
    const receivers = spawnPending(set, 8);
    expect(set.tryJoinNext()).toBe(undefined);
    yield* set.shutdown();
    expect(set.isEmpty).toBe(true);
    yield* allClosed(receivers);
  }));

test("spawn_local::local_runtime::spawn_then_drop: all tasks are ended, those never polled too", () =>
  paused(function* () {
    const set = new JoinSet<void>();
    const receivers = spawnPending(set, 8);
    expect(set.tryJoinNext()).toBe(undefined);
    set[Symbol.dispose]();
    yield* allClosed(receivers);
  }));
