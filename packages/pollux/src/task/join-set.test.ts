import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { raise } from "../../test/support/raise.ts";
import { co } from "../core/coroutine.ts";
import {
  CancelledError,
  CleanupError,
  ClosedError,
  FutureInUseError,
  NoRuntimeError,
  PollAfterCompletionError,
} from "../core/errors.ts";
import { furtherErrors } from "../core/further-errors.ts";
import type { Future, Suspend } from "../core/future.ts";
import "../runtime/default.ts";
import { Runtime } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import type { TaskResult } from "./completion-queue.ts";
import { JoinSet } from "./join-set.ts";
import { currentExecutor, spawn } from "./spawn.ts";
import { yieldNow } from "./yield-now.ts";

const after = co(function* <T>(ms: number, value: T) {
  yield* sleep(ms);
  return value;
});

const failAfter = co(function* (ms: number, error: unknown) {
  yield* sleep(ms);
  throw error;
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

/** Runs a test on a paused clock; returns what went unhandled. */
async function within(body: () => Generator<Suspend, void, unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const runtime = new Runtime({ clock: "paused", onUnhandledError: (error) => unhandled.push(error) });
  await runtime.run(co(body)());
  await new Promise((resolve) => setImmediate(resolve));
  expect(runtime.metrics().alive).toBe(0);
  expect(runtime.handle.liveTasks()).toEqual([]);
  return unhandled;
}

describe("JoinSet.joinNext", () => {
  test("gives values in the order in which the tasks end, then undefined", () =>
    within(function* () {
      const set = new JoinSet<number>();
      for (const n of [3, 1, 2]) set.spawn(after(n, n));
      expect(set.len).toBe(3);
      const got: unknown[] = [];
      while (!set.isEmpty) got.push(yield* set.joinNext());
      expect(got).toEqual([1, 2, 3]);
      expect(yield* set.joinNext()).toBe(undefined);
    }));

  test("throws what the task failed with; the others go on, and it is not reported", async () => {
    const unhandled = await within(function* () {
      const error = new Error("b");
      const set = new JoinSet<string>();
      set.spawn(after(1, "a"));
      set.spawn(failAfter(2, error));
      set.spawn(after(3, "c"));
      yield* sleep(10);
      expect(yield* set.joinNext()).toBe("a");
      let thrown: unknown;
      try {
        yield* set.joinNext();
      } catch (e) {
        thrown = e;
      }
      expect(thrown).toBe(error);
      expect(yield* set.joinNext()).toBe("c");
    });
    expect(unhandled).toEqual([]);
  });

  test("throws CancelledError for a task that was aborted, after its cleanup", () =>
    within(function* () {
      const log: string[] = [];
      const set = new JoinSet<void>();
      const handle = set.spawn(cleaning(log, "a", 5));
      yield* yieldNow();
      handle.abort("why");
      expect(set.len).toBe(1);
      try {
        yield* set.joinNext();
      } catch (error) {
        log.push((error as Error).name, (error as Error).cause as string);
      }
      expect(log).toEqual(["a", "CancelledError", "why"]);
    }));

  test("of many: each gets one, the first to wait the first", () =>
    within(function* () {
      const set = new JoinSet<number>();
      for (const n of [1, 2, 3]) set.spawn(after(n, n));
      const got: string[] = [];
      const joiner = co(function* (name: string) {
        got.push(`${name} ${yield* set.joinNext()}`);
      });
      const joiners = ["a", "b", "c", "d"].map((name) => spawn(joiner(name)));
      for (const handle of joiners) yield* handle;
      expect(got).toEqual(["a 1", "b 2", "c 3", "d undefined"]);
    }));

  test("cancelled while it was woken, passes the task to the next", () =>
    within(function* () {
      const set = new JoinSet<number>();
      const gate = new Gate<number>();
      set.spawn(gate);
      yield* yieldNow();
      const [first, second] = [new TestContext(), new TestContext()];
      const a = set.joinNext();
      const b = set.joinNext();
      pending(a, first);
      pending(b, second);
      gate.open(7);
      yield* yieldNow();
      // Nothing else is in the set, so that both were woken; only the first for the task.
      expect([first.wakes, second.wakes]).toEqual([1, 1]);
      a.cancel(first);
      expect(b.poll(second)).toBe(7);
      expect(() => b.poll(second)).toThrow(PollAfterCompletionError);
      expect(() => a.poll(first)).toThrow(PollAfterCompletionError);
    }));

  test("cancelled while tasks are left: the wake goes to the next", () =>
    within(function* () {
      const set = new JoinSet<number>();
      const [gate, other] = [new Gate<number>(), new Gate<number>()];
      set.spawn(gate);
      set.spawn(other);
      yield* yieldNow();
      const [first, second] = [new TestContext(), new TestContext()];
      const a = set.joinNext();
      const b = set.joinNext();
      pending(a, first);
      pending(b, second);
      gate.open(7);
      yield* yieldNow();
      expect([first.wakes, second.wakes]).toEqual([1, 0]);
      a.cancel(first);
      expect(second.wakes).toBe(1);
      expect(b.poll(second)).toBe(7);
      other.open(8);
      expect(yield* set.joinNext()).toBe(8);
    }));

  test("cancelled at every poll loses no result", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      await within(function* () {
        const set = new JoinSet<number>();
        for (const n of [1, 2, 3]) set.spawn(after(n, n));
        const got: unknown[] = [];
        const first = yield* cancelAt(set.joinNext());
        if (!first.cancelled) got.push(first.value);
        while (!set.isEmpty) got.push(yield* set.joinNext());
        expect(got).toEqual([1, 2, 3]);
      });
    });
  });

  test("takes a unit of the budget when it gives something, and none for waiting", () =>
    within(function* () {
      const executor = currentExecutor("test");
      const set = new JoinSet<number>();
      set.spawn(after(1, 1));
      const next = set.joinNext();
      const before = executor.budget;
      pending(next, new TestContext(executor));
      expect(executor.budget).toBe(before);
      yield* sleep(2);
      const then = executor.budget;
      expect(yield* next).toBe(1);
      expect(executor.budget).toBe(then - 1);
    }));

  test("a task that always finds results ready yields to the others", () =>
    within(function* () {
      const set = new JoinSet<number>();
      for (let n = 0; n < 1000; n++) set.spawn(after(0, n));
      yield* sleep(1);
      let turns = 0;
      const other = spawn(
        co(function* () {
          for (;;) {
            turns++;
            yield* yieldNow();
          }
        })(),
      ).observed();
      while (!set.isEmpty) yield* set.joinNext();
      other.abort();
      expect(turns).toBeGreaterThanOrEqual(7); // 1000 / 128
    }));

  test("10,000 tasks: 10,000 joins and no more than a wake for each", async () => {
    const runtime = new Runtime();
    let polls = 0;
    await runtime.run(
      co(function* () {
        const set = new JoinSet<number>();
        for (let n = 0; n < 10_000; n++) set.spawn(after(0, n));
        const before = runtime.metrics().polls;
        let sum = 0;
        while (!set.isEmpty) sum += (yield* set.joinNext()) ?? 0;
        polls = runtime.metrics().polls - before;
        expect(sum).toBe(49_995_000);
      })(),
    );
    expect(polls).toBeLessThan(25_000);
  });
});

describe("JoinSet: other joins", () => {
  test("joinNextResult tells which task it was, and how it ended", () =>
    within(function* () {
      const set = new JoinSet<string>();
      const error = new Error("b");
      const a = set.spawn(after(1, "a"), { name: "task a" });
      const b = set.spawn(failAfter(2, error));
      const c = set.spawn(after(3, "c"));
      c.abort();
      const results = [];
      while (!set.isEmpty) results.push(yield* set.joinNextResult());
      expect(results).toEqual([
        { id: c.id, name: undefined, status: "rejected", reason: expect.any(CancelledError) },
        { id: a.id, name: "task a", status: "fulfilled", value: "a" },
        { id: b.id, name: undefined, status: "rejected", reason: error },
      ]);
      expect(yield* set.joinNextResult()).toBe(undefined);
    }));

  test("tryJoinNext and tryJoinNextResult take what is there", () =>
    within(function* () {
      const set = new JoinSet<number>();
      expect(set.tryJoinNext()).toBe(undefined);
      set.spawn(after(0, 1));
      set.spawn(after(0, 2));
      set.spawn(failAfter(0, new Error("3")));
      expect(set.tryJoinNext()).toBe(undefined);
      yield* sleep(1);
      expect(set.tryJoinNext()).toBe(1);
      expect(set.tryJoinNextResult()).toMatchObject({ status: "fulfilled", value: 2 });
      expect(() => set.tryJoinNext()).toThrow("3");
      expect(set.tryJoinNextResult()).toBe(undefined);
      expect(set.isEmpty).toBe(true);
    }));

  test("joinAll gives the values in the order of ending", () =>
    within(function* () {
      const set = new JoinSet<number>();
      expect(yield* set.joinAll()).toEqual([]);
      for (const n of [3, 1, 2]) set.spawn(after(n, n));
      expect(yield* set.joinAll()).toEqual([1, 2, 3]);
      expect(set.isEmpty).toBe(true);
    }));

  test("joinAll: the first failure aborts the others, waits for their cleanup, and is thrown", () =>
    within(function* () {
      const [first, second] = [new Error("first"), new Error("second")];
      const log: string[] = [];
      const set = new JoinSet<unknown>();
      set.spawn(failAfter(1, first));
      set.spawn(cleaning(log, "a", 5));
      set.spawn(cleaning(log, "b", 3, second));
      let thrown: unknown;
      try {
        yield* set.joinAll();
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBe(first);
      expect(furtherErrors(first)).toEqual([expect.objectContaining({ cause: first, errors: [second] })]);
      expect(log).toEqual(["b", "a"]);
      expect(set.isEmpty).toBe(true);
    }));

  test("joinAll: a task that was aborted counts as failed", () =>
    within(function* () {
      const set = new JoinSet<number>();
      set.spawn(after(5, 1));
      set.spawn(after(5, 2)).abort("why");
      try {
        yield* set.joinAll();
        raise("unreachable");
      } catch (error) {
        expect(error).toBeInstanceOf(CancelledError);
      }
    }));

  test("joinAll cancelled leaves the results in the set", () =>
    within(function* () {
      const set = new JoinSet<number>();
      for (const n of [1, 2, 3]) set.spawn(after(n, n));
      const cx = new TestContext();
      const all = set.joinAll();
      pending(all, cx);
      yield* sleep(2);
      all.cancel(cx);
      expect(set.len).toBe(3);
      expect(yield* set.joinAll()).toEqual([1, 2, 3]);
    }));

  test("joinAll is polled when all have ended, not for each", () =>
    within(function* () {
      const set = new JoinSet<number>();
      for (let n = 0; n < 100; n++) set.spawn(after(n, n));
      const cx = new TestContext();
      const all = set.joinAll();
      pending(all, cx);
      yield* sleep(200);
      expect(cx.wakes).toBe(1);
      expect(all.poll(cx)).toHaveLength(100);
    }));
});

describe("JoinSet: giving up", () => {
  test("abortAll: tasks that have ended keep their results", () =>
    within(function* () {
      const set = new JoinSet<number>();
      set.spawn(after(1, 1));
      set.spawn(after(100, 2));
      yield* sleep(10);
      set.abortAll("why");
      expect(set.len).toBe(2);
      expect(yield* set.joinNext()).toBe(1);
      expect(yield* set.joinNextResult()).toMatchObject({ reason: { cause: "why" } });
    }));

  test("detachAll: the tasks go on by themselves, and a failure is then reported", async () => {
    const error = new Error("later");
    let ended = false;
    const unhandled = await within(function* () {
      const set = new JoinSet<unknown>();
      set.spawn(
        co(function* () {
          yield* sleep(10);
          ended = true;
        })(),
      );
      set.spawn(failAfter(10, error));
      set.spawn(after(0, "dropped"));
      const waiting = set.joinNext();
      yield* sleep(1);
      expect(yield* waiting).toBe("dropped");
      const cx = new TestContext();
      const last = set.joinNext();
      pending(last, cx);
      set.detachAll();
      expect(set.len).toBe(0);
      expect(cx.wakes).toBe(1);
      expect(last.poll(cx)).toBe(undefined);
      yield* sleep(20);
    });
    expect(ended).toBe(true);
    expect(unhandled).toEqual([error]);
  });

  test("shutdown aborts all, waits for their cleanup and drops the results", () =>
    within(function* () {
      const log: string[] = [];
      const set = new JoinSet<unknown>();
      set.spawn(cleaning(log, "a", 5));
      set.spawn(cleaning(log, "b", 3));
      set.spawn(failAfter(0, new Error("dropped")));
      yield* sleep(1);
      yield* set.shutdown();
      expect(log).toEqual(["b", "a"]);
      expect(set.isEmpty).toBe(true);
      set.spawn(after(0, 1));
      expect(yield* set.joinNext()).toBe(1);
    }));

  test("shutdown throws what failed in the cleanup", () =>
    within(function* () {
      const [a, b] = [new Error("a"), new Error("b")];
      const set = new JoinSet<unknown>();
      set.spawn(cleaning([], "a", 1, a));
      set.spawn(cleaning([], "b", 2, b));
      set.spawn(cleaning([], "c", 3));
      yield* sleep(1);
      try {
        yield* set.shutdown("why");
        raise("unreachable");
      } catch (error) {
        expect(error).toBeInstanceOf(CleanupError);
        expect(error).toMatchObject({ cause: "why", errors: [a, b] });
      }
    }));

  test("Symbol.dispose aborts the rest and refuses more; a failed cleanup is reported", async () => {
    const error = new Error("cleanup");
    const log: string[] = [];
    const unhandled = await within(function* () {
      const set = new JoinSet<unknown>({ name: "crawlers" });
      set.spawn(cleaning(log, "a", 2));
      set.spawn(cleaning(log, "b", 1, error));
      yield* sleep(1);
      set[Symbol.dispose]();
      set[Symbol.dispose]();
      expect(set.len).toBe(0);
      expect(() => set.spawn(after(0, 1))).toThrow(ClosedError);
      expect(() => set.spawn(after(0, 1))).toThrow(/crawlers/);
      expect(log).toEqual([]);
      yield* sleep(10);
      expect(log).toEqual(["b", "a"]);
    });
    expect(unhandled).toEqual([expect.objectContaining({ errors: [error] })]);
  });

  test("Symbol.asyncDispose waits for the cleanup", async () => {
    const log: string[] = [];
    const runtime = new Runtime({ clock: "paused" });
    const set = new JoinSet<unknown>();
    const main = runtime.run(
      co(function* () {
        set.spawn(cleaning(log, "a", 50));
        yield* sleep(100);
        log.push("main ended");
      })(),
    );
    await Promise.resolve();
    await set[Symbol.asyncDispose]();
    expect(log).toEqual(["a"]);
    await main;
  });

  describe("results that are dropped are disposed of", () => {
    /** A task that has ended with a value that logs its disposal, which takes `ms`. */
    const opens = co(function* (log: string[], name: string, ms: number, error?: unknown) {
      yield* sleep(0);
      const dispose = co(function* () {
        yield* sleep(ms);
        log.push(name);
        if (error !== undefined) throw error;
      });
      // A future is a thenable, and so what `asyncDispose` may return.
      return { [Symbol.asyncDispose]: () => dispose() as unknown as Promise<void> };
    });

    test("by detachAll, dispose, and with the runtime's end", async () => {
      const log: string[] = [];
      const error = new Error("dispose");
      const unhandled = await within(function* () {
        const sets = [new JoinSet<unknown>(), new JoinSet<unknown>()];
        sets[0]?.spawn(opens(log, "detached", 5));
        sets[1]?.spawn(opens(log, "disposed", 10, error));
        yield* sleep(1);
        sets[0]?.detachAll();
        sets[1]?.[Symbol.dispose]();
        expect(sets.map((set) => set.len)).toEqual([0, 0]);
        yield* yieldNow();
        expect(log).toEqual([]);
      });
      expect(log).toEqual(["detached", "disposed"]);
      expect(unhandled).toEqual([expect.objectContaining({ errors: [error] })]);
    });

    test("by shutdown, which waits for it and throws what fails", () =>
      within(function* () {
        const log: string[] = [];
        const error = new Error("dispose");
        const set = new JoinSet<unknown>();
        set.spawn(opens(log, "a", 10, error));
        set.spawn(opens(log, "b", 5));
        set.spawn(cleaning(log, "c", 1));
        yield* sleep(1);
        try {
          yield* set.shutdown("why");
          raise("unreachable");
        } catch (thrown) {
          expect(thrown).toMatchObject({ cause: "why", errors: [error] });
        }
        expect(log).toEqual(["c", "a", "b"]);
      }));

    test("by a shutdown that is cancelled, at every poll", () =>
      cancelAtEveryPoll(async (cancelAt) => {
        const log: string[] = [];
        await within(function* () {
          const set = new JoinSet<unknown>();
          set.spawn(opens(log, "a", 3));
          set.spawn(opens(log, "b", 3));
          yield* sleep(1);
          yield* cancelAt(set.shutdown());
          yield* set.shutdown();
          expect(log).toEqual(["a", "b"]);
        });
      }).then(() => {}));
  });

  test("a set that nobody disposes of is cancelled when main ends", async () => {
    const log: string[] = [];
    await within(function* () {
      const set = new JoinSet<unknown>();
      set.spawn(cleaning(log, "a", 5));
      yield* yieldNow();
    });
    expect(log).toEqual(["a"]);
  });
});

describe("JoinSet: misuse and types", () => {
  test("bad arguments, a future in use, and no runtime throw at the call", () =>
    within(function* () {
      const set = new JoinSet<unknown>();
      expect(() => set.spawn((() => {}) as never)).toThrow(TypeError);
      const future = after(1, 1);
      set.spawn(future);
      expect(() => set.spawn(future)).toThrow(FutureInUseError);
      expect(set.len).toBe(1);
      yield* set.joinAll();
    }));

  test("a context without a runtime is told so", () => {
    const cx = new TestContext();
    const set = new JoinSet<number>();
    const body = co(function* () {
      set.spawn(after(1, 1));
    });
    expect(() => body().poll(cx)).toThrow(NoRuntimeError);
  });

  test("types", () => {
    const set = new JoinSet<number>();
    expectTypeOf(set.joinNext()).toEqualTypeOf<Future<number | undefined>>();
    expectTypeOf(set.joinAll()).toEqualTypeOf<Future<number[]>>();
    expectTypeOf(set.joinNextResult()).toEqualTypeOf<Future<TaskResult<number> | undefined>>();
    // @ts-expect-error a set of numbers takes no future of a string
    (() => set.spawn(after(1, "a"))) satisfies unknown;
  });
});
