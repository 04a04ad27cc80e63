import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { failed, ready } from "../combine/ready.ts";
import { ambient } from "../core/ambient.ts";
import { Cleanup } from "../core/cleanup.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { abortable } from "./abortable.ts";

describe("abortable", () => {
  test("calls the function at the first poll, and gives what its future, its generator or itself gives", () => {
    const contexts: unknown[] = [];
    const future = abortable((signal) => {
      contexts.push(ambient.cx, signal.aborted);
      return ready(1);
    });
    expectTypeOf(future).toEqualTypeOf<Future<number>>();
    expect(contexts).toEqual([]);
    const cx = new TestContext();
    expect(readyNow(future, cx)).toBe(1);
    expect(contexts).toEqual([cx, false]);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
    expect(
      readyNow(
        abortable(function* () {
          return yield* ready("from a generator");
        }),
      ),
    ).toBe("from a generator");
    expect(readyNow(abortable(() => "plain"))).toBe("plain");
  });

  test("a cancel aborts the signal with the reason, before what is waited for is cancelled", () => {
    const gate = new Gate();
    let signal: AbortSignal | undefined;
    const log: unknown[] = [];
    const future = abortable((given) => {
      signal = given;
      given.addEventListener("abort", () => log.push(gate.cancels, given.reason));
      return gate;
    });
    const cx = pending(future);
    expect(new Cleanup(future, "enough", "the test").poll(cx)).toBeUndefined();
    expect([log, gate.cancels, signal?.aborted]).toEqual([[0, "enough"], 1, true]);
  });

  test("a cancel without a reason aborts with the platform's own", () => {
    let signal: AbortSignal | undefined;
    const gate = new Gate();
    const future = abortable((given) => {
      signal = given;
      return gate;
    });
    future.cancel(pending(future));
    expect(signal?.reason).toMatchObject({ name: "AbortError" });
  });

  test("a failure aborts it with the error, and success leaves it alone", () => {
    const failure = new Error("failed");
    const signals: AbortSignal[] = [];
    const failing = abortable((signal) => {
      signals.push(signal);
      return failed(failure);
    });
    expect(() => failing.poll(new TestContext())).toThrow(failure);
    readyNow(abortable((signal) => signals.push(signal)));
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]?.reason).toBe(failure);
  });

  test("is not begun by a cancel before its first poll", () => {
    let calls = 0;
    const future = abortable(() => calls++);
    future.cancel(new TestContext());
    expect(calls).toBe(0);
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("takes nothing but a function", () => {
    expect(() => (abortable as (fn: unknown) => unknown)(1)).toThrow("abortable needs a function, not 1");
  });
});
