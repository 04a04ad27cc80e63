import { expect, test } from "vitest";
import {
  blocking,
  co,
  Runtime,
  run,
  sleep,
  spawn,
  ThreadExitedError,
  timeout,
  unboundedMpsc,
} from "../../../src/index.ts";
import { type Work, workUrl } from "../../support/blocking-work.ts";

// Tokio's task_blocking.rs: what a runtime owes those who block a thread. A thread that blocks is one of the pool here.

const work = blocking<Work>(workUrl);

test("basic_blocking: a task gets what blocking work gives, again and again", async () => {
  const main = co(function* () {
    for (let n = 0; n < 100; n++) {
      const task = co(function* () {
        return yield* spawn(work.block(1, "hello"));
      });
      expect(yield* spawn(task())).toBe("hello");
    }
  });
  await run(main());
});

test("coop_disabled_in_block_in_place, coop_disabled_in_block_in_place_in_block_on: who blocks a thread on more values than a poll may take gets all of them", async () => {
  const [tx, rx] = unboundedMpsc<number>();
  for (let n = 0; n < 200; n++) tx.send(n);
  tx.close();
  const counting = blocking<Work & { receiveAll(count: number): number }>(workUrl, {
    services: { recv: () => rx.recv() },
  });
  expect(await run(counting.receiveAll(200))).toBe((199 * 200) / 2);
});

test("blocking_when_paused: a paused clock stands still while blocking work is under way", async () => {
  const main = co(function* () {
    yield* timeout(3_000, work.block(1, null));
    yield* timeout(1, work.block(50, null));
  });
  await run(main(), { clock: "paused" });
});

test("blocking_task_wakes_paused_runtime: the end of blocking work wakes a runtime whose clock is paused", async () => {
  const main = co(function* () {
    return yield* timeout(600_000, work.block(1, "awake"));
  });
  expect(await run(main(), { clock: "paused" })).toBe("awake");
});

test("unawaited_blocking_task_wakes_paused_runtime: the clock moves on once blocking work has ended, though nobody awaits it", async () => {
  const main = co(function* () {
    const task = spawn(work.block(1, "done"));
    yield* sleep(600_000);
    expect(task.isFinished).toBe(true);
    return yield* task;
  });
  expect(await run(main(), { clock: "paused" })).toBe("done");
});

test("panicking_blocking_task_wakes_paused_runtime: so it does if the work fails, or its thread dies", async () => {
  const main = co(function* () {
    const failures: unknown[] = [];
    for (const call of [work.fail("failed"), work.exit(1)]) {
      try {
        yield* timeout(600_000, call);
      } catch (error) {
        failures.push(error);
      }
    }
    return failures;
  });
  const [failed, exited] = await run(main(), { clock: "paused" });
  expect(failed).toMatchObject({ message: "failed" });
  expect(exited).toBeInstanceOf(ThreadExitedError);
});

test("can_shutdown_with_zero_timeout_in_runtime, can_shutdown_now_in_runtime: a runtime can be shut down within another one, without a grace", async () => {
  const main = co(function* () {
    const inner = new Runtime({ shutdownGrace: 0 });
    yield* inner.spawn(work.add(1, 2));
    return inner;
  });
  const inner = await run(main());
  await inner.shutdown();
  expect(inner.metrics().alive).toBe(0);
});

test("can_enter_current_thread_rt_from_within_block_in_place: code that blocks a thread can run a runtime of its own in it", async () => {
  const entering = blocking<Work & { runOwnRuntime(): string }>(workUrl);
  expect(await run(entering.runOwnRuntime(), { threadExecArgv: [] })).toBe("inner");
});
