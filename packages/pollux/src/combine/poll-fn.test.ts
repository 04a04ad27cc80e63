import { describe, expect, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { pollFn } from "./poll-fn.ts";

describe("pollFn", () => {
  test("polls the function with the context, until it gives a value", () => {
    let polls = 0;
    const future = pollFn((cx) => {
      cx.waker.wake();
      return ++polls === 3 ? "three" : Pending;
    });
    const cx = new TestContext();
    pending(future, cx);
    pending(future, cx);
    expect(cx.wakes).toBe(2);
    expect(readyNow(future, cx)).toBe("three");
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("does not call the function again after it has thrown, or after a cancel", () => {
    let polls = 0;
    const throwing = pollFn(() => {
      polls++;
      throw new Error("failed");
    });
    expect(() => throwing.poll(new TestContext())).toThrow("failed");
    expect(() => throwing.poll(new TestContext())).toThrow(PollAfterCompletionError);
    const cancelled = pollFn(() => polls++);
    cancelled.cancel(new TestContext());
    expect(() => cancelled.poll(new TestContext())).toThrow(PollAfterCompletionError);
    expect(polls).toBe(1);
  });

  test("takes nothing but a function", () => {
    expect(() => (pollFn as (fn: unknown) => unknown)(1)).toThrow("pollFn needs a function, not 1");
  });
});
