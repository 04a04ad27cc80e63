import { expect, test } from "vitest";
import { never } from "../../../src/combine/never.ts";
import { co } from "../../../src/core/coroutine.ts";
import { CancelledError, CleanupError } from "../../../src/core/errors.ts";
import type { Suspend } from "../../../src/core/future.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { raise } from "../../support/raise.ts";

/** Runs on a paused clock; gives what nobody handled. */
async function paused(body: () => Generator<Suspend, void, unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  await new Runtime({ clock: "paused", onUnhandledError: (error) => unhandled.push(error) }).run(co(body)());
  await new Promise((resolve) => setImmediate(resolve));
  return unhandled;
}

const failsOnDrop = co(function* () {
  try {
    yield* sleep(100_000);
  } finally {
    raise(new Error("in the cleanup"));
  }
});

test("test_abort_without_panic_3157: a sleeping task is aborted, and its join says so", () =>
  paused(function* () {
    const handle = spawn(sleep(100_000));
    yield* sleep(10);
    handle.abort();
    let error: unknown;
    try {
      yield* handle;
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(CancelledError);
  }));

test("test_abort_without_panic_3662: aborted from outside of the runtime, what the task held is released before the join", async () => {
  const runtime = new Runtime();
  let released = false;
  const handle = runtime.spawn(
    co(function* () {
      try {
        yield* never();
      } finally {
        released = true;
      }
    })(),
  );
  await new Promise((resolve) => setTimeout(resolve));
  expect(released).toBe(false);
  handle.abort();
  expect(released).toBe(false);
  await expect(handle).rejects.toBeInstanceOf(CancelledError);
  expect(released).toBe(true);
  await runtime.spawn(yieldNow());
});

test("test_abort_wakes_task_3964: a task ends though its handle is dropped right after the abort", () =>
  paused(function* () {
    let released = false;
    const start = (): void => {
      const handle = spawn(
        co(function* () {
          try {
            yield* sleep(100_000);
          } finally {
            released = true;
          }
        })(),
      );
      setImmediate(() => handle.abort());
    };
    start();
    yield* sleep(10);
    for (let i = 0; i < 10 && !released; i++) yield* sleep(10);
    expect(released).toBe(true);
  }));

test("test_abort_task_that_panics_on_drop_contained: a failed cleanup stays within the task, and is reported", async () => {
  const unhandled = await paused(function* () {
    const handle = spawn(failsOnDrop());
    yield* sleep(10);
    handle.abort();
    yield* sleep(10);
  });
  expect(unhandled).toEqual([expect.any(CleanupError)]);
});

test("test_abort_task_that_panics_on_drop_returned: a join gives the failure of the cleanup", () =>
  paused(function* () {
    const handle = spawn(failsOnDrop());
    yield* sleep(10);
    handle.abort();
    let error: unknown;
    try {
      yield* handle;
    } catch (e) {
      error = e;
    }
    expect(error).toMatchObject({ code: "POLLUX_CLEANUP_FAILED", errors: [{ message: "in the cleanup" }] });
  }));

test("test_join_error_display: what a task throws, of any type, is what its join throws", () =>
  paused(function* () {
    for (const thrown of [new Error("with 1234"), "text", 1234]) {
      const handle = spawn(
        co(function* () {
          throw thrown;
        })(),
      );
      let error: unknown;
      try {
        yield* handle;
      } catch (e) {
        error = e;
      }
      expect(error).toBe(thrown);
    }
    const aborted = spawn(never(), { name: "worker" });
    aborted.abort();
    try {
      yield* aborted;
    } catch (error) {
      expect(String(error)).toBe(`CancelledError: task ${aborted.id} (worker) was cancelled`);
    }
  }));
