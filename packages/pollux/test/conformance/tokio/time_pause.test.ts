import { expect, test } from "vitest";
import type { Context } from "../../../src/core/context.ts";
import { blockFuture, co } from "../../../src/core/coroutine.ts";
import { Future, type Suspend } from "../../../src/core/future.ts";
import { Pending, type Poll } from "../../../src/core/poll.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { advance, now, pause } from "../../../src/time/clock.ts";
import { interval } from "../../../src/time/interval.ts";
import { type Sleep, sleep, sleepUntil } from "../../../src/time/sleep.ts";
import { pending, ready } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";

/** Runs a block on a clock that stands at 0. */
const paused = (block: () => Generator<Suspend, void, unknown>): Promise<void> =>
  run(blockFuture(block(), "a test"), { clock: "paused" });

test("pause_time_in_main: the clock can be paused in the main future", async () => {
  const main = co(function* () {
    pause();
    const start = now();
    yield* sleep(3_600_000);
    return now() - start;
  });
  expect(await run(main())).toBe(3_600_000);
});

test("pause_time_in_task: the clock can be paused in a spawned task", async () => {
  const pauser = co(function* () {
    pause();
  });
  const main = co(function* () {
    yield* spawn(pauser());
    const start = now();
    yield* sleep(3_600_000);
    return now() - start;
  });
  expect(await run(main())).toBe(3_600_000);
});

test("paused_time_is_deterministic: ten thousand random sleeps give the same times in every run", async () => {
  const stress = co(function* () {
    let state = 1;
    const times: number[] = [];
    for (let n = 0; n < 10_000; n++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      yield* sleep((state / 2 ** 32) * 1000);
      times.push(now());
    }
    return times;
  });
  const first = await run(stress(), { clock: "paused" });
  expect(await run(stress(), { clock: "paused" })).toEqual(first);
  expect(first).toHaveLength(10_000);
});

test("advance_after_poll: moves the clock by what was asked for, and fires nothing that is not due", () =>
  paused(function* () {
    yield* sleep(1);
    const start = now();
    const cx = currentContext();
    const future = sleepUntil(start + 300);
    pending(future, cx);
    const before = now();
    yield* advance(100);
    expect(now() - before).toBe(100);
    pending(future, cx);
    future.cancel(cx);
  }));

test("sleep_no_poll: a sleep that was not polled before the clock moved keeps its instant", () =>
  paused(function* () {
    const start = now();
    yield* advance(1);
    const future = sleepUntil(start + 300);
    const before = now();
    yield* advance(100);
    expect(now() - before).toBe(100);
    const cx = currentContext();
    pending(future, cx);
    yield* advance(199);
    ready(future, cx);
  }));

/** Polls a sleep, moves the clock, and polls it again, all with the task's own context. */
class Tester extends Future<void> {
  readonly #sleep: Sleep;
  readonly #poll: boolean;
  #advance: Future<void> | undefined;
  #before = 0;

  constructor(sleep: Sleep, poll: boolean) {
    super();
    this.#sleep = sleep;
    this.#poll = poll;
  }

  override poll(cx: Context): Poll<void> {
    if (this.#advance === undefined) {
      if (this.#poll) expect(this.#sleep.poll(cx)).toBe(Pending);
      this.#before = now();
      this.#advance = advance(100);
    }
    if (this.#advance.poll(cx) === Pending) return Pending;
    expect(now() - this.#before).toBe(100);
    expect(this.#sleep.poll(cx)).toBe(Pending);
    return this.#sleep.cancel(cx);
  }
}

test("sleep_same_task: the clock can be moved in the task that sleeps", () =>
  paused(function* () {
    const start = now();
    yield* advance(1);
    yield* new Tester(sleepUntil(start + 300), true);
  }));

test("sleep_same_task_no_poll: the same, the sleep not having been polled", () =>
  paused(function* () {
    const start = now();
    yield* advance(1);
    yield* new Tester(sleepUntil(start + 300), false);
  }));

test("interval: ticks as the clock is moved", () =>
  paused(function* () {
    const start = now();
    yield* advance(1);
    const cx = currentContext();
    const ticks = interval(300, { start });
    const expectTicks = (...due: number[]): void => {
      for (const each of due) expect(ticks.pollTick(cx)).toBe(start + each);
      expect(ticks.pollTick(cx)).toBe(Pending);
    };
    expectTicks(0);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(300);
    yield* advance(400);
    expectTicks(600);
    yield* advance(500);
    expectTicks(900, 1200);
  }));

test("test_time_advance_sub_ms: moves by fractions of a millisecond", () =>
  paused(function* () {
    let before = now();
    yield* advance(51.592);
    expect(now() - before).toBeCloseTo(51.592, 9);
    before = now();
    yield* advance(0.001);
    expect(now() - before).toBeCloseTo(0.001, 9);
  }));

test("test_time_advance_3ms_and_change: moves by seconds and fractions", () =>
  paused(function* () {
    let before = now();
    yield* advance(3141.592);
    expect(now() - before).toBeCloseTo(3141.592, 9);
    before = now();
    yield* advance(3123.456);
    expect(now() - before).toBeCloseTo(3123.456, 9);
  }));

test("regression_3710_with_submillis_advance: a fraction moves no more than itself, with a timer armed", () =>
  paused(function* () {
    const start = now();
    yield* advance(1);
    const cx = currentContext();
    const future = sleepUntil(start + 60_000);
    pending(future, cx);
    const before = now();
    yield* advance(51.592);
    expect(now() - before).toBeCloseTo(51.592, 9);
    pending(future, cx);
    future.cancel(cx);
  }));

test("exact_1ms_advance: one millisecond is one, twice", () =>
  paused(function* () {
    for (let n = 0; n < 2; n++) {
      const before = now();
      yield* advance(1);
      expect(now() - before).toBe(1);
    }
  }));

test("advance_once_with_timer: a timer fires when fractions have added up to its time", () =>
  paused(function* () {
    const cx = currentContext();
    const future = sleep(1);
    pending(future, cx);
    yield* advance(0.25);
    pending(future, cx);
    yield* advance(1.5);
    expect(cx.wakes).toBe(1);
    ready(future, cx);
  }));

test("advance_multi_with_timer: four quarters of a millisecond are one", () =>
  paused(function* () {
    const cx = currentContext();
    const future = sleep(1);
    pending(future, cx);
    for (let n = 0; n < 3; n++) {
      yield* advance(0.25);
      pending(future, cx);
    }
    yield* advance(0.25);
    expect(cx.wakes).toBe(1);
    ready(future, cx);
  }));
