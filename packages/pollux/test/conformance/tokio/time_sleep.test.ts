import { expect, test } from "vitest";
import { select } from "../../../src/combine/select.ts";
import { blockFuture } from "../../../src/core/coroutine.ts";
import { NoRuntimeError, PollAfterCompletionError } from "../../../src/core/errors.ts";
import type { Suspend } from "../../../src/core/future.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import { now } from "../../../src/time/clock.ts";
import { type Sleep, sleep, sleepUntil } from "../../../src/time/sleep.ts";
import { pending, ready, TestContext } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";

/** Runs a block on a clock that stands at 0. */
const paused = (block: () => Generator<Suspend, void, unknown>): Promise<void> =>
  run(blockFuture(block(), "a test"), { clock: "paused" });

test("immediate_sleep: until now is ready at once, and elapsed only then", () =>
  paused(function* () {
    const future = sleepUntil(now());
    expect(future.isElapsed).toBe(false);
    yield* future;
    expect(now()).toBe(0);
    expect(future.isElapsed).toBe(true);
  }));

test("is_elapsed: not before the deadline, polled or not", () =>
  paused(function* () {
    const future = sleep(10);
    expect(future.isElapsed).toBe(false);
    pending(future, currentContext());
    expect(future.isElapsed).toBe(false);
    yield* future;
    expect(future.isElapsed).toBe(true);
  }));

test("delayed_sleep_level_0: deadlines within the lowest level", () =>
  paused(function* () {
    for (const ms of [1, 10, 60]) {
      const start = now();
      yield* sleepUntil(start + ms);
      expect(now() - start).toBe(ms);
    }
  }));

test("sub_ms_delayed_sleep: a deadline a little after a tick ends at the next one", () =>
  paused(function* () {
    for (let n = 0; n < 5; n++) {
      const start = now();
      yield* sleepUntil(start + 1 + 1e-6);
      expect(now() - start).toBe(2);
    }
  }));

test("delayed_sleep_wrapping_level_0: a deadline beyond the end of the lowest level's round", () =>
  paused(function* () {
    yield* sleep(5);
    const start = now();
    yield* sleepUntil(start + 60);
    expect(now() - start).toBe(60);
  }));

test("reset_future_sleep_before_fire: a reset to a later time counts", () =>
  paused(function* () {
    const start = now();
    const future = sleepUntil(start + 100);
    pending(future, currentContext());
    future.resetUntil(now() + 200);
    yield* future;
    expect(now() - start).toBe(200);
  }));

test("reset_past_sleep_before_turn: a reset to an earlier time counts, before any time has passed", () =>
  paused(function* () {
    const start = now();
    const future = sleepUntil(start + 100);
    pending(future, currentContext());
    future.resetUntil(start + 80);
    yield* future;
    expect(now() - start).toBe(80);
  }));

test("reset_past_sleep_before_fire: a reset to an earlier time counts, when some time has passed", () =>
  paused(function* () {
    const start = now();
    const future = sleepUntil(start + 100);
    pending(future, currentContext());
    yield* sleep(10);
    future.resetUntil(start + 80);
    yield* future;
    expect(now() - start).toBe(80);
  }));

test("reset_future_sleep_after_fire: one that has ended can be set anew", () =>
  paused(function* () {
    const start = now();
    const future = sleepUntil(start + 100);
    yield* future;
    expect(now() - start).toBe(100);
    future.resetUntil(start + 110);
    yield* future;
    expect(now() - start).toBe(110);
  }));

test("reset_sleep_to_past: is ready at the next poll (and here wakes who waits)", () =>
  paused(function* () {
    const start = now();
    const cx = currentContext();
    const future = sleepUntil(start + 100);
    pending(future, cx);
    yield* sleep(50);
    expect(cx.wakes).toBe(0);
    future.resetUntil(start + 40);
    expect(cx.wakes).toBe(1);
    ready(future, cx);
  }));

test("creating_sleep_outside_of_context: without a clock it fails; here at the poll, since making it does nothing", () => {
  const future = sleepUntil(500);
  expect(() => future.poll(new TestContext())).toThrow(NoRuntimeError);
});

test("greater_than_max: five years, more than the wheel holds", () =>
  paused(function* () {
    const years = 5 * 365 * 24 * 60 * 60 * 1000;
    yield* sleepUntil(now() + years);
    expect(now()).toBe(years);
  }));

test("short_sleeps: a thousand sleeps of 0 ms end, on the real clock", async () => {
  const block = function* (): Generator<Suspend, void, unknown> {
    for (let n = 0; n < 1000; n++) yield* sleep(0);
  };
  await run(blockFuture(block(), "a test"));
});

test("multi_long_sleeps: five of a year, one after the other, and then until ten years later", () =>
  paused(function* () {
    const year = 365 * 24 * 3600 * 1000;
    for (let n = 0; n < 5; n++) yield* sleep(year);
    const deadline = now() + 10 * year;
    yield* sleepUntil(deadline);
    expect(now()).toBe(deadline);
  }));

test("long_sleeps: ten years are ten years to the millisecond", () =>
  paused(function* () {
    const deadline = now() + 10 * 365 * 24 * 3600 * 1000;
    yield* sleepUntil(deadline);
    expect(now()).toBe(deadline);
  }));

test("reset_after_firing: waits again, and its deadline is another one (here a poll in between is an error)", async () => {
  const runtime = new Runtime();
  const cx = new TestContext(runtime.handle);
  const future = sleepUntil(runtime.timers.now() + 1);
  const { deadline } = future;
  await runtime.run(future.ref());
  expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  future.resetUntil(runtime.timers.now() + 600_000);
  expect(future.deadline).not.toBe(deadline);
  pending(future, cx);
  pending(future, cx);
  future.cancel(cx);
});

test("exactly_max: the longest finite time ends on a paused clock", () =>
  paused(function* () {
    yield* sleep(Number.MAX_VALUE);
    expect(now()).toBe(Number.MAX_VALUE);
  }));

test("issue_5183: the shorter one of a huge sleep and a tiny one wins a select", () =>
  paused(function* () {
    const first = yield* select({ big: sleep(2 ** 64 * 100), tiny: sleep(1e-6) }, { biased: true });
    expect(first.key).toBe("tiny");
    expect(now()).toBe(1);
  }));

test("no_out_of_bounds_close_to_max: a little less than the longest time ends too", () =>
  paused(function* () {
    for (const ms of [Number.MAX_SAFE_INTEGER, 2 ** 53 + 2, Number.MAX_VALUE * (1 - Number.EPSILON)]) {
      yield* sleep(ms);
    }
    expect(now()).toBeGreaterThanOrEqual(Number.MAX_VALUE * (1 - Number.EPSILON));
  }));

test("drop_after_reschedule_at_new_scheduled_time: cancelling one that was reset does not touch the others", () =>
  paused(function* () {
    const start = now();
    const cx = currentContext();
    const [a, b, c] = [sleep(5), sleep(5), sleep(10)];
    for (const each of [a, b, c]) pending(each, cx);
    b.resetUntil(start + 10);
    yield* a;
    b.cancel(cx);
    yield* c;
    expect(now()).toBe(10);
  }));

test("drop_from_wake: a waker may cancel all sleeps of the tick that is being fired", () =>
  paused(function* () {
    const all: Sleep[] = [];
    class Cancelling extends TestContext {
      override wake(): void {
        super.wake();
        for (const each of all.splice(0)) each.cancel(this);
      }
    }
    const cx = new Cancelling(currentContext().runtime);
    for (let n = 0; n < 100; n++) {
      const future = sleep(10);
      pending(future, cx);
      all.push(future);
    }
    yield* sleep(11);
    expect(cx.wakes).toBe(1);
  }));
