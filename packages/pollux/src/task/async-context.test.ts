import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { Gate } from "../../test/support/gate.ts";
import { co } from "../core/coroutine.ts";
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import { JoinSet } from "./join-set.ts";
import { scope } from "./scope.ts";
import { spawn } from "./spawn.ts";
import { yieldNow } from "./yield-now.ts";

describe("AsyncLocalStorage", () => {
  const storage = new AsyncLocalStorage<string>();

  /** What the task sees: at once, after a yield, after a sleep, and in its cleanup when it is aborted. */
  const reads = co(function* (seen: unknown[]) {
    seen.push(storage.getStore());
    yield* yieldNow();
    seen.push(storage.getStore());
    yield* sleep(1);
    seen.push(storage.getStore());
  });

  test("is carried from run into every poll of main, and of what main spawns", async () => {
    const seen: unknown[] = [];
    await storage.run("request", () =>
      run(
        co(function* () {
          yield* reads(seen);
          yield* spawn(reads(seen));
          yield* scope(function* (s) {
            yield* s.spawn(reads(seen));
          });
          const set = new JoinSet<void>();
          set.spawn(reads(seen));
          yield* set.joinNext();
        })(),
        { clock: "paused" },
      ),
    );
    expect(seen).toEqual(Array(12).fill("request"));
    expect(storage.getStore()).toBe(undefined);
  });

  test("is that of the spawn, not of who wakes", async () => {
    const seen: unknown[] = [];
    const runtime = new Runtime();
    const gate = new Gate();
    const waits = co(function* () {
      seen.push(storage.getStore());
      yield* gate;
      seen.push(storage.getStore());
    });
    const task = storage.run("spawner", () => runtime.spawn(waits()));
    await new Promise((resolve) => setImmediate(resolve));
    storage.run("waker", () => gate.open());
    await task;
    expect(seen).toEqual(["spawner", "spawner"]);
  });

  test("without one, a task sees none, whoever wakes or drains", async () => {
    const seen: unknown[] = [];
    const runtime = new Runtime();
    const gates = [new Gate(), new Gate()];
    const waits = co(function* () {
      for (const gate of gates) {
        seen.push(storage.getStore());
        yield* gate;
      }
      seen.push(storage.getStore());
    });
    const task = runtime.spawn(waits());
    await new Promise((resolve) => setImmediate(resolve));
    for (const gate of gates) {
      storage.run("waker", () => {
        gate.open();
        void runtime.spawn(yieldNow());
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await task;
    expect(seen).toEqual([undefined, undefined, undefined]);
  });

  test("tasks of different contexts run in turn and see their own", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const all: Record<string, unknown[]> = {};
    const tasks = ["a", "b", "c"].map((name) => {
      all[name] = [];
      return storage.run(name, () => runtime.spawn(reads(all[name] as unknown[])));
    });
    await Promise.all(tasks);
    for (const [name, seen] of Object.entries(all)) expect(seen).toEqual([name, name, name]);
  });

  test("set for a stretch inside of a poll, it ends with the stretch, and reaches what is spawned there", async () => {
    const seen: unknown[] = [];
    const child: unknown[] = [];
    await run(
      co(function* () {
        seen.push(storage.getStore());
        const handle = storage.run("inside", () => {
          seen.push(storage.getStore());
          return spawn(reads(child));
        });
        seen.push(storage.getStore());
        yield* yieldNow();
        seen.push(storage.getStore());
        yield* handle;
        seen.push(storage.getStore());
      })(),
      { clock: "paused" },
    );
    expect(seen).toEqual([undefined, "inside", undefined, undefined, undefined]);
    expect(child).toEqual(["inside", "inside", "inside"]);
  });

  test("nests: the innermost of the spawn counts, and the outer ones are as they were", async () => {
    const inner: unknown[] = [];
    const outer: unknown[] = [];
    await storage.run("outer", () =>
      run(
        co(function* () {
          const handle = storage.run("inner", () => spawn(reads(inner)));
          yield* reads(outer);
          yield* handle;
          yield* spawn(reads(outer));
        })(),
        { clock: "paused" },
      ),
    );
    expect(inner).toEqual(["inner", "inner", "inner"]);
    expect(outer).toEqual(Array(6).fill("outer"));
  });

  test("several storages are carried together", async () => {
    const other = new AsyncLocalStorage<number>();
    const seen: unknown[] = [];
    const task = storage.run("a", () =>
      other.run(1, () =>
        new Runtime().spawn(
          co(function* () {
            yield* yieldNow();
            seen.push(storage.getStore(), other.getStore());
          })(),
        ),
      ),
    );
    await task;
    expect(seen).toEqual(["a", 1]);
  });

  test("enterWith in a task that carries a context stays in that task", async () => {
    const seen: unknown[] = [];
    await storage.run("outer", () =>
      run(
        co(function* () {
          const handle = spawn(
            co(function* () {
              storage.enterWith("entered");
              yield* yieldNow();
              seen.push(storage.getStore());
            })(),
          );
          yield* handle;
          seen.push(storage.getStore());
        })(),
      ),
    );
    expect(seen).toEqual(["entered", "outer"]);
  });

  test("is carried from the first store of a program on, set in the program itself, a timer or a promise", async () => {
    const seen: unknown[] = [];
    const runtime = new Runtime();
    const spawned: Promise<void>[] = [];
    const spawnWithin = (name: string): void =>
      new AsyncLocalStorage<string>().run(name, () => {
        spawned.push(
          storage.run(name, () =>
            runtime
              .spawn(
                co(function* () {
                  yield* yieldNow();
                  seen.push(storage.getStore());
                })(),
              )
              .then(),
          ),
        );
      });
    spawnWithin("test");
    await new Promise<void>((resolve) =>
      setTimeout(() => {
        spawnWithin("timer");
        resolve();
      }),
    );
    await new Promise<void>((resolve) =>
      setImmediate(() => {
        spawnWithin("immediate");
        resolve();
      }),
    );
    await Promise.resolve().then(() => spawnWithin("promise"));
    await Promise.all(spawned);
    expect(seen).toEqual(["test", "timer", "immediate", "promise"]);
  });

  test("is there in the cleanup of a cancel", async () => {
    const seen: unknown[] = [];
    const runtime = new Runtime({ clock: "paused" });
    const task = storage.run("a", () =>
      runtime.spawn(
        co(function* () {
          try {
            yield* new Gate();
          } finally {
            yield* reads(seen);
          }
        })(),
      ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    storage.run("aborter", () => task.abort());
    await task.then(null, () => {});
    expect(seen).toEqual(["a", "a", "a"]);
  });

  test("code after an await of a handle or a future has its own", async () => {
    const runtime = new Runtime();
    await storage.run("caller", async () => {
      await runtime.spawn(yieldNow());
      expect(storage.getStore()).toBe("caller");
      await co(function* () {
        yield* yieldNow();
      })();
      expect(storage.getStore()).toBe("caller");
    });
  });

  test("asyncContext: false carries none, and leaks none", async () => {
    const seen: unknown[] = [];
    await storage.run("request", () => run(reads(seen), { clock: "paused", asyncContext: false }));
    expect(seen).toEqual([undefined, undefined, undefined]);
  });
});
