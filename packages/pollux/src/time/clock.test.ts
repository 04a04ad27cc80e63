import { describe, expect, test } from "vitest";
import { ready, TestContext } from "../../test/support/context.ts";
import { fromPromise } from "../../test/support/from-promise.ts";
import type { TimerDriver } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import { ClockRunningError, NoRuntimeError, PollAfterCompletionError } from "../core/errors.ts";
import { defaultRuntime } from "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { advance, now, pause, resume } from "./clock.ts";
import { sleep, sleepUntil } from "./sleep.ts";

describe("clock", () => {
  test("now is the clock of the task's runtime, and of the default one outside of any", async () => {
    const main = co(function* () {
      yield* sleep(500);
      return now();
    });
    expect(await run(main(), { clock: "paused" })).toBe(500);
    const before = defaultRuntime().timers.now();
    expect(now()).toBeGreaterThanOrEqual(before);
  });

  test("pause stops it on the next whole millisecond, and resume lets it go on from what it shows", async () => {
    const main = co(function* () {
      const before = now();
      pause();
      const stopped = now();
      expect(Number.isInteger(stopped)).toBe(true);
      expect(stopped).toBeGreaterThanOrEqual(before);
      yield* sleep(3_600_000);
      expect(now()).toBe(stopped + 3_600_000);
      pause();
      resume();
      resume();
      expect(now()).toBeGreaterThanOrEqual(stopped + 3_600_000);
      expect(now()).toBeLessThan(stopped + 3_660_000);
    });
    await run(main());
  });

  test("pause and resume keep the timers that are armed", async () => {
    const main = co(function* () {
      const handle = spawn(sleep(20));
      const start = now();
      yield* sleep(0.5);
      pause();
      yield* advance(5);
      resume();
      yield* handle;
      expect(now() - start).toBeGreaterThanOrEqual(20);
    });
    await run(main());
  });

  test("advance fires what has become due, in order, and lets the tasks run once", async () => {
    const log: string[] = [];
    const sleeper = co(function* (name: string, ms: number) {
      yield* sleep(ms);
      log.push(`${name} at ${now()}`);
    });
    const main = co(function* () {
      pause();
      spawn(sleeper("b", 20));
      spawn(sleeper("a", 10));
      spawn(sleeper("c", 21));
      // Their sleeps count from their first polls.
      yield* advance(0);
      yield* advance(20);
      log.push("advanced");
    });
    await run(main(), { clock: "paused" });
    expect(log).toEqual(["a at 20", "b at 20", "advanced"]);
  });

  test("advance takes fractions", async () => {
    const main = co(function* () {
      yield* advance(0.25);
      yield* advance(0.5);
      return now();
    });
    expect(await run(main(), { clock: "paused" })).toBe(0.75);
  });

  test("advance needs a paused clock, a finite duration, and one poll to begin", async () => {
    await expect(run(advance(1))).rejects.toThrow(ClockRunningError);
    expect(() => advance(-1)).toThrow(RangeError);
    expect(() => advance(Number.POSITIVE_INFINITY)).toThrow(RangeError);
    const runtime = new Runtime({ clock: "paused" });
    const cx = new TestContext(runtime.handle);
    const future = advance(5);
    expect(runtime.timers.now()).toBe(0);
    future.poll(cx);
    expect(runtime.timers.now()).toBe(5);
    expect(cx.wakes).toBe(1);
    ready(future, cx);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("a clock of somebody's own is not to be moved", () => {
    const own: TimerDriver = { now: () => 0, arm: () => {}, disarm: () => {} };
    const { handle } = new Runtime();
    const cx = new TestContext(Object.create(handle, { timers: { value: own } }));
    expect(() => advance(1).poll(cx)).toThrow(NoRuntimeError);
  });

  test("a paused clock stands still while something is awaited from outside", async () => {
    const log: string[] = [];
    const outside = co(function* () {
      yield* fromPromise(new Promise((resolve) => setTimeout(resolve, 5)));
      log.push(`outside at ${now()}`);
    });
    const main = co(function* () {
      const handle = spawn(outside());
      yield* sleep(1_000_000);
      log.push(`sleep at ${now()}`);
      yield* handle;
    });
    await run(main(), { clock: "paused" });
    expect(log).toEqual(["outside at 0", "sleep at 1000000"]);
  });

  test("a paused clock jumps to the deadlines, one by one", async () => {
    const main = co(function* () {
      const times: number[] = [];
      const sleeper = co(function* (ms: number) {
        for (let n = 0; n < 3; n++) {
          yield* sleep(ms);
          times.push(now());
        }
      });
      const handles = [spawn(sleeper(7)), spawn(sleeper(1e12)), spawn(sleeper(20))];
      for (const handle of handles) yield* handle;
      return times;
    });
    expect(await run(main(), { clock: "paused" })).toEqual([7, 14, 20, 21, 40, 60, 1e12, 2e12, 3e12]);
  });

  test("a paused clock that a timer's deadline has passed already fires it without moving", async () => {
    const runtime = new Runtime({ clock: "paused" });
    runtime.handle.outstanding++;
    const main = co(function* () {
      const future = sleepUntil(10);
      const handle = spawn(future);
      yield* advance(0);
      future.resetUntil(-5);
      yield* handle;
      return now();
    });
    expect(await runtime.run(main())).toBe(0);
  });
});
