import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe, Resource } from "../../test/support/probe.ts";
import { Cleanup } from "../core/cleanup.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError, FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import { furtherErrors } from "../core/further-errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { Runtime } from "../runtime/runtime.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import { finallyDo } from "./finally-do.ts";
import { failed, ready } from "./ready.ts";

function failureOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure");
}

describe("finallyDo", () => {
  test("calls the function after a value and after a failure, and keeps both", () => {
    const calls: string[] = [];
    expect(readyNow(finallyDo(ready(1), () => calls.push("value")))).toBe(1);
    const failing = finallyDo(failed(new Error("failed")), () => calls.push("failure"));
    expect(() => failing.poll(new TestContext())).toThrow("failed");
    expect(calls).toEqual(["value", "failure"]);
    expect(() => failing.poll(new TestContext())).toThrow(PollAfterCompletionError);
    expectTypeOf(finallyDo(ready(1), () => "ignored")).toEqualTypeOf<Future<number>>();
  });

  test("waits for the future or the generator that the function returns", () => {
    const closing = new Probe<void>();
    const future = finallyDo(ready(1), () => closing);
    const cx = pending(future);
    closing.resolve();
    expect(readyNow(future, cx)).toBe(1);
    const steps: number[] = [];
    const generator = finallyDo(ready(1), function* () {
      steps.push(yield* ready(2));
    });
    expect(readyNow(generator)).toBe(1);
    expect(steps).toEqual([2]);
  });

  test("calls the function after a cancel, when the future has cleaned up", () => {
    const log: string[] = [];
    const [body, closing] = [new Probe("body", "slow"), new Probe<void>("closing")];
    const future = finallyDo(body, () => {
      log.push(`body is ${body.state}`);
      return closing;
    });
    const cx = pending(future);
    const cleanup = new Cleanup(future, "enough", "the test");
    expect(cleanup.poll(cx)).toBe(Pending);
    expect(() => future.poll(cx)).toThrow(FutureInUseError);
    expect([log, body.reason]).toEqual([[], "enough"]);
    body.endCleanup();
    expect(cleanup.poll(cx)).toBe(Pending);
    expect(log).toEqual(["body is cancelled"]);
    closing.resolve();
    expect(cleanup.poll(cx)).toBeUndefined();
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
    expect([...body.breaches, ...closing.breaches]).toEqual([]);
  });

  test("does nothing at all when it is cancelled before its first poll", () => {
    const body = new Probe();
    let called = false;
    const future = finallyDo(body, () => {
      called = true;
    });
    expect(future.cancel(new TestContext())).toBeUndefined();
    expect([body.polls, body.cancels, called]).toEqual([0, 0, false]);
  });

  test("a cancel while the function's future runs does not interrupt it, and disposes of the value", () => {
    const closing = new Probe<void>();
    const resource = new Resource();
    const future = finallyDo(ready(resource), () => closing);
    const cx = pending(future);
    expect(future.cancel(cx)).toBe(Pending);
    expect([closing.cancels, resource.disposals]).toEqual([0, 0]);
    closing.resolve();
    expect(future.cancel(cx)).toBeUndefined();
    expect(resource.disposals).toBe(1);
    expect(closing.breaches).toEqual([]);
  });

  test("throws what the function fails with after a value, which it disposes of", () => {
    const resource = new Resource();
    const throwing = finallyDo(ready(resource), () => {
      throw new Error("closing");
    });
    expect(() => throwing.poll(new TestContext())).toThrow("closing");
    expect(resource.disposals).toBe(1);
    const failing = finallyDo(ready(new Resource()), () => failed(new Error("closing")));
    expect(() => failing.poll(new TestContext())).toThrow("closing");
  });

  test("a disposal that fails too is beside that error", () => {
    const resource = {
      [Symbol.dispose]: () => {
        throw new Error("disposing");
      },
    };
    const error = failureOf(() =>
      finallyDo(ready(resource), () => failed(new Error("closing"))).poll(new TestContext()),
    );
    expect((error as Error).message).toBe("closing");
    expect(furtherErrors(error)).toEqual([new Error("disposing")]);
  });

  test("throws a CleanupError when both fail, with the future's failure as its cause", () => {
    const failure = new Error("failed");
    const error = failureOf(() =>
      finallyDo(failed(failure), () => failed(new Error("closing"))).poll(new TestContext()),
    );
    expect(error).toBeInstanceOf(CleanupError);
    expect((error as CleanupError).cause).toBe(failure);
    expect((error as CleanupError).errors).toEqual([new Error("closing")]);
  });

  test("collects what fails during a cancel, the failure included that was going to be thrown", () => {
    const body = new Probe("body", "throws");
    const future = finallyDo(body, () => failed(new Error("closing")));
    const cleanup = new Cleanup(future, "enough", "the test");
    const error = failureOf(() => cleanup.poll(pending(future)));
    expect((error as CleanupError).cause).toBe("enough");
    expect((error as CleanupError).errors).toEqual([new Error("cleanup of body"), new Error("closing")]);

    const closing = new Probe<void>();
    const failing = finallyDo(failed(new Error("failed")), () => closing);
    const cx = pending(failing);
    expect(failing.cancel(cx)).toBe(Pending);
    closing.resolve();
    expect((failureOf(() => failing.cancel(cx)) as CleanupError).errors).toEqual([new Error("failed")]);
  });

  test("cancelled at every poll: the function has run to its end exactly once if the future has begun", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      let begun = 0;
      let finished = 0;
      const body = co(function* () {
        begun++;
        yield* yieldNow();
        yield* sleep(10);
        return 1;
      });
      const future = finallyDo(body(), function* () {
        yield* yieldNow();
        yield* sleep(5);
        finished++;
      });
      await new Runtime({ clock: "paused" }).run(cancelAt(future));
      expect(finished).toBe(begun);
    });
    expect(polls).toBeGreaterThan(3);
  });

  test("takes a future and a function", () => {
    const wrong = finallyDo as (...args: unknown[]) => unknown;
    expect(() => wrong(1, () => 1)).toThrow(TypeError);
    expect(() => wrong(ready(1), undefined)).toThrow("finallyDo needs a function, not undefined");
  });
});
