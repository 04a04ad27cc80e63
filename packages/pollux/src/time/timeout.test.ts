import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { raise } from "../../test/support/raise.ts";
import { co } from "../core/coroutine.ts";
import {
  CancelledError,
  CleanupError,
  CleanupTimeoutError,
  FutureInUseError,
  PollAfterCompletionError,
  TimeoutError,
} from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { now } from "./clock.ts";
import { sleep } from "./sleep.ts";
import { deadline, timeout } from "./timeout.ts";
import type { Timers } from "./timers.ts";

const paused = <T>(main: Future<T>): Promise<T> => run(main, { clock: "paused" });

function byHand(): { timers: Timers; cx: TestContext } {
  const runtime = new Runtime({ clock: "paused" });
  return { timers: runtime.timers, cx: new TestContext(runtime.handle) };
}

/** Waits for ever; its cleanup takes `ms`, and then fails with `error` if there is one. */
const holding = co(function* (log: string[], ms: number, error?: unknown) {
  try {
    yield* new Gate();
  } finally {
    yield* sleep(ms);
    log.push(`cleaned up at ${now()}`);
    if (error !== undefined) raise(error);
  }
});

describe("timeout", () => {
  test("gives the value that came in time, and takes its timer back", () => {
    const { timers, cx } = byHand();
    const gate = new Gate<string>();
    const future = timeout(10, gate);
    pending(future, cx);
    expect(timers.size).toBe(1);
    gate.open("there");
    expect(ready(future, cx)).toBe("there");
    expect(timers.size).toBe(0);
    expect(gate.cancels).toBe(0);
  });

  test("throws what the future failed with, and takes its timer back", () => {
    const { timers, cx } = byHand();
    const gate = new Gate();
    const future = timeout(10, gate);
    pending(future, cx);
    const error = new Error("broken");
    gate.fail(error);
    expect(() => future.poll(cx)).toThrow(error);
    expect(timers.size).toBe(0);
  });

  test("arms nothing for a future that is ready at its first poll", () => {
    const { timers, cx } = byHand();
    const gate = new Gate<number>();
    gate.open(1);
    expect(ready(timeout(10, gate), cx)).toBe(1);
    expect(timers.size).toBe(0);
  });

  test("when the time is up wakes, cancels with the TimeoutError as the reason, and throws it", () => {
    const { timers, cx } = byHand();
    const gate = new Gate();
    const future = timeout(10, gate);
    pending(future, cx);
    timers.advance(9);
    pending(future, cx);
    expect(cx.takeWakes()).toBe(0);
    timers.advance(1);
    expect(cx.takeWakes()).toBe(1);
    let thrown: unknown;
    try {
      future.poll(cx);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(TimeoutError);
    expect(thrown).toHaveProperty("message", "timed out after 10 ms");
    expect(gate.cancels).toBe(1);
    expect(gate.reason).toBe(thrown);
    expect(cx.cancelReason).toBe(undefined);
    expect(timers.size).toBe(0);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("a value that is there when the time is up wins", () => {
    const { timers, cx } = byHand();
    const gate = new Gate<number>();
    const future = timeout(10, gate);
    pending(future, cx);
    timers.advance(10);
    gate.open(7);
    expect(ready(future, cx)).toBe(7);
  });

  test("of 0 ms polls the future once", () => {
    const { cx } = byHand();
    const open = new Gate<number>();
    open.open(1);
    expect(ready(timeout(0, open), cx)).toBe(1);
    const shut = new Gate<number>();
    expect(() => timeout(0, shut).poll(cx)).toThrow(TimeoutError);
    expect([shut.polls, shut.cancels]).toEqual([1, 1]);
  });

  test("of Infinity is no limit", () => {
    const { timers, cx } = byHand();
    const future = timeout(Number.POSITIVE_INFINITY, new Gate());
    pending(future, cx);
    expect(timers.size).toBe(0);
  });

  test("counts from its first poll", () => {
    const { timers, cx } = byHand();
    const future = timeout(10, new Gate());
    timers.advance(100);
    pending(future, cx);
    timers.advance(9);
    expect(cx.wakes).toBe(0);
  });

  test("waits for the cleanup before it throws", async () => {
    const log: string[] = [];
    const main = co(function* () {
      try {
        yield* timeout(10, holding(log, 50));
      } catch (error) {
        log.push(`${(error as Error).name} at ${now()}`);
      }
    });
    await paused(main());
    expect(log).toEqual(["cleaned up at 60", "TimeoutError at 60"]);
  });

  test("a cleanup that fails is a CleanupError with the TimeoutError as its cause", async () => {
    const broken = new Error("cleanup broke");
    const error = await paused(timeout(10, holding([], 0, broken))).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CleanupError);
    expect(error).toHaveProperty("cause", expect.any(TimeoutError));
    expect(error).toHaveProperty("errors", [broken]);
  });

  test("a leaf's cleanup that throws is a CleanupError too", () => {
    const { timers, cx } = byHand();
    const broken = new Error("cleanup broke");
    class Broken extends Gate {
      override cancel(): never {
        throw broken;
      }
    }
    const future = timeout(10, new Broken());
    pending(future, cx);
    timers.advance(10);
    expect(() => future.poll(cx)).toThrow(
      expect.objectContaining({ name: "CleanupError", cause: expect.any(TimeoutError), errors: [broken] }),
    );
  });

  test("a cleanup that goes on beyond the runtime's limit is abandoned", async () => {
    const runtime = new Runtime({ clock: "paused", cleanupLimit: 100 });
    const warnings: string[] = [];
    const main = timeout(10, holding([], 1e9));
    runtime.handle.reportAbandoned = (error) => warnings.push(error.message);
    const error = await runtime.run(main).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CleanupError);
    expect(error).toHaveProperty("errors", [expect.any(CleanupTimeoutError)]);
    expect(warnings).toHaveLength(1);
    expect(runtime.timers.now()).toBe(110);
  });

  test("fires around a future that always has something to do", async () => {
    const busy = co(function* () {
      for (;;) yield* sleep(0);
    });
    const start = performance.now();
    await expect(run(timeout(10, busy()))).rejects.toThrow(TimeoutError);
    const elapsed = performance.now() - start;
    expect(elapsed).toBeGreaterThanOrEqual(10);
    expect(elapsed).toBeLessThan(500);
  });

  test("fires although the future has spent the budget of the poll", () => {
    const { timers, cx } = byHand();
    const spender = co(function* () {
      for (;;) yield* sleep(0);
    });
    const future = timeout(10, spender());
    pending(future, cx);
    timers.advance(10);
    cx.runtime.budget = 128;
    expect(() => future.poll(cx)).toThrow(TimeoutError);
  });

  test("takes a value that is there, although the task has no budget left to ask for it", async () => {
    const main = co(function* () {
      for (let n = 0; n < 1000; n++) yield* timeout(0, sleep(0));
      return "all";
    });
    expect(await paused(main())).toBe("all");
  });

  test("fires although others leave no budget at any poll", () => {
    const { cx } = byHand();
    const gate = new Gate();
    const future = timeout(0, gate);
    cx.runtime.budget = 0;
    pending(future, cx);
    expect(cx.takeWakes()).toBe(1);
    expect(() => future.poll(cx)).toThrow(TimeoutError);
    expect(gate.cancels).toBe(1);
  });

  test("cancelled from outside cancels the future, with that reason, and takes its timer back", () => {
    const { timers, cx } = byHand();
    const gate = new Gate();
    const future = timeout(10, gate);
    pending(future, cx);
    cx.runtime.cancelReason = "enough";
    expect(future.cancel(cx)).not.toBe(Pending);
    expect(gate.reason).toBe("enough");
    expect(timers.size).toBe(0);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("wakes the waker of the last poll only", () => {
    const { timers, cx } = byHand();
    const last = new TestContext(cx.runtime);
    const future = timeout(10, new Gate());
    pending(future, cx);
    pending(future, last);
    timers.advance(10);
    expect([cx.wakes, last.wakes]).toEqual([0, 1]);
  });

  test("while it is being cancelled has no timer, and must not be polled", () => {
    const { timers, cx } = byHand();
    const future = timeout(10, holding([], 50));
    pending(future, cx);
    expect(future.cancel(cx)).toBe(Pending);
    // The one of the sleep in the cleanup.
    expect(timers.size).toBe(1);
    expect(() => future.poll(cx)).toThrow(FutureInUseError);
    timers.advance(50);
    expect(future.cancel(cx)).not.toBe(Pending);
    expect(timers.size).toBe(0);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("cancelled from outside waits for the cleanup, and its time does not interrupt that", async () => {
    const log: string[] = [];
    const main = co(function* () {
      const handle = spawn(timeout(10, holding(log, 50)));
      yield* sleep(5);
      handle.abort();
      try {
        yield* handle;
      } catch (error) {
        log.push((error as Error).name);
      }
    });
    await paused(main());
    expect(log).toEqual(["cleaned up at 55", "CancelledError"]);
  });

  test("cancelled from outside while it cleans up goes on with that", async () => {
    const log: string[] = [];
    const broken = new Error("cleanup broke");
    const main = co(function* (error?: Error) {
      const handle = spawn(timeout(10, holding(log, 50, error)));
      yield* sleep(20);
      handle.abort();
      yield* handle;
    });
    await expect(paused(main())).rejects.toThrow(CancelledError);
    await expect(paused(main(broken))).rejects.toThrow(CleanupError);
    expect(log).toEqual(["cleaned up at 60", "cleaned up at 60"]);
  });

  test("before its first poll leaves the future alone, cancelled or not", () => {
    const { cx } = byHand();
    const gate = new Gate();
    timeout(10, gate).cancel(cx);
    expect([gate.polls, gate.cancels]).toEqual([0, 0]);
    pending(gate, cx);
  });

  test("takes a loan: the future goes on when the time is up", async () => {
    const main = co(function* () {
      const slow = sleep(30);
      try {
        yield* timeout(10, slow.ref());
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error;
      }
      yield* slow;
      return now();
    });
    expect(await paused(main())).toBe(30);
  });

  test("cancelling the join of a task leaves the task alone", async () => {
    const main = co(function* () {
      const task = co(function* () {
        yield* sleep(50);
        return "done";
      });
      const handle = spawn(task());
      try {
        yield* timeout(10, handle);
      } catch {
        return yield* handle;
      }
      return "in time";
    });
    expect(await paused(main())).toBe("done");
  });

  test("nests: the shorter one fires", async () => {
    const main = co(function* () {
      try {
        yield* timeout(100, timeout(10, new Gate()));
      } catch (error) {
        return `${(error as Error).message}, at ${now()}`;
      }
      return "in time";
    });
    expect(await paused(main())).toBe("timed out after 10 ms, at 10");
  });

  test("works in a finally", async () => {
    const log: string[] = [];
    const main = co(function* () {
      try {
        yield* new Gate();
      } finally {
        try {
          yield* timeout(10, new Gate());
        } catch (error) {
          log.push((error as Error).name);
        }
      }
    });
    const aborting = co(function* () {
      const handle = spawn(main());
      yield* yieldNow();
      handle.abort();
      yield* handle;
    });
    await expect(paused(aborting())).rejects.toThrow(CancelledError);
    expect(log).toEqual(["TimeoutError"]);
  });

  test("refuses a future that has another owner", () => {
    const { cx } = byHand();
    const gate = new Gate();
    pending(timeout(10, gate), cx);
    expect(() => timeout(10, gate).poll(cx)).toThrow(FutureInUseError);
  });

  test("refuses bad arguments at the call", () => {
    expect(() => timeout(-1, new Gate())).toThrow(RangeError);
    expect(() => deadline(Number.NaN, new Gate())).toThrow(RangeError);
    // @ts-expect-error a promise is no future
    expect(() => timeout(1, Promise.resolve())).toThrow(TypeError);
    // @ts-expect-error
    expect(() => deadline(1, () => new Gate())).toThrow(TypeError);
    // @ts-expect-error the time comes first
    expect(() => timeout(new Gate(), 1)).toThrow(TypeError);
  });

  test("keeps the type of the value", () => {
    expectTypeOf(timeout(1, new Gate<string>())).toEqualTypeOf<Future<string>>();
  });

  test("cancelled at every poll leaves no timer, and cleans up what was begun", async () => {
    for (const ms of [5, 1000]) {
      await cancelAtEveryPoll(async (cancelAt) => {
        const runtime = new Runtime({ clock: "paused" });
        let begun = 0;
        let cleaned = 0;
        const work = co(function* () {
          begun++;
          try {
            yield* yieldNow();
            yield* sleep(100);
          } finally {
            cleaned++;
            yield* sleep(3);
          }
        });
        const main = co(function* () {
          try {
            yield* timeout(ms, work());
          } catch (error) {
            if (!(error instanceof TimeoutError)) throw error;
          }
        });
        await runtime.run(cancelAt(main()));
        expect(cleaned).toBe(begun);
        expect(runtime.timers.size).toBe(0);
      });
    }
  });

  test("100,000 that were cancelled or in time leave no timer and no memory behind", () => {
    const { timers, cx } = byHand();
    const many = (): void => {
      const all: { future: Future<void>; gate: Gate }[] = [];
      for (let n = 0; n < 100_000; n++) {
        const gate = new Gate();
        const future = timeout(1 + ((n * 7919) % 10_000_000), gate);
        pending(future, cx);
        all.push({ future, gate });
      }
      expect(timers.size).toBe(100_000);
      all.forEach(({ future, gate }, n) => {
        if (n % 2 === 0) future.cancel(cx);
        else {
          gate.open();
          ready(future, cx);
        }
      });
      expect(timers.size).toBe(0);
    };
    many();
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    many();
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000_000);
  });
});

describe("deadline", () => {
  test("is an instant, for several futures", async () => {
    const main = co(function* () {
      yield* sleep(5);
      const end = now() + 30;
      yield* deadline(end, sleep(20));
      try {
        yield* deadline(end, sleep(20));
      } catch (error) {
        return `${(error as Error).message}, at ${now()}`;
      }
      return "in time";
    });
    expect(await paused(main())).toBe("the deadline passed, at 35");
  });

  test("that has passed polls the future once", () => {
    const { timers, cx } = byHand();
    timers.advance(100);
    const gate = new Gate<number>();
    gate.open(1);
    expect(ready(deadline(50, gate), cx)).toBe(1);
    expect(() => deadline(50, new Gate()).poll(cx)).toThrow(TimeoutError);
  });

  test("of Infinity never comes", () => {
    const { timers, cx } = byHand();
    pending(deadline(Number.POSITIVE_INFINITY, new Gate()), cx);
    expect(timers.size).toBe(0);
  });
});
