import { expect, test } from "vitest";
import { never } from "../../../src/combine/never.ts";
import { ready as readyFuture } from "../../../src/combine/ready.ts";
import { blockFuture, co } from "../../../src/core/coroutine.ts";
import { TimeoutError } from "../../../src/core/errors.ts";
import type { Suspend } from "../../../src/core/future.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { advance, now } from "../../../src/time/clock.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { deadline, timeout } from "../../../src/time/timeout.ts";
import { pending, ready } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";
import { Gate } from "../../support/gate.ts";

/** Runs a block on a clock that stands at 0. */
const paused = (block: () => Generator<Suspend, void, unknown>): Promise<void> =>
  run(blockFuture(block(), "a test"), { clock: "paused" });

test("simultaneous_deadline_future_completion: a value that is there at the deadline is given", () =>
  paused(function* () {
    ready(deadline(now(), readyFuture()), currentContext());
  }));

test("completed_future_past_deadline: a value that is there is given, be the deadline long gone", () =>
  paused(function* () {
    ready(deadline(now() - 1000, readyFuture()), currentContext());
  }));

test("future_and_deadline_in_future: a value that comes before the deadline wakes and is given", () =>
  paused(function* () {
    const cx = currentContext();
    const gate = new Gate();
    const future = deadline(now() + 100, gate);
    pending(future, cx);
    yield* advance(90);
    pending(future, cx);
    gate.open();
    expect(cx.wakes).toBe(1);
    ready(future, cx);
  }));

test("future_and_timeout_in_future: a value that comes in time is given", () =>
  paused(function* () {
    const cx = currentContext();
    const gate = new Gate();
    const future = timeout(100, gate);
    pending(future, cx);
    yield* advance(90);
    pending(future, cx);
    gate.open();
    ready(future, cx);
  }));

test("very_large_timeout: the longest times can be waited for", () =>
  paused(function* () {
    for (const ms of [Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
      const cx = currentContext();
      const gate = new Gate();
      const future = timeout(ms, gate);
      pending(future, cx);
      yield* advance(86_400_000 * 365 * 10);
      pending(future, cx);
      gate.open();
      ready(future, cx);
    }
  }));

test("deadline_now_elapses: what is not there at a deadline that is now fails", () =>
  paused(function* () {
    const future = deadline(now(), never());
    yield* advance(1);
    expect(() => future.poll(currentContext())).toThrow(TimeoutError);
  }));

test("deadline_future_elapses: the deadline wakes, and the poll fails", () =>
  paused(function* () {
    const cx = currentContext();
    const future = deadline(now() + 300, never());
    pending(future, cx);
    yield* advance(301);
    expect(cx.wakes).toBe(1);
    expect(() => future.poll(cx)).toThrow(TimeoutError);
  }));

test("timeout_is_not_exhausted_by_future: fires around a future that spends all of the budget, for ever", async () => {
  const busy = co(function* () {
    for (;;) yield* sleep(0);
  });
  await expect(run(timeout(1, busy()))).rejects.toThrow(TimeoutError);
});
