import { expect, test } from "vitest";
import { never } from "../../../src/combine/never.ts";
import { co } from "../../../src/core/coroutine.ts";
import { CancelledError, ClosedError } from "../../../src/core/errors.ts";
import type { Future, Suspend } from "../../../src/core/future.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { type OneshotReceiver, type OneshotSender, oneshot } from "../../../src/sync/oneshot.ts";
import { Semaphore } from "../../../src/sync/semaphore.ts";
import { JoinMap } from "../../../src/task/join-map.ts";
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

const holds = co(function* (tx: OneshotSender<void>): Generator<Suspend, void> {
  try {
    yield* never();
  } finally {
    tx.close();
  }
});

function spawnPending(map: JoinMap<number, void>, n: number): OneshotReceiver<void>[] {
  return Array.from({ length: n }, (_, i) => {
    const [tx, rx] = oneshot<void>();
    map.spawn(i, holds(tx));
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

/** Joins all, and requires that each key came once, with itself as the value. */
const drainIndexes = co(function* (map: JoinMap<number, number>, n: number) {
  const seen = new Set<number>();
  for (let next = yield* map.joinNext(); next !== undefined; next = yield* map.joinNext()) {
    expect(next[1]).toMatchObject({ status: "fulfilled", value: next[0] });
    expect(map.containsKey(next[0])).toBe(false);
    seen.add(next[0]);
  }
  expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
  expect(map.isEmpty).toBe(true);
});

/** Joins all; gives the keys of those that ended well, and of those that were cancelled. */
const outcomes = co(function* <K>(map: JoinMap<K, unknown>) {
  const [ended, cancelled]: [K[], K[]] = [[], []];
  for (let next = yield* map.joinNext(); next !== undefined; next = yield* map.joinNext()) {
    const [key, result] = next;
    expect(map.containsKey(key)).toBe(false);
    if (result.status === "fulfilled") ended.push(key);
    else if (result.reason instanceof CancelledError) cancelled.push(key);
  }
  return { ended, cancelled };
});

/** `tryJoinNext` until there is one. */
const untilJoined = co(function* <K, V>(map: JoinMap<K, V>) {
  for (;;) {
    const next = map.tryJoinNext();
    if (next !== undefined) return next;
    yield* yieldNow();
  }
});

test("test_with_sleep: the length counts, detaching empties, and all results come", () =>
  paused(function* () {
    const map = new JoinMap<number, number>();
    for (let i = 0; i < 10; i++) {
      map.spawn(i, value(i));
      expect(map.len).toBe(i + 1);
    }
    map.detachAll();
    expect(map.len).toBe(0);
    expect(yield* map.joinNext()).toBe(undefined);
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 10; i++) map.spawn(i, after(i * 1000, i));
      yield* drainIndexes(map, 10);
    }
  }));

test("test_abort_on_drop: disposing of the map aborts its tasks", () =>
  paused(function* () {
    const map = new JoinMap<number, void>();
    const receivers = spawnPending(map, 16);
    map[Symbol.dispose]();
    yield* allClosed(receivers);
  }));

test("alternating: joining one and spawning one keeps the length", () =>
  paused(function* () {
    const map = new JoinMap<number, void>();
    map.spawn(1, value(undefined));
    map.spawn(2, value(undefined));
    for (let i = 0; i < 16; i++) {
      expect((yield* map.joinNext())?.[1].status).toBe("fulfilled");
      expect(map.len).toBe(1);
      map.spawn(i + 10, value(undefined));
      expect(map.len).toBe(2);
    }
  }));

test("test_keys: the keys are those of the tasks that have not been joined", () =>
  paused(function* () {
    const map = new JoinMap<number, void>();
    map.spawn(1, value(undefined));
    map.spawn(2, value(undefined));
    expect(new Set(map.keys())).toEqual(new Set([1, 2]));
    yield* map.joinNext();
    yield* map.joinNext();
    expect([map.len, [...map.keys()]]).toEqual([0, []]);
  }));

test("abort_by_key: those that are aborted are joined as cancelled, the others with their value", () =>
  paused(function* () {
    const map = new JoinMap<number, void>();
    for (let i = 0; i < 16; i++) map.spawn(i, sleep(i * 1000));
    for (let i = 1; i < 16; i += 2) map.abort(i);
    const { ended, cancelled } = yield* outcomes(map);
    expect([ended.length, cancelled.length]).toEqual([8, 8]);
    expect(ended.every((key) => key % 2 === 0) && cancelled.every((key) => key % 2 === 1)).toBe(true);
  }));

test("abort_by_predicate: the same, by a condition on the key", () =>
  paused(function* () {
    const map = new JoinMap<number, void>();
    for (let i = 0; i < 16; i++) map.spawn(i, sleep(i * 1000));
    map.abortMatching((key) => key % 2 !== 0);
    const { ended, cancelled } = yield* outcomes(map);
    expect([ended.length, cancelled.length]).toEqual([8, 8]);
    expect(cancelled.every((key) => key % 2 === 1)).toBe(true);
  }));

test("runtime_gone: tasks that end with their runtime are joined as cancelled, from another one", async () => {
  const map = new JoinMap<string, void>();
  await new Runtime().run(
    co(function* () {
      map.spawn("key", never());
      yield* yieldNow();
    })(),
  );
  const next = await new Runtime().run(map.joinNext());
  expect(next).toEqual(["key", expect.objectContaining({ reason: expect.any(CancelledError) })]);
});

test("join_map_coop: a thousand joins that are ready have to yield in between", () =>
  paused(function* () {
    const map = new JoinMap<number, number>();
    const semaphore = new Semaphore(0);
    for (let i = 0; i < 1000; i++)
      map.spawn(
        i,
        co(function* () {
          semaphore.addPermits(1);
          return i;
        })(),
      );
    yield* semaphore.acquireMany(1000);
    let [count, yields] = [0, 0];
    while (!map.isEmpty) {
      const joined = yield* nowOrNever(map.joinNext());
      if (joined !== "never") {
        expect(joined.value?.[1]).toMatchObject({ value: joined.value?.[0] });
        count++;
      } else {
        yields++;
        yield* yieldNow();
      }
    }
    expect(count).toBe(1000);
    expect(yields).toBeGreaterThanOrEqual(1);
  }));

test("abort_all: what has ended keeps its result, and all stay to be joined", () =>
  paused(function* () {
    const map = new JoinMap<number, void>();
    for (let i = 0; i < 5; i++) map.spawn(i, never());
    for (let i = 5; i < 10; i++) map.spawn(i, sleep(1000));
    yield* sleep(2000);
    map.abortAll();
    expect(map.len).toBe(10);
    const { ended, cancelled } = yield* outcomes(map);
    expect([ended.sort(), cancelled.sort()]).toEqual([
      [5, 6, 7, 8, 9],
      [0, 1, 2, 3, 4],
    ]);
  }));

test("try_join_next_empty: an empty map gives nothing", () => {
  expect(new JoinMap<number, void>().tryJoinNext()).toBe(undefined);
});

test("try_join_next_no_ready_task: nor does one whose task has not ended", () =>
  paused(function* () {
    const [, rx] = oneshot<void>();
    const map = new JoinMap<string, void>();
    map.spawn("pending", rx);
    yield* yieldNow();
    expect(map.tryJoinNext()).toBe(undefined);
    expect(map.len).toBe(1);
  }));

test("try_join_next_completed_task: a task that has ended is given with its key", () =>
  paused(function* () {
    const map = new JoinMap<string, number>();
    map.spawn("hello", value(42));
    expect(yield* untilJoined(map)).toMatchObject(["hello", { value: 42 }]);
    expect(map.isEmpty).toBe(true);
  }));

test("try_join_next_aborted_task: so is one that was aborted", () =>
  paused(function* () {
    const map = new JoinMap<string, void>();
    map.spawn("forever", never());
    expect(map.abort("forever")).toBe(true);
    const [key, result] = yield* untilJoined(map);
    expect([key, result.status === "rejected" && result.reason]).toEqual([
      "forever",
      expect.any(CancelledError),
    ]);
    expect(map.isEmpty).toBe(true);
  }));

test("try_join_next_advances_through_multiple: all that have ended are given, one after the other", () =>
  paused(function* () {
    const map = new JoinMap<number, number>();
    for (let i = 0; i < 8; i++) map.spawn(i, value(i));
    yield* yieldNow();
    const seen: number[] = [];
    for (let next = map.tryJoinNext(); next !== undefined; next = map.tryJoinNext()) seen.push(next[0]);
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(map.isEmpty).toBe(true);
  }));

test("try_join_next_skips_replaced_task: one that has ended and was replaced is not given", () =>
  paused(function* () {
    const map = new JoinMap<number, number>();
    map.spawn(1, value(11));
    yield* yieldNow();
    map.spawn(1, value(22));
    yield* yieldNow();
    expect(map.tryJoinNext()).toMatchObject([1, { value: 22 }]);
    expect(map.tryJoinNext()).toBe(undefined);
    expect(map.isEmpty).toBe(true);
  }));

test("duplicate_keys: the second of two tasks for one key is the one that is joined", () =>
  paused(function* () {
    const map = new JoinMap<number, number>();
    map.spawn(1, value(1));
    map.spawn(1, value(2));
    expect(map.len).toBe(1);
    expect(yield* map.joinNext()).toMatchObject([1, { value: 2 }]);
    expect(yield* map.joinNext()).toBe(undefined);
  }));

test("duplicate_keys2: while it is pending, nothing is joined", () =>
  paused(function* () {
    const [tx, rx] = oneshot<number>();
    const map = new JoinMap<number, number>();
    map.spawn(1, value(1));
    map.spawn(1, rx);
    expect(map.len).toBe(1);
    for (let i = 0; i < 3; i++) {
      expect(yield* nowOrNever(map.joinNext())).toBe("never");
      yield* yieldNow();
    }
    tx.send(2);
    expect(yield* map.joinNext()).toMatchObject([1, { value: 2 }]);
    expect(yield* map.joinNext()).toBe(undefined);
  }));

test("spawn_local::local_runtime::spawn_then_join_next: nothing has ended before the first join", () =>
  paused(function* () {
    const map = new JoinMap<number, number>();
    for (let i = 0; i < 8; i++) map.spawn(i, value(i));
    expect(map.tryJoinNext()).toBe(undefined);
    yield* drainIndexes(map, 8);
  }));

test("spawn_local::local_runtime::spawn_then_shutdown: all tasks are ended", () =>
  paused(function* () {
    const map = new JoinMap<number, void>();
    const receivers = spawnPending(map, 8);
    expect(yield* nowOrNever(map.joinNext())).toBe("never");
    yield* map.shutdown();
    expect(map.isEmpty).toBe(true);
    yield* allClosed(receivers);
  }));

test("spawn_local::local_runtime::spawn_then_drop: all tasks are ended", () =>
  paused(function* () {
    const map = new JoinMap<number, void>();
    const receivers = spawnPending(map, 8);
    expect(yield* nowOrNever(map.joinNext())).toBe("never");
    map[Symbol.dispose]();
    yield* allClosed(receivers);
  }));
