import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { co } from "../core/coroutine.ts";
import { NoContextError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { run } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import { JoinSet } from "./join-set.ts";
import { scope } from "./scope.ts";
import { spawn } from "./spawn.ts";
import { TaskLocal, taskLocal } from "./task-local.ts";
import { yieldNow } from "./yield-now.ts";

const paused = <T>(main: Future<T>): Promise<T> => run(main, { clock: "paused" });

describe("taskLocal", () => {
  const name = taskLocal<string>();

  const read = co(function* () {
    const before = name.tryGet();
    yield* yieldNow();
    return [before, name.tryGet()];
  });

  test("is set within its scope, across suspends, and not outside", () =>
    run(
      co(function* () {
        expect(name.tryGet()).toBe(undefined);
        expect(yield* name.scope("a", read())).toEqual(["a", "a"]);
        expect(name.tryGet()).toBe(undefined);
      })(),
    ));

  test("scopes nest: the inner value hides the outer one, which comes back", () =>
    run(
      name.scope(
        "outer",
        co(function* () {
          const other = taskLocal<number>();
          expect(yield* name.scope("inner", read())).toEqual(["inner", "inner"]);
          expect(name.get()).toBe("outer");
          const both = co(function* () {
            yield* yieldNow();
            return [name.get(), other.get()];
          });
          expect(yield* other.scope(1, both())).toEqual(["outer", 1]);
        })(),
      ),
    ));

  test("tasks that run in turn see their own", () =>
    run(
      co(function* () {
        const handles = ["a", "b", "c"].map((value) => spawn(name.scope(value, read())));
        const seen: unknown[] = [];
        for (const handle of handles) seen.push(yield* handle);
        expect(seen).toEqual([
          ["a", "a"],
          ["b", "b"],
          ["c", "c"],
        ]);
      })(),
    ));

  test("a spawned task inherits it, for all of its life: from spawn, scope and JoinSet, at any depth", async () => {
    const seen: unknown[] = [];
    const grandchild = co(function* () {
      seen.push(yield* spawn(read()));
    });
    await paused(
      co(function* () {
        const handles: Future<unknown>[] = [];
        yield* name.scope(
          "request",
          co(function* () {
            handles.push(spawn(grandchild()));
            yield* scope(function* (s) {
              seen.push(yield* s.spawn(read()));
            });
            const set = new JoinSet<unknown>();
            set.spawn(read());
            seen.push(yield* set.joinNext());
          })(),
        );
        for (const handle of handles) yield* handle;
        seen.push(yield* spawn(read()));
      })(),
    );
    expect(seen).toEqual([
      ["request", "request"],
      ["request", "request"],
      ["request", "request"],
      [undefined, undefined],
    ]);
  });

  test("is there in the finally blocks of a cancel", async () => {
    const seen: unknown[] = [];
    await paused(
      co(function* () {
        const task = spawn(
          name.scope(
            "a",
            co(function* () {
              try {
                yield* new Gate();
              } finally {
                seen.push(name.tryGet());
                yield* sleep(1);
                seen.push(name.tryGet());
              }
            })(),
          ),
        ).observed();
        yield* yieldNow();
        task.abort();
      })(),
    );
    expect(seen).toEqual(["a", "a"]);
  });

  test("is there in a leaf future's own poll, and gone after an error", async () => {
    class Leaf extends Future<never> {
      override poll(): never {
        throw new Error(name.get());
      }
    }
    await run(
      co(function* () {
        try {
          yield* name.scope("leaf", new Leaf());
        } catch (error) {
          expect((error as Error).message).toBe("leaf");
        }
        expect(name.tryGet()).toBe(undefined);
      })(),
    );
  });

  test("get throws where no value is set, unless there is a default", async () => {
    expect(() => name.get()).toThrow(NoContextError);
    expect(() => taskLocal<undefined>(undefined).get()).not.toThrow();
    const level = taskLocal(1);
    expect([level.get(), level.tryGet()]).toEqual([1, 1]);
    await run(
      co(function* () {
        expect(() => name.get()).toThrow(NoContextError);
        expect(level.get()).toBe(1);
        yield* level.scope(
          2,
          co(function* () {
            expect(level.get()).toBe(2);
          })(),
        );
        yield* taskLocal<string | undefined>("x").scope(undefined, yieldNow());
      })(),
    );
  });

  test("undefined is a value", () =>
    run(
      co(function* () {
        const local = taskLocal<string | undefined>("default");
        yield* local.scope(
          undefined,
          co(function* () {
            expect(local.get()).toBe(undefined);
          })(),
        );
      })(),
    ));

  test("a scope outside of any task says so; cancelled unpolled it does nothing", () => {
    const cx = new TestContext();
    expect(() => name.scope("a", read()).poll(cx)).toThrow(NoContextError);
    expect(name.scope("a", read()).cancel(cx)).toBe(undefined);
  });

  test("cancelled at every poll leaves the task without it", () =>
    cancelAtEveryPoll(async (cancelAt) => {
      await run(
        co(function* () {
          yield* cancelAt(name.scope("a", read()));
          expect(name.tryGet()).toBe(undefined);
        })(),
      );
    }));

  test("types", () => {
    expectTypeOf(taskLocal<string>()).toEqualTypeOf<TaskLocal<string>>();
    expectTypeOf(taskLocal(1)).toEqualTypeOf<TaskLocal<number>>();
    expectTypeOf(name.scope("a", sleep(1))).toEqualTypeOf<Future<void>>();
    expectTypeOf(name.tryGet()).toEqualTypeOf<string | undefined>();
    expect(new TaskLocal([1]).get()).toBe(1);
  });
});
