import { expect, test } from "vitest";
import { never } from "../../../src/combine/never.ts";
import { ambient } from "../../../src/core/ambient.ts";
import type { Context } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError, NoRuntimeError, WouldBlockError } from "../../../src/core/errors.ts";
import { Future } from "../../../src/core/future.ts";
import { Pending, type Poll } from "../../../src/core/poll.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import { unboundedMpsc } from "../../../src/sync/mpsc.ts";
import { type OneshotReceiver, type OneshotSender, oneshot } from "../../../src/sync/oneshot.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { timeout } from "../../../src/time/timeout.ts";
import { TestContext } from "../../support/context.ts";
import { raise } from "../../support/raise.ts";

test("spawned_task_does_not_progress_without_block_on: a spawned task does nothing during the call, and runs when the loop does", async () => {
  const [tx, rx] = oneshot<string>();
  const runtime = new Runtime();
  void runtime.spawn(
    co(function* () {
      tx.send("hello");
    })(),
  );
  expect(() => rx.tryRecv()).toThrow(WouldBlockError);
  expect(await runtime.run(rx)).toBe("hello");
});

test("no_extra_poll: a task is polled when it was woken, and at no other time", async () => {
  const [tx, rx] = unboundedMpsc<string>();
  let polls = 0;
  class Tracked<T> extends Future<T> {
    readonly #inner: Future<T>;
    constructor(inner: Future<T>) {
      super();
      this.#inner = inner;
    }
    override poll(cx: Context): Poll<T> {
      polls++;
      return this.#inner.poll(cx);
    }
  }
  const runtime = new Runtime();
  const task = runtime.spawn(
    co(function* () {
      try {
        for (;;) yield* new Tracked(rx.recv());
      } catch (error) {
        expect(error).toBeInstanceOf(ClosedError);
      }
    })(),
  );
  const turn = (): Promise<void> => runtime.spawn(yieldNow()).then();
  await turn();
  expect(polls).toBe(1);
  tx.send("value");
  await turn();
  expect(polls).toBe(1 + 2);
  tx.close();
  await turn();
  await task;
  expect(polls).toBe(1 + 2 + 1);
});

test("acquire_mutex_in_drop: a cleanup that wakes another task which is being cancelled does no harm", async () => {
  const log: string[] = [];
  const runtime = new Runtime();
  const waits = co(function* (name: string, rx: Future<void>, tx?: OneshotSender<void>) {
    try {
      yield* rx;
      log.push(`${name} went on`);
    } finally {
      log.push(name);
      tx?.close();
    }
  });
  const [tx1, rx1] = oneshot<void>();
  const [tx2, rx2] = oneshot<void>();
  await runtime.run(
    co(function* () {
      spawn(waits("waits for the second", rx2)).observed();
      spawn(waits("waits for the first", rx1, tx2)).observed();
      spawn(waits("never", never(), tx1)).observed();
      yield* yieldNow();
    })(),
  );
  expect(log).toEqual(["waits for the second", "waits for the first", "never"]);
});

test("drop_tasks_in_context: what is cancelled with the runtime finds the runtime", async () => {
  let found: unknown;
  class OnCancel extends Future<never> {
    override poll(): Poll<never> {
      return Pending;
    }
    override cancel(): void {
      found = ambient.cx?.runtime;
    }
  }
  const runtime = new Runtime();
  void runtime.spawn(new OnCancel()).observed();
  await new Promise((resolve) => setTimeout(resolve));
  await runtime.shutdown();
  expect(found).toBe(runtime.handle);
});

test("wake_in_drop_after_panic: when main fails, tasks whose cleanup wakes each other are cancelled all the same", async () => {
  const log: string[] = [];
  const waits = co(function* (name: string, rx: OneshotReceiver<void>, tx: OneshotSender<void>) {
    try {
      yield* rx;
      log.push("went on");
    } finally {
      tx.send();
      log.push(name);
    }
  });
  const [tx1, rx1] = oneshot<void>();
  const [tx2, rx2] = oneshot<void>();
  const main = co(function* () {
    spawn(waits("a", rx1, tx2)).observed();
    spawn(waits("b", rx2, tx1)).observed();
    yield* yieldNow();
    raise(new Error("boom"));
  });
  await expect(run(main())).rejects.toThrow("boom");
  expect(log).toEqual(["a", "b"]);
});

test("spawn_two: a task may spawn one that answers, and each is queued once", async () => {
  const runtime = new Runtime();
  const out = await runtime.run(
    co(function* () {
      const [tx, rx] = oneshot<string>();
      spawn(
        co(function* () {
          spawn(
            co(function* () {
              tx.send("ZOMG");
            })(),
          );
        })(),
      );
      return yield* rx;
    })(),
  );
  expect(out).toBe("ZOMG");
  expect(runtime.metrics()).toMatchObject({ spawned: 3, alive: 0, polls: 4, wakes: 1 });
});

test("spawn_remote: a task that is woken from outside of the runtime is polled", async () => {
  const out = await new Runtime().run(
    co(function* () {
      const [tx, rx] = oneshot<string>();
      const handle = spawn(
        co(function* () {
          setTimeout(() => tx.send("ZOMG"), 1);
          return yield* rx;
        })(),
      );
      return yield* handle;
    })(),
  );
  expect(out).toBe("ZOMG");
});

test("timeout_panics_when_no_time_handle: a timeout without a clock says what is missing", () => {
  const [, rx] = oneshot<void>();
  expect(() => timeout(20, rx).poll(new TestContext())).toThrow(NoRuntimeError);
  expect(() => sleep(20).poll(new TestContext())).toThrow(/needs a runtime/);
});

test("unstable::shutdown_on_panic: with a handler that ends the runtime, an unhandled failure ends main", async () => {
  const controller = new AbortController();
  const runtime = new Runtime({ onUnhandledError: (error) => controller.abort(error) });
  const main = co(function* () {
    spawn(
      co(function* () {
        raise(new Error("boom"));
      })(),
    );
    yield* never();
  });
  await expect(runtime.run(main(), { signal: controller.signal })).rejects.toMatchObject({
    cause: { message: "boom" },
  });
});

test("unstable::spawns_do_nothing: after its shutdown a runtime refuses to spawn", async () => {
  const runtime = new Runtime();
  await runtime.shutdown();
  expect(() => runtime.spawn(yieldNow())).toThrow(/closed/);
});

test("unstable::shutdown_all_concurrent_block_on: one failure may end several mains of a runtime", async () => {
  const controller = new AbortController();
  const runtime = new Runtime({ onUnhandledError: (error) => controller.abort(error) });
  const mains = [1, 2].map(() => runtime.run(never(), { signal: controller.signal }));
  void runtime.spawn(
    co(function* () {
      raise(new Error("boom"));
    })(),
  );
  for (const main of mains) await expect(main).rejects.toMatchObject({ cause: { message: "boom" } });
});
