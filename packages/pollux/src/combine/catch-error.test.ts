import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { catchError } from "./catch-error.ts";
import { failed, ready } from "./ready.ts";

describe("catchError", () => {
  test("passes a value on, and does not call the function", () => {
    const future = catchError(ready(1), () => {
      throw new Error("called");
    });
    const cx = new TestContext();
    expect(readyNow(future, cx)).toBe(1);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("goes on with what the function makes of the failure: a value, a future or a generator", () => {
    const failure = new Error("failed");
    expect(readyNow(catchError(failed(failure), (error) => error))).toBe(failure);
    expect(readyNow(catchError(failed(failure), () => ready(2)))).toBe(2);
    const generator = catchError(failed(failure), function* () {
      return yield* ready(3);
    });
    expect(readyNow(generator)).toBe(3);
  });

  test("waits for the future that the function returns, and cancels that", () => {
    const [first, second] = [new Probe<number>(), new Probe<string>()];
    const future = catchError(first, () => second);
    expectTypeOf(future).toEqualTypeOf<Future<number | string>>();
    const cx = pending(future);
    first.reject(new Error("failed"));
    pending(future, cx);
    future.cancel(cx);
    expect([first.cancels, second.state]).toEqual([0, "cancelled"]);
    expect([...first.breaches, ...second.breaches]).toEqual([]);
  });

  test("catches nothing that the function throws, nor the failure of what it returns", () => {
    const rethrowing = catchError(failed(new Error("failed")), (error) => {
      throw new Error("again", { cause: error });
    });
    expect(() => rethrowing.poll(new TestContext())).toThrow("again");
    expect(() => catchError(failed(1), () => failed(new Error("twice"))).poll(new TestContext())).toThrow(
      "twice",
    );
  });

  test("does not see a cancel, nor a poll after one", () => {
    const probe = new Probe("slow", "slow");
    const errors: unknown[] = [];
    const future = catchError(probe, (error) => errors.push(error));
    const cx = pending(future);
    future.cancel(cx);
    expect(() => future.poll(cx)).toThrow("being cancelled");
    probe.endCleanup();
    future.cancel(cx);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
    expect(errors).toEqual([]);
  });

  test("infers the union of the value and what the function gives", () => {
    expectTypeOf(catchError(ready(1), () => "none")).toEqualTypeOf<Future<number | string>>();
    expectTypeOf(catchError(failed(1), () => ready("none"))).toEqualTypeOf<Future<string>>();
    expectTypeOf(catchError(ready(1), (error) => (error === 1 ? null : failed(error)))).toEqualTypeOf<
      Future<number | null>
    >();
  });
});
