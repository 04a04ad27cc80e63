import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, PollAfterCompletionError, TimeoutError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import "../runtime/default.ts";
import { now, pause, resume } from "./clock.ts";
import { type Interval, interval } from "./interval.ts";
import { sleep } from "./sleep.ts";
import { timeout } from "./timeout.ts";
import type { Timers } from "./timers.ts";

function byHand(): { timers: Timers; cx: TestContext } {
  const runtime = new Runtime({ clock: "paused" });
  return { timers: runtime.timers, cx: new TestContext(runtime.handle) };
}

/** Takes the ticks that are there, until there is none. */
function take(ticks: Interval, cx: TestContext): number[] {
  const taken: number[] = [];
  for (let poll = ticks.pollTick(cx); poll !== Pending; poll = ticks.pollTick(cx)) taken.push(poll);
  return taken;
}

describe("interval", () => {
  test("ticks at once, and then every period, however long the work takes", async () => {
    const main = co(function* () {
      yield* sleep(5);
      const ticks = interval(10);
      const taken: [due: number, at: number][] = [];
      for (let n = 0; n < 4; n++) {
        taken.push([yield* ticks.tick(), now()]);
        yield* sleep(n === 1 ? 15 : 3);
      }
      return taken;
    });
    expect(await run(main(), { clock: "paused" })).toEqual([
      [5, 5],
      [15, 15],
      [25, 30],
      [35, 35],
    ]);
  });

  test("begins at its start, be that past or to come", () => {
    const { timers, cx } = byHand();
    timers.advance(100);
    expect(take(interval(10, { start: 75 }), cx)).toEqual([75, 85, 95]);
    const later = interval(10, { start: 110 });
    expect(take(later, cx)).toEqual([]);
    timers.advance(10);
    expect(take(later, cx)).toEqual([110]);
  });

  test("keeps to fractions of a millisecond, each tick rounded up for itself", () => {
    const { timers, cx } = byHand();
    const ticks = interval(2.5);
    expect(take(ticks, cx)).toEqual([0]);
    timers.advance(2);
    expect(take(ticks, cx)).toEqual([]);
    timers.advance(1);
    expect(take(ticks, cx)).toEqual([2.5]);
    timers.advance(2);
    expect(take(ticks, cx)).toEqual([5]);
  });

  test("a tick that is taken before its timer fires takes the timer back", () => {
    const { timers, cx } = byHand();
    const ticks = interval(2.5);
    take(ticks, cx);
    expect(timers.size).toBe(1);
    timers.advance(2.7);
    expect(ticks.pollTick(cx)).toBe(2.5);
    expect(timers.size).toBe(0);
  });

  test("burst makes up for missed ticks at once", () => {
    const { timers, cx } = byHand();
    const ticks = interval(10);
    take(ticks, cx);
    timers.advance(35);
    expect(take(ticks, cx)).toEqual([10, 20, 30]);
    timers.advance(5);
    expect(take(ticks, cx)).toEqual([40]);
  });

  test("delay shifts the ticks after a late one", () => {
    const { timers, cx } = byHand();
    const ticks = interval(10, { missed: "delay" });
    take(ticks, cx);
    timers.advance(37);
    expect(take(ticks, cx)).toEqual([10]);
    timers.advance(9);
    expect(take(ticks, cx)).toEqual([]);
    timers.advance(1);
    expect(take(ticks, cx)).toEqual([47]);
  });

  test("skip drops missed ticks and keeps to the schedule", () => {
    const { timers, cx } = byHand();
    const ticks = interval(10, { missed: "skip" });
    take(ticks, cx);
    timers.advance(37);
    expect(take(ticks, cx)).toEqual([10]);
    timers.advance(3);
    expect(take(ticks, cx)).toEqual([40]);
  });

  test("a tick that comes a little late, by 5 ms or less, is none that was missed", () => {
    for (const missed of ["burst", "delay", "skip"] as const) {
      const { timers, cx } = byHand();
      const ticks = interval(10, { missed });
      take(ticks, cx);
      timers.advance(15);
      expect(take(ticks, cx)).toEqual([10]);
      timers.advance(5);
      expect(take(ticks, cx)).toEqual([20]);
    }
  });

  test("what happens to missed ticks can be changed", () => {
    const { timers, cx } = byHand();
    const ticks = interval(10);
    take(ticks, cx);
    ticks.missed = "skip";
    timers.advance(35);
    expect(take(ticks, cx)).toEqual([10]);
    expect(ticks.period).toBe(10);
  });

  test("reset, resetImmediately, resetAfter and resetAt set the next tick, also of who waits", () => {
    const cases: [reset: (ticks: Interval) => void, next: number][] = [
      [(ticks) => ticks.reset(), 34],
      [(ticks) => ticks.resetImmediately(), 4],
      [(ticks) => ticks.resetAfter(11), 15],
      [(ticks) => ticks.resetAt(200), 200],
      [(ticks) => ticks.resetAt(1), 1],
    ];
    for (const [reset, next] of cases) {
      const { timers, cx } = byHand();
      const ticks = interval(30);
      take(ticks, cx);
      const waiting = ticks.tick();
      pending(waiting, cx);
      timers.advance(4);
      reset(ticks);
      timers.advance(Math.max(0, next - 1 - 4));
      expect(cx.wakes).toBe(next <= 4 ? 1 : 0);
      timers.advance(1);
      expect(ready(waiting, cx)).toBe(next);
      expect(ticks.pollTick(cx)).toBe(Pending);
      timers.advance(30);
      expect(ready(ticks.tick(), cx)).toBe(next + 30);
    }
  });

  test("reset before the first tick delays that", async () => {
    const main = co(function* () {
      const ticks = interval(10);
      yield* sleep(3);
      ticks.reset();
      return yield* ticks.tick();
    });
    expect(await run(main(), { clock: "paused" })).toBe(13);
  });

  test("a tick that is cancelled is not lost, and leaves no timer", () => {
    const { timers, cx } = byHand();
    const ticks = interval(10);
    take(ticks, cx);
    const given = ticks.tick();
    pending(given, cx);
    expect(timers.size).toBe(1);
    given.cancel(cx);
    expect(timers.size).toBe(0);
    expect(() => given.poll(cx)).toThrow(PollAfterCompletionError);
    timers.advance(10);
    expect(ready(ticks.tick(), cx)).toBe(10);
    const noticed = ticks.tick();
    pending(noticed, cx);
    timers.advance(10);
    noticed.cancel(cx);
    expect(ready(ticks.tick(), cx)).toBe(20);
  });

  test("one at a time waits for a tick", () => {
    const { cx } = byHand();
    const ticks = interval(10);
    take(ticks, cx);
    const first = ticks.tick();
    pending(first, cx);
    const second = ticks.tick();
    expect(() => second.poll(cx)).toThrow(FutureInUseError);
    first.cancel(cx);
    pending(ticks.tick(), cx);
  });

  test("a tick has one value", () => {
    const { cx } = byHand();
    const tick = interval(10).tick();
    ready(tick, cx);
    expect(() => tick.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("a burst without end spends the budget and lets others run", async () => {
    const main = co(function* () {
      const ticks = interval(1, { start: -1e9 });
      for (;;) yield* ticks.tick();
    });
    await expect(run(timeout(5, main()))).rejects.toThrow(TimeoutError);
  });

  test("is an async iterable, for code outside of the runtime", async () => {
    pause();
    try {
      const start = now();
      const taken: number[] = [];
      for await (const tick of interval(10)) if (taken.push(tick - start) === 4) break;
      expect(taken).toEqual([0, 10, 20, 30]);
    } finally {
      resume();
    }
  });

  test("of Infinity ticks once", () => {
    for (const missed of ["burst", "delay", "skip"] as const) {
      const { timers, cx } = byHand();
      const ticks = interval(Number.POSITIVE_INFINITY, { missed });
      expect(take(ticks, cx)).toEqual([0]);
      timers.advance(1e15);
      expect(take(ticks, cx)).toEqual([]);
    }
  });

  test("refuses bad arguments at the call", () => {
    for (const period of [0, -1, Number.NaN]) expect(() => interval(period)).toThrow(RangeError);
    for (const start of [Number.NaN, Number.NEGATIVE_INFINITY])
      expect(() => interval(1, { start })).toThrow(RangeError);
    // @ts-expect-error
    expect(() => interval(1, { missed: "never" })).toThrow(RangeError);
    // @ts-expect-error
    expect(() => interval("1")).toThrow(TypeError);
    expect(() => interval(1).resetAfter(-1)).toThrow(RangeError);
    expect(() => interval(1).resetAt(Number.NaN)).toThrow(RangeError);
  });

  test("gives instants", () => {
    expectTypeOf(interval(1).tick()).toEqualTypeOf<Future<number>>();
  });

  test("cancelled at every poll loses no tick", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      const runtime = new Runtime({ clock: "paused" });
      const main = co(function* () {
        const ticks = interval(10);
        const taken: number[] = [];
        const takeThree = co(function* () {
          while (taken.length < 3) taken.push(yield* ticks.tick());
        });
        yield* cancelAt(takeThree());
        while (taken.length < 4) taken.push(yield* ticks.tick());
        return taken;
      });
      expect(await runtime.run(main())).toEqual([0, 10, 20, 30]);
      expect(runtime.timers.size).toBe(0);
    });
  });

  test("100,000 cancelled ticks leave no timer", () => {
    const { timers, cx } = byHand();
    const ticks = interval(10);
    take(ticks, cx);
    for (let n = 0; n < 100_000; n++) {
      const tick = ticks.tick();
      pending(tick, cx);
      tick.cancel(cx);
    }
    expect(timers.size).toBe(0);
  });
});
