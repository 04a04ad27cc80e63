import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import { co } from "../core/coroutine.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime } from "../runtime/runtime.ts";
import { yieldNow } from "../task/yield-now.ts";
import { andThen } from "./and-then.ts";
import { failed, ready } from "./ready.ts";

describe("andThen", () => {
  test("goes on with the future that the function returns, in the same poll", () => {
    const first = new Probe<number>();
    const second = new Probe<string>();
    const both = andThen(first, (n) => {
      expect(n).toBe(1);
      return second;
    });
    const cx = pending(both);
    first.resolve(1);
    pending(both, cx);
    expect(second.polls).toBe(1);
    second.resolve("two");
    expect(readyNow(both, cx)).toBe("two");
    expect(() => both.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("takes a generator function, and a function that returns a plain value", () => {
    const generator = andThen(ready(1), function* (n) {
      return n + (yield* ready(1));
    });
    expect(readyNow(generator)).toBe(2);
    expect(readyNow(andThen(ready(1), (n) => n + 1))).toBe(2);
    expect(readyNow(andThen(ready(1), () => [1, 2]))).toEqual([1, 2]);
  });

  test("infers the value from what the function returns", () => {
    expectTypeOf(andThen(ready(1), () => ready("one"))).toEqualTypeOf<Future<string>>();
    expectTypeOf(andThen(ready(1), (n) => [n])).toEqualTypeOf<Future<number[]>>();
    expectTypeOf(
      andThen(ready(1), function* (n) {
        yield* ready();
        return n;
      }),
    ).toEqualTypeOf<Future<number>>();
    expectTypeOf(andThen(ready(1), (n) => (n > 0 ? ready("one") : null))).toEqualTypeOf<
      Future<string | null>
    >();
  });

  test("ends with what fails: the first, the function, the second", () => {
    const calls: string[] = [];
    const never = andThen(failed(new Error("first")), () => calls.push("called"));
    expect(() => never.poll(new TestContext())).toThrow("first");
    expect(calls).toEqual([]);
    const throwing = andThen(ready(1), () => {
      throw new Error("fn");
    });
    expect(() => throwing.poll(new TestContext())).toThrow("fn");
    expect(() => throwing.poll(new TestContext())).toThrow(PollAfterCompletionError);
    expect(() => andThen(ready(1), () => failed(new Error("second"))).poll(new TestContext())).toThrow(
      "second",
    );
  });

  test("cancels the one that is under way, and touches nothing before the first poll", () => {
    const [first, second] = [new Probe<number>("first"), new Probe("second", "slow")];
    const untouched = andThen(first, () => second);
    untouched.cancel(new TestContext());
    expect([first.cancels, second.cancels]).toEqual([0, 0]);
    const both = andThen(first, () => second);
    const cx = pending(both);
    first.resolve(1);
    pending(both, cx);
    both.cancel(cx);
    expect([first.cancels, second.state]).toEqual([0, "cancelling"]);
    second.endCleanup();
    expect(both.cancel(cx)).toBeUndefined();
  });

  test("cancelled at every poll: what is under way cleans up", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      let open = 0;
      const step = co(function* () {
        open++;
        try {
          yield* yieldNow();
          yield* yieldNow();
          return 1;
        } finally {
          open--;
          yield* yieldNow();
        }
      });
      await new Runtime().run(cancelAt(andThen(step(), () => andThen(step(), step))));
      expect(open).toBe(0);
    });
  });

  test("takes a future and a function", () => {
    const wrong = andThen as (...args: unknown[]) => unknown;
    expect(() => wrong(1, () => 1)).toThrow(TypeError);
    expect(() => wrong(ready(1), ready(2))).toThrow("andThen needs a function");
  });
});
