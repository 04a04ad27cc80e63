import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { NoRuntimeError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { now } from "./clock.ts";
import { type Sleep, sleep, sleepUntil } from "./sleep.ts";
import type { Timers } from "./timers.ts";

const paused = <T>(main: Future<T>): Promise<T> => run(main, { clock: "paused" });

/** A paused clock to be moved by hand, and a context on it. */
function byHand(): { timers: Timers; cx: TestContext } {
  const runtime = new Runtime({ clock: "paused" });
  return { timers: runtime.timers, cx: new TestContext(runtime.handle) };
}

describe("sleep", () => {
  test("ends at its deadline, and not before", () => {
    const { timers, cx } = byHand();
    const future = sleep(10);
    pending(future, cx);
    timers.advance(9);
    expect(cx.wakes).toBe(0);
    pending(future, cx);
    timers.advance(1);
    expect(cx.wakes).toBe(1);
    ready(future, cx);
    expect(timers.size).toBe(0);
  });

  test("counts from the first poll, and does nothing before it", () => {
    const { timers, cx } = byHand();
    const future = sleep(10);
    expect(future.deadline).toBe(undefined);
    timers.advance(100);
    expect(timers.size).toBe(0);
    pending(future, cx);
    expect(future.deadline).toBe(110);
  });

  test("rounds its deadline up to the next millisecond", () => {
    const { timers, cx } = byHand();
    timers.advance(0.5);
    const future = sleep(1);
    pending(future, cx);
    expect(future.deadline).toBe(2);
    timers.advance(1);
    pending(future, cx);
    timers.advance(0.5);
    ready(future, cx);
  });

  test("of 0 ms, or until an instant that has passed, is ready at once", () => {
    const { timers, cx } = byHand();
    timers.advance(5);
    for (const future of [sleep(0), sleepUntil(5), sleepUntil(4), sleepUntil(-1e9)]) {
      expect(future.isElapsed).toBe(false);
      ready(future, cx);
      expect(future.isElapsed).toBe(true);
    }
    expect(timers.size).toBe(0);
  });

  test("of Infinity never ends and arms nothing", () => {
    const { timers, cx } = byHand();
    const future = sleep(Number.POSITIVE_INFINITY);
    pending(future, cx);
    expect(future.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(timers.size).toBe(0);
    future.reset(5);
    expect(cx.takeWakes()).toBe(1);
    pending(future, cx);
    timers.advance(5);
    expect(cx.wakes).toBe(1);
    ready(future, cx);
  });

  test("wakes the waker of the last poll only", () => {
    const { timers, cx } = byHand();
    const last = new TestContext(cx.runtime);
    const future = sleep(10);
    pending(future, cx);
    pending(future, last);
    timers.advance(10);
    expect([cx.wakes, last.wakes]).toEqual([0, 1]);
  });

  test("takes a unit of budget when it is ready, and none while it waits", () => {
    const { timers, cx } = byHand();
    const future = sleep(10);
    const before = cx.runtime.budget;
    pending(future, cx);
    expect(cx.runtime.budget).toBe(before);
    timers.advance(10);
    cx.takeWakes();
    cx.runtime.budget = 0;
    pending(future, cx);
    expect(cx.takeWakes()).toBe(1);
    cx.runtime.budget = 1;
    ready(future, cx);
    expect(cx.runtime.budget).toBe(0);
  });

  test("polled after its end, or after a cancel, says so", () => {
    const { timers, cx } = byHand();
    const ended = sleep(0);
    ready(ended, cx);
    expect(() => ended.poll(cx)).toThrow(PollAfterCompletionError);
    const cancelled = sleep(10);
    pending(cancelled, cx);
    cancelled.cancel(cx);
    expect(timers.size).toBe(0);
    expect(() => cancelled.poll(cx)).toThrow(PollAfterCompletionError);
    expect(cancelled.isElapsed).toBe(false);
  });

  test("needs a clock", () => {
    expect(() => sleep(1).poll(new TestContext())).toThrow(NoRuntimeError);
  });

  test("refuses what is no duration and no instant, at the call", () => {
    for (const ms of [-1, Number.NaN, Number.NEGATIVE_INFINITY]) expect(() => sleep(ms)).toThrow(RangeError);
    expect(() => sleepUntil(Number.NaN)).toThrow(RangeError);
    // @ts-expect-error a string is no number
    expect(() => sleep("1")).toThrow(TypeError);
    // @ts-expect-error
    expect(() => sleepUntil(undefined)).toThrow(TypeError);
    const future = sleep(1);
    expect(() => future.reset(-1)).toThrow(RangeError);
    expect(() => future.resetUntil(Number.NaN)).toThrow(RangeError);
  });

  test("is a future of nothing", () => {
    expectTypeOf(sleep(1)).toExtend<Future<void>>();
    expectTypeOf(sleep(1).deadline).toEqualTypeOf<number | undefined>();
  });

  test("property: any number of tasks wake in the order of their deadlines, each at its own", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 1e7 }), { maxLength: 30 }), async (durations) => {
        const woken: number[] = [];
        const sleeper = co(function* (ms: number) {
          yield* sleep(ms);
          expect(now()).toBe(ms);
          woken.push(ms);
        });
        const main = co(function* () {
          const handles = durations.map((ms) => spawn(sleeper(ms)));
          for (const handle of handles) yield* handle;
        });
        await paused(main());
        expect(woken).toEqual([...durations].sort((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });

  test("cancelled at every poll leaves no timer", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const runtime = new Runtime({ clock: "paused" });
      await runtime.run(cancelAt(sleep(1000)));
      expect(runtime.timers.size).toBe(0);
    });
    expect(polls).toBe(2);
  });

  test("100,000 cancelled leave no timer and no memory behind", () => {
    const { timers, cx } = byHand();
    const cancelMany = (): void => {
      const futures: Sleep[] = [];
      for (let n = 0; n < 100_000; n++) {
        const future = sleep(1 + ((n * 7919) % 10_000_000));
        pending(future, cx);
        futures.push(future);
      }
      expect(timers.size).toBe(100_000);
      for (const future of futures) future.cancel(cx);
      expect(timers.size).toBe(0);
    };
    cancelMany();
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    cancelMany();
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000_000);
  });
});

describe("sleep: reset", () => {
  test("before the first poll sets the duration, which counts from there", () => {
    const { timers, cx } = byHand();
    const future = sleep(10);
    future.reset(20);
    timers.advance(100);
    pending(future, cx);
    expect(future.deadline).toBe(120);
  });

  test("while somebody waits counts from now, and they go on waiting", () => {
    const { timers, cx } = byHand();
    const future = sleep(10);
    pending(future, cx);
    timers.advance(5);
    future.reset(10);
    timers.advance(9);
    expect(cx.wakes).toBe(0);
    timers.advance(1);
    expect(cx.wakes).toBe(1);
    ready(future, cx);
  });

  test("to an instant that has passed wakes who waits", () => {
    const { timers, cx } = byHand();
    timers.advance(100);
    const future = sleep(10);
    pending(future, cx);
    future.resetUntil(50);
    expect(cx.wakes).toBe(1);
    expect(timers.size).toBe(0);
    ready(future, cx);
  });

  test("to Infinity takes the timer back", () => {
    const { timers, cx } = byHand();
    const future = sleep(10);
    pending(future, cx);
    future.reset(Number.POSITIVE_INFINITY);
    expect(timers.size).toBe(0);
    expect(future.deadline).toBe(Number.POSITIVE_INFINITY);
    pending(future, cx);
    expect(cx.wakes).toBe(0);
  });

  test("after it fired and before anybody noticed makes it wait again", () => {
    const { timers, cx } = byHand();
    const future = sleep(10);
    pending(future, cx);
    timers.advance(10);
    expect(future.isElapsed).toBe(true);
    future.reset(10);
    expect(future.isElapsed).toBe(false);
    pending(future, cx);
    timers.advance(10);
    ready(future, cx);
  });

  test("after its end lets it be awaited again, by anybody", async () => {
    const times: number[] = [];
    const main = co(function* () {
      const future = sleep(10);
      yield* future;
      times.push(now());
      future.reset(5);
      const handle = spawn(future);
      yield* handle;
      times.push(now());
      future.reset(7);
      yield* future.ref();
      times.push(now());
      future.reset(8);
      yield* future.ref();
      times.push(now());
    });
    await paused(main());
    expect(times).toEqual([10, 15, 22, 30]);
  });

  test("while nobody waits counts from the next poll", () => {
    const { timers, cx } = byHand();
    const future = sleep(0);
    ready(future, cx);
    future.reset(10);
    expect(future.deadline).toBe(undefined);
    timers.advance(100);
    pending(future, cx);
    expect(future.deadline).toBe(110);
  });

  test("after a cancel lets it be awaited again", () => {
    const { timers, cx } = byHand();
    const future = sleep(10);
    pending(future, cx);
    expect(future.cancel(cx)).not.toBe(Pending);
    future.reset(10);
    expect(timers.size).toBe(0);
    pending(future, cx);
    timers.advance(10);
    ready(future, cx);
  });
});
