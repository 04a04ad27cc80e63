import { expect, test } from "vitest";
import { blocking } from "../../../src/blocking/blocking.ts";
import { join } from "../../../src/combine/join.ts";
import type { Context } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { NoContextError } from "../../../src/core/errors.ts";
import { Future } from "../../../src/core/future.ts";
import { Pending, type Poll } from "../../../src/core/poll.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import { currentTask } from "../../../src/task/current-task.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { type Work, workUrl } from "../../support/blocking-work.ts";

const id = co(function* () {
  return currentTask().id;
});

test("task_id_spawn: a spawned task can ask for its id", () =>
  run(
    co(function* () {
      expect(yield* spawn(id())).toEqual(expect.any(Number));
    })(),
  ));

test("task_id_collision_current_thread: two tasks have two ids", () =>
  run(
    co(function* () {
      const [a, b] = yield* join(spawn(id()), spawn(id()));
      expect(a).not.toBe(b);
    })(),
  ));

test("task_ids_match_current_thread: the handle and the task agree", () =>
  run(
    co(function* () {
      const [tx, rx] = oneshot<number>();
      const handle = spawn(
        co(function* () {
          expect(yield* rx).toBe(currentTask().id);
        })(),
      );
      tx.send(handle.id);
      yield* handle;
    })(),
  ));

test("task_id_future_destructor_completion: code that runs as the future ends has the task's id", () =>
  run(
    co(function* () {
      let seen: number | undefined;
      const handle = spawn(
        co(function* () {
          try {
            yield* yieldNow();
          } finally {
            seen = currentTask().id;
          }
        })(),
      );
      yield* handle;
      expect(seen).toBe(handle.id);
    })(),
  ));

test("task_id_future_destructor_abort: so has a future that is cancelled", () =>
  run(
    co(function* () {
      let seen: number | undefined;
      class Never extends Future<never> {
        override poll(_cx: Context): Poll<never> {
          return Pending;
        }
        override cancel(): void {
          seen = currentTask().id;
        }
      }
      const handle = spawn(new Never());
      handle.abort();
      try {
        yield* handle;
      } catch {
        expect(seen).toBe(handle.id);
      }
      expect(seen).toBe(handle.id);
    })(),
  ));

test("task_try_id_outside_task, task_id_outside_task_panic_caller: outside of a task there is none, and asking says so", () => {
  expect(() => currentTask()).toThrow(NoContextError);
});

test("task_try_id_inside_block_on, task_id_inside_block_on_panic_caller: the main future is a task too, and has one", async () => {
  expect(await run(id())).toBe(1);
});

test("task_id_spawn_local, task_id_nested_spawn_local: a task that another spawned has its own, and the other keeps its", () =>
  run(
    co(function* () {
      const outer = spawn(
        co(function* () {
          const parent = currentTask().id;
          const inner = yield* spawn(id());
          expect(inner).not.toBe(parent);
          expect(currentTask().id).toBe(parent);
          return parent;
        })(),
      );
      expect(yield* outer).toBe(outer.id);
    })(),
  ));

test("task_id_block_in_place_block_on_spawn: a task on another runtime, awaited, leaves the id alone", () =>
  run(
    co(function* () {
      const parent = currentTask().id;
      const other = new Runtime();
      yield* other.spawn(yieldNow());
      const handle = other.spawn(id());
      expect(yield* handle).toBe(handle.id);
      expect(currentTask().id).toBe(parent);
    })(),
  ));

test("task_id_spawn_blocking: blocking work has the id of its task", async () => {
  const work = blocking<Work>(workUrl, { services: { id: () => currentTask().id } });
  const body = co(function* () {
    const handle = spawn(work.askFor("id"));
    expect(yield* handle).toBe(handle.id);
    expect(currentTask().id).not.toBe(handle.id);
  });
  await run(body());
});
