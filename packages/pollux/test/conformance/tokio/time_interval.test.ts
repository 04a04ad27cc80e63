import { expect, test } from "vitest";
import type { Context } from "../../../src/core/context.ts";
import { blockFuture, co } from "../../../src/core/coroutine.ts";
import { TimeoutError } from "../../../src/core/errors.ts";
import { Future, type Suspend } from "../../../src/core/future.ts";
import { Pending, type Poll } from "../../../src/core/poll.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import { advance, now } from "../../../src/time/clock.ts";
import { type Interval, type IntervalOptions, interval } from "../../../src/time/interval.ts";
import { timeout } from "../../../src/time/timeout.ts";
import { ready, TestContext } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";

/** An interval of 300 ms on a paused clock that stands 1 ms after its start. */
const withTicks = (
  options: IntervalOptions,
  block: (ticks: Interval, expectTicks: (...due: number[]) => void) => Generator<Suspend, void, unknown>,
): Promise<void> => {
  const main = function* (): Generator<Suspend, void, unknown> {
    const start = now();
    yield* advance(1);
    const ticks = interval(300, { ...options, start });
    const cx = currentContext();
    yield* block(ticks, (...due) => {
      for (const each of due) expect(ticks.pollTick(cx)).toBe(start + each);
      expect(ticks.pollTick(cx)).toBe(Pending);
    });
  };
  return run(blockFuture(main(), "a test"), { clock: "paused" });
};

test("interval_zero_duration: a period of 0 is refused", () => {
  expect(() => interval(0)).toThrow(RangeError);
});

test("burst: missed ticks come at once, and the rest on schedule", () =>
  withTicks({ missed: "burst" }, function* (_ticks, expectTicks) {
    expectTicks(0);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(300);
    yield* advance(650);
    expectTicks(600, 900);
    yield* advance(200);
    expectTicks();
    yield* advance(100);
    expectTicks(1200);
    yield* advance(250);
    expectTicks(1500);
    yield* advance(300);
    expectTicks(1800);
  }));

test("delay: after a late tick the schedule begins anew", () =>
  withTicks({ missed: "delay" }, function* (_ticks, expectTicks) {
    expectTicks(0);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(300);
    yield* advance(650);
    expectTicks(600);
    yield* advance(100);
    expectTicks();
    yield* advance(201);
    expectTicks(1251);
    yield* advance(300);
    expectTicks(1551);
    yield* advance(300);
    expectTicks(1851);
  }));

test("skip: missed ticks are left out, and the rest come on schedule", () =>
  withTicks({ missed: "skip" }, function* (_ticks, expectTicks) {
    expectTicks(0);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(300);
    yield* advance(650);
    expectTicks(600);
    yield* advance(250);
    expectTicks(1200);
    yield* advance(300);
    expectTicks(1500);
    yield* advance(300);
    expectTicks(1800);
  }));

test("reset: the next tick is a period from now", () =>
  withTicks({}, function* (ticks, expectTicks) {
    expectTicks(0);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(300);
    yield* advance(100);
    expectTicks();
    ticks.reset();
    yield* advance(250);
    expectTicks();
    yield* advance(50);
    expectTicks(701);
    yield* advance(300);
    expectTicks(1001);
  }));

test("reset_immediately: the next tick is now", () =>
  withTicks({}, function* (ticks, expectTicks) {
    expectTicks(0);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(300);
    yield* advance(100);
    expectTicks();
    ticks.resetImmediately();
    expectTicks(401);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(701);
  }));

test("reset_after: the next tick is after the given time", () =>
  withTicks({}, function* (ticks, expectTicks) {
    expectTicks(0);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(300);
    yield* advance(100);
    expectTicks();
    ticks.resetAfter(20);
    yield* advance(20);
    expectTicks(421);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(721);
  }));

test("reset_at: the next tick is at the given instant", () =>
  withTicks({}, function* (ticks, expectTicks) {
    expectTicks(0);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(300);
    yield* advance(100);
    expectTicks();
    ticks.resetAt(now() + 40);
    yield* advance(40);
    expectTicks(441);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(741);
  }));

test("reset_at_bigger_than_interval: the instant may be further away than the period", () =>
  withTicks({}, function* (ticks, expectTicks) {
    expectTicks(0);
    yield* advance(100);
    expectTicks();
    yield* advance(200);
    expectTicks(300);
    yield* advance(100);
    expectTicks();
    ticks.resetAt(now() + 1000);
    for (let n = 0; n < 3; n++) {
      yield* advance(300);
      expectTicks();
    }
    yield* advance(100);
    expectTicks(1401);
    yield* advance(300);
    expectTicks(1701);
  }));

/** Gives the number of every fourth tick, up to 12; in between it wakes itself or does not. */
class EveryFourth extends Future<number | undefined> {
  readonly #ticks: Interval;
  readonly #counter: { ticks: number };
  readonly #wakes: boolean;

  constructor(ticks: Interval, counter: { ticks: number }, wakes: boolean) {
    super();
    this.#ticks = ticks;
    this.#counter = counter;
    this.#wakes = wakes;
  }

  override poll(cx: Context): Poll<number | undefined> {
    if (this.#counter.ticks > 12) return undefined;
    if (this.#ticks.pollTick(cx) === Pending) return Pending;
    if (++this.#counter.ticks % 4 === 0) return this.#counter.ticks;
    if (this.#wakes) cx.wake();
    return Pending;
  }
}

/** What such a stream gives within 150 ms. */
const collect = async (wakes: boolean): Promise<number[]> => {
  const items: number[] = [];
  const main = co(function* () {
    const ticks = interval(10);
    const counter = { ticks: 0 };
    for (;;) {
      const item = yield* new EveryFourth(ticks, counter, wakes);
      if (item === undefined) return;
      items.push(item);
    }
  });
  try {
    await run(timeout(150, main()), { clock: "paused" });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
  return items;
};

test("stream_with_interval_poll_tick_self_waking: a future that wakes itself after a tick gets all of them", async () => {
  expect(await collect(true)).toEqual([4, 8, 12]);
});

test("stream_with_interval_poll_tick_no_waking: a poll that gave a tick has registered no waker", async () => {
  expect(await collect(false)).toEqual([]);
});

test("interval_doesnt_panic_max_duration_when_polling: the longest periods tick once", () => {
  for (const period of [Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    const ticks = interval(period);
    expect(ready(ticks.tick(), cx)).toBe(0);
    expect(ticks.pollTick(cx)).toBe(Pending);
  }
});
