import { beforeAll, describe, expect, test, vi } from "vitest";
import { raise } from "./support/raise.ts";

type Library = typeof import("../src/index.ts");

/** Two copies of the library in one program, as two versions of a dependency would bring them. */
let one: Library;
let two: Library;
let task: typeof import("../src/task/scope.ts") &
  typeof import("../src/task/task-local.ts") &
  typeof import("../src/task/join-set.ts");

beforeAll(async () => {
  vi.resetModules();
  one = await import("../src/index.ts");
  vi.resetModules();
  two = await import("../src/index.ts");
  task = {
    ...(await import("../src/task/scope.ts")),
    ...(await import("../src/task/task-local.ts")),
    ...(await import("../src/task/join-set.ts")),
  };
});

describe("two copies of the library in one program", () => {
  test("are two, and agree on the sentinel", () => {
    expect(one.Future).not.toBe(two.Future);
    expect(one.co).not.toBe(two.co);
    expect(one.Pending).toBe(two.Pending);
  });

  test("coroutines call each other, suspend, resume in O(1), and throw through each other", async () => {
    const inner = one.co(function* (n: number) {
      yield* two.yieldNow();
      yield* one.sleep(1);
      if (n < 0) throw new RangeError("negative");
      return n * 2;
    });
    const middle = two.co(function* (n: number) {
      try {
        return (yield* inner(n)) + 1;
      } catch (error) {
        return (error as Error).name;
      }
    });
    const outer = one.co(function* () {
      return [yield* middle(1), yield* middle(-1)];
    });
    expect(await one.run(outer())).toEqual([3, "RangeError"]);
    expect(await two.run(outer())).toEqual([3, "RangeError"]);
  });

  test("an error shows the coroutines of both", async () => {
    const thrower = one.co(function* thrower() {
      yield* two.yieldNow();
      throw new Error("deep");
    });
    const caller = two.co(function* caller() {
      yield* thrower();
    });
    const error: Error = await one.run(caller()).then(
      () => new Error("none"),
      (e) => e,
    );
    expect(error.stack).toMatch(/thrower.*[\s\S]*caller/);
  });

  test("a cancel runs the finally blocks of both, innermost first", async () => {
    const log: string[] = [];
    const cleaning = (
      library: Library,
      name: string,
      inner: () => import("../src/index.ts").Future<unknown>,
    ) =>
      library.co(function* () {
        try {
          yield* inner();
        } finally {
          yield* one.sleep(1);
          yield* two.sleep(1);
          log.push(name);
        }
      });
    const all = cleaning(
      one,
      "a",
      cleaning(
        two,
        "b",
        cleaning(one, "c", () => two.sleep(1_000_000)),
      ),
    );
    await two.run(
      two.co(function* () {
        const handle = one.spawn(all());
        yield* one.sleep(5);
        handle.abort("why");
        try {
          yield* handle;
          raise("unreachable");
        } catch (error) {
          expect(error).toMatchObject({ code: "POLLUX_CANCELLED", cause: "why" });
        }
      })(),
    );
    expect(log).toEqual(["c", "b", "a"]);
  });

  test("spawn takes the futures of the other, on the runtime of the task that runs", async () => {
    const runtime = new one.Runtime();
    const value = await runtime.run(
      two.co(function* () {
        const handle = two.spawn(
          one.co(function* () {
            yield* two.yieldNow();
            return 7;
          })(),
        );
        return yield* handle;
      })(),
    );
    expect(value).toBe(7);
    expect(runtime.metrics().spawned).toBe(2);
  });

  test("a future has one owner, whichever copy that is of", async () => {
    await one.run(
      one.co(function* () {
        const [tx, rx] = two.oneshot<number>();
        const first = one.spawn(
          two.co(function* () {
            return yield* rx;
          })(),
        );
        yield* one.yieldNow();
        expect(() => two.spawn(rx)).toThrow(/one owner at a time/);
        tx.send(1);
        expect(yield* first).toBe(1);
      })(),
    );
  });

  test("channels, scopes, sets and task-locals of one work in the runtime of the other", async () => {
    const local = task.taskLocal<string>();
    const value = await one.run(
      local.scope(
        "local",
        one.co(function* () {
          const [tx, rx] = two.mpsc<string>(1);
          return yield* task.scope(function* (s) {
            s.spawn(
              one.co(function* () {
                yield* tx.send(local.get());
              })(),
            );
            const set = new task.JoinSet<string>();
            set.spawn(
              one.co(function* () {
                yield* one.sleep(1);
                return `${yield* rx.recv()} received`;
              })(),
            );
            return yield* set.joinNext();
          });
        })(),
      ),
    );
    expect(value).toBe("local received");
  });
});
