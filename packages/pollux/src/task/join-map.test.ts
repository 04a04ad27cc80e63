import { describe, expect, expectTypeOf, test } from "vitest";
import "../runtime/default.ts";
import { pending, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { raise } from "../../test/support/raise.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError, ClosedError, FutureInUseError } from "../core/errors.ts";
import type { Future, Suspend } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Runtime } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import type { TaskResult } from "./completion-queue.ts";
import { JoinMap } from "./join-map.ts";
import { yieldNow } from "./yield-now.ts";

const after = co(function* <T>(ms: number, value: T) {
  yield* sleep(ms);
  return value;
});

const cleaning = co(function* (log: string[], name: string, ms: number, error?: unknown) {
  try {
    yield* new Gate();
  } finally {
    yield* sleep(ms);
    log.push(name);
    if (error !== undefined) raise(error);
  }
});

async function within(body: () => Generator<Suspend, void, unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const runtime = new Runtime({ clock: "paused", onUnhandledError: (error) => unhandled.push(error) });
  await runtime.run(co(body)());
  await new Promise((resolve) => setImmediate(resolve));
  expect(runtime.metrics().alive).toBe(0);
  return unhandled;
}

describe("JoinMap", () => {
  test("joinNext gives the key and the result, in the order of ending", () =>
    within(function* () {
      const error = new Error("b");
      const map = new JoinMap<string, number>();
      map.spawn("a", after(2, 1));
      map.spawn(
        "b",
        co(function* (): Generator<Suspend, number> {
          yield* sleep(1);
          throw error;
        })(),
      );
      expect([...map.keys()]).toEqual(["a", "b"]);
      expect(yield* map.joinNext()).toEqual([
        "b",
        expect.objectContaining({ status: "rejected", reason: error }),
      ]);
      expect(map.containsKey("b")).toBe(false);
      expect(yield* map.joinNext()).toEqual([
        "a",
        expect.objectContaining({ status: "fulfilled", value: 1 }),
      ]);
      expect(yield* map.joinNext()).toBe(undefined);
      expect(map.isEmpty).toBe(true);
    }));

  test("a key may be any value, told apart as in a Map", () =>
    within(function* () {
      const map = new JoinMap<unknown, number>();
      const key = {};
      for (const k of [key, undefined, Number.NaN, 0]) map.spawn(k, after(0, 1));
      expect(map.len).toBe(4);
      expect(map.abort(undefined)).toBe(true);
      expect(map.abort({})).toBe(false);
      expect(map.containsKey(Number.NaN)).toBe(true);
      yield* sleep(1);
    }));

  test("spawning for a key that is taken aborts the one before, which is joined no more", async () => {
    const log: string[] = [];
    const unhandled = await within(function* () {
      const map = new JoinMap<string, unknown>();
      map.spawn("a", cleaning(log, "replaced", 5));
      yield* yieldNow();
      const gate = new Gate<number>();
      map.spawn("a", gate);
      expect(map.len).toBe(1);
      yield* sleep(10);
      expect(log).toEqual(["replaced"]);
      expect(map.tryJoinNext()).toBe(undefined);
      gate.open(2);
      expect(yield* map.joinNext()).toEqual(["a", expect.objectContaining({ value: 2 })]);
      expect(yield* map.joinNext()).toBe(undefined);
    });
    expect(unhandled).toEqual([]);
  });

  test("a replaced task whose cleanup fails is reported as unhandled", async () => {
    const error = new Error("cleanup");
    const unhandled = await within(function* () {
      const map = new JoinMap<string, unknown>();
      map.spawn("a", cleaning([], "replaced", 5, error));
      yield* yieldNow();
      map.spawn("a", after(1, 1));
      yield* sleep(10);
      expect(map.len).toBe(1);
    });
    expect(unhandled).toEqual([expect.objectContaining({ errors: [error] })]);
  });

  test("replacing one that has ended drops its result", () =>
    within(function* () {
      const map = new JoinMap<string, number>();
      map.spawn("a", after(0, 1));
      yield* sleep(1);
      map.spawn("a", after(0, 2));
      expect(map.len).toBe(1);
      expect(map.tryJoinNext()).toBe(undefined);
      yield* sleep(1);
      expect(map.tryJoinNext()).toEqual(["a", expect.objectContaining({ value: 2 })]);
      expect(map.isEmpty).toBe(true);
    }));

  test("the value of one that has ended and is replaced is disposed of", () =>
    within(function* () {
      let disposed = 0;
      const map = new JoinMap<string, unknown>();
      map.spawn("a", after(0, { [Symbol.dispose]: () => disposed++ }));
      yield* sleep(1);
      map.spawn("a", after(0, 2));
      yield* sleep(1);
      expect(disposed).toBe(1);
      yield* map.shutdown();
      expect(map.isEmpty).toBe(true);
    }));

  test("a join that waits for the replaced task goes on waiting for its successor", () =>
    within(function* () {
      const map = new JoinMap<string, unknown>();
      map.spawn("a", new Gate());
      const cx = new TestContext();
      const next = map.joinNext();
      pending(next, cx);
      const gate = new Gate<number>();
      map.spawn("a", gate);
      yield* sleep(1);
      expect(cx.wakes).toBe(0);
      gate.open(3);
      yield* yieldNow();
      expect(cx.wakes).toBe(1);
      expect(next.poll(cx)).toEqual(["a", expect.objectContaining({ value: 3 })]);
    }));

  test("a future in use is refused, and what was there stays", () =>
    within(function* () {
      const map = new JoinMap<string, number>();
      const used = after(1, 1);
      map.spawn("a", used);
      expect(() => map.spawn("a", used)).toThrow(FutureInUseError);
      expect(() => map.spawn("a", 5 as never)).toThrow(TypeError);
      expect(yield* map.joinNext()).toMatchObject(["a", { value: 1 }]);
    }));

  test("cancelNext ends the wait of pollNext: nobody is woken, and the result stays for the next", () =>
    within(function* () {
      const map = new JoinMap<string, number>();
      map.spawn("a", after(1, 1));
      const cx = new TestContext();
      expect(map.pollNext(cx)).toBe(Pending);
      map.cancelNext();
      yield* sleep(2);
      expect(cx.wakes).toBe(0);
      expect(map.pollNext(cx)).toEqual(["a", expect.objectContaining({ status: "fulfilled", value: 1 })]);
      expect(map.pollNext(cx)).toBe(End);
      map.cancelNext(); // Nobody waits: harmless.
    }));

  test("abort, abortMatching and abortAll leave the tasks to be joined", () =>
    within(function* () {
      const map = new JoinMap<number, void>();
      for (let key = 0; key < 6; key++) map.spawn(key, new Gate());
      map.abort(0, "zero");
      map.abortMatching((key) => key % 2 === 1, "odd");
      map.abortAll("all");
      const reasons: unknown[] = [];
      while (!map.isEmpty) {
        const [key, result] = (yield* map.joinNext()) ?? [];
        reasons.push([key, result?.status === "rejected" && (result.reason as Error).cause]);
      }
      const of = (reason: string): unknown[] => reasons.filter((each) => (each as unknown[])[1] === reason);
      expect(of("zero")).toEqual([[0, "zero"]]);
      expect(of("odd")).toEqual([
        [1, "odd"],
        [3, "odd"],
        [5, "odd"],
      ]);
      expect(of("all")).toEqual([
        [2, "all"],
        [4, "all"],
      ]);
    }));

  test("detachAll empties the map, and the tasks go on", async () => {
    let ended = 0;
    await within(function* () {
      const map = new JoinMap<number, void>();
      for (let key = 0; key < 3; key++)
        map.spawn(
          key,
          co(function* () {
            yield* sleep(key);
            ended++;
          })(),
        );
      map.detachAll();
      expect([map.len, [...map.keys()]]).toEqual([0, []]);
      expect(yield* map.joinNext()).toBe(undefined);
      yield* sleep(10);
    });
    expect(ended).toBe(3);
  });

  test("shutdown waits for the cleanup of all and throws what failed", () =>
    within(function* () {
      const log: string[] = [];
      const error = new Error("b");
      const map = new JoinMap<string, unknown>();
      map.spawn("a", cleaning(log, "a", 5));
      map.spawn("b", cleaning(log, "b", 3, error));
      yield* sleep(1);
      try {
        yield* map.shutdown("why");
        raise("unreachable");
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(CleanupError);
        expect(thrown).toMatchObject({ cause: "why", errors: [error] });
      }
      expect(log).toEqual(["b", "a"]);
      expect([map.isEmpty, map.containsKey("a")]).toEqual([true, false]);
    }));

  test("disposing aborts the rest and refuses more", () =>
    within(function* () {
      const log: string[] = [];
      const map = new JoinMap<string, unknown>({ name: "peers" });
      map.spawn("a", cleaning(log, "a", 1));
      yield* sleep(1);
      map[Symbol.dispose]();
      expect(map.isEmpty).toBe(true);
      expect(() => map.spawn("b", after(0, 1))).toThrow(ClosedError);
      yield* sleep(5);
      expect(log).toEqual(["a"]);
    }));

  test("disposing asynchronously waits", async () => {
    const log: string[] = [];
    const runtime = new Runtime({ clock: "paused" });
    const map = new JoinMap<string, unknown>();
    const main = runtime.run(
      co(function* () {
        map.spawn("a", cleaning(log, "a", 5));
        yield* sleep(100);
      })(),
    );
    await Promise.resolve();
    await map[Symbol.asyncDispose]();
    expect(log).toEqual(["a"]);
    await main;
  });

  test("10,000 replacements of one key leave one task and nothing else", () =>
    within(function* () {
      const map = new JoinMap<string, unknown>();
      for (let i = 0; i < 10_000; i++) {
        map.spawn("a", i % 2 === 0 ? new Gate() : after(0, i));
        if (i % 100 === 0) yield* yieldNow();
      }
      yield* sleep(1);
      expect(map.len).toBe(1);
      expect(yield* map.joinNext()).toMatchObject(["a", { value: 9_999 }]);
      expect(map.len).toBe(0);
    }));

  test("types", () => {
    const map = new JoinMap<string, number>();
    expectTypeOf(map.joinNext()).toEqualTypeOf<
      Future<[key: string, result: TaskResult<number>] | undefined>
    >();
    expectTypeOf(map.keys()).toEqualTypeOf<IterableIterator<string>>();
  });
});
