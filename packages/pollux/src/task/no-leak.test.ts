import { beforeEach, describe, expect, test } from "vitest";
import { pending, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { co } from "../core/coroutine.ts";
import type { Future } from "../core/future.ts";
import { Runtime } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import { JoinMap } from "./join-map.ts";
import { JoinSet } from "./join-set.ts";
import { scope } from "./scope.ts";
import { spawn } from "./spawn.ts";
import { TaskTracker } from "./task-tracker.ts";
import { yieldNow } from "./yield-now.ts";

const ROUNDS = 100_000;

/** What the heap may grow by, in bytes: an object of the smallest kind for each round would be twice as much. */
const ALLOWANCE = 16 * ROUNDS;

let runtime: Runtime;

beforeEach(() => {
  runtime = new Runtime({ clock: "paused" });
});

function heap(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  return process.memoryUsage().heapUsed;
}

/** Runs `body` a few times to warm up and then 100,000 times, and requires the heap to be where it was. */
async function leavesNothing(body: (rounds: number) => Future<void>): Promise<void> {
  await runtime.run(
    co(function* () {
      yield* body(100);
      const before = heap();
      yield* body(ROUNDS);
      expect(heap() - before).toBeLessThan(ALLOWANCE);
      expect(runtime.metrics().alive).toBe(1);
    })(),
  );
  expect(runtime.handle.liveTasks()).toEqual([]);
}

describe("100,000 cancelled operations leave nothing behind", () => {
  test("JoinHandle: joins", () => {
    const gate = new Gate();
    return leavesNothing(
      co(function* (rounds: number) {
        const handle = spawn(gate.ref());
        for (let i = 0; i < rounds; i++) {
          const cx = new TestContext();
          handle.cancel(pending(handle, cx));
        }
        handle.observed().abort();
        yield* yieldNow();
        yield* yieldNow();
      }),
    );
  });

  test("JoinSet: joinNext, joinAll and shutdown", () => {
    const set = new JoinSet<void>();
    return leavesNothing(
      co(function* (rounds: number) {
        set.spawn(new Gate());
        for (let i = 0; i < rounds; i++) {
          const cx = new TestContext();
          const join = [set.joinNext(), set.joinAll(), set.joinNextResult()][i % 3] as Future<unknown>;
          join.cancel(pending(join, cx));
        }
        yield* set.shutdown();
      }),
    );
  });

  test("JoinMap: tasks that are replaced", () => {
    const map = new JoinMap<number, void>();
    return leavesNothing(
      co(function* (rounds: number) {
        for (let i = 0; i < rounds; i++) {
          map.spawn(i % 10, new Gate());
          if (i % 100 === 0) yield* yieldNow();
        }
        yield* map.shutdown();
      }),
    );
  });

  test("scope: cancelled with a child each", () =>
    leavesNothing(
      co(function* (rounds: number) {
        for (let i = 0; i < rounds; i++) {
          const task = spawn(
            scope(function* (s) {
              s.spawn(new Gate());
              yield* new Gate();
            }),
          ).observed();
          if (i % 100 !== 0) task.abort();
          else {
            yield* yieldNow();
            task.abort();
            yield* sleep(1);
          }
        }
        yield* sleep(1);
      }),
    ));

  test("TaskTracker: waits", () => {
    const tracker = new TaskTracker();
    return leavesNothing(
      co(function* (rounds: number) {
        for (let i = 0; i < rounds; i++) {
          const cx = new TestContext();
          const wait = tracker.wait();
          wait.cancel(pending(wait, cx));
        }
        yield* yieldNow();
      }),
    );
  });

  test("coroutines: cancelled while they wait, three deep", () =>
    leavesNothing(
      co(function* (rounds: number) {
        const inner = co(function* (gate: Gate) {
          try {
            yield* gate;
          } finally {
            yield* co(function* () {})();
          }
        });
        const outer = co(function* (gate: Gate) {
          yield* inner(gate);
        });
        for (let i = 0; i < rounds; i++) {
          const cx = new TestContext();
          const future = outer(new Gate());
          future.cancel(pending(future, cx));
        }
        yield* yieldNow();
      }),
    ));
});
