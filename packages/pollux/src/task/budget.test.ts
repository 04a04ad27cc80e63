import { describe, expect, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { POLL_BUDGET } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { consumeBudget } from "./consume-budget.ts";
import { currentExecutor, spawn } from "./spawn.ts";
import { unconstrained } from "./unconstrained.ts";
import { yieldNow } from "./yield-now.ts";

const count = co(function* (n: number) {
  for (let i = 0; i < n; i++) yield* consumeBudget();
});

const pollsOf = async (main: ReturnType<typeof count>): Promise<number> => {
  const runtime = new Runtime();
  await runtime.run(main);
  return runtime.metrics().polls;
};

describe("budget: a poll of a task", () => {
  test("may do 128 leaf operations; the next one suspends and wakes itself", async () => {
    expect(await pollsOf(count(POLL_BUDGET))).toBe(1);
    expect(await pollsOf(count(POLL_BUDGET + 1))).toBe(2);
    expect(await pollsOf(count(10 * POLL_BUDGET))).toBe(10);
  });

  test("lets the other tasks go first when it is spent", async () => {
    const order: string[] = [];
    const work = co(function* (name: string) {
      for (let i = 0; i < 3; i++) {
        order.push(name);
        yield* count(POLL_BUDGET);
      }
    });
    await run(
      co(function* () {
        const handles = [spawn(work("a")), spawn(work("b"))];
        for (const handle of handles) yield* handle;
      })(),
    );
    // A poll ends in the middle of a round: the first `consumeBudget` that finds nothing left is the 129th.
    expect(order).toEqual(["a", "a", "b", "b", "a", "b"]);
  });

  test("a join of a finished task costs a unit", async () => {
    const runtime = new Runtime();
    await runtime.run(
      co(function* () {
        const done = spawn(count(0));
        yield* done;
        const before = runtime.metrics().polls;
        for (let i = 0; i < 10 * POLL_BUDGET; i++) yield* done;
        expect(runtime.metrics().polls - before).toBeGreaterThanOrEqual(9);
      })(),
    );
  });

  test("a poll outside of any executor is unconstrained", () => {
    expect(ready(count(100_000), new TestContext())).toBe(undefined);
  });

  test("consumeBudget is a future like others", () => {
    const once = consumeBudget();
    ready(once);
    expect(() => once.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });
});

describe("unconstrained", () => {
  test("goes on for as long as it is ready, and leaves the task's budget as it was", async () => {
    const runtime = new Runtime();
    await runtime.run(
      co(function* () {
        const executor = currentExecutor("test");
        yield* consumeBudget();
        const before = executor.budget;
        yield* unconstrained(count(10_000));
        expect(executor.budget).toBe(before);
        expect(runtime.metrics().polls).toBe(1);
      })(),
    );
  });

  test("gives its value, throws its error, and may suspend and be cancelled", async () => {
    const seen: unknown[] = [];
    await run(
      co(function* () {
        const executor = currentExecutor("test");
        expect(
          yield* unconstrained(
            co(function* () {
              yield* yieldNow();
              return 7;
            })(),
          ),
        ).toBe(7);
        try {
          yield* unconstrained(
            co(function* () {
              yield* yieldNow();
              throw new Error("x");
            })(),
          );
        } catch (error) {
          seen.push((error as Error).message, executor.budget);
        }
        const task = spawn(
          unconstrained(
            co(function* () {
              try {
                yield* yieldNow();
                yield* yieldNow();
              } finally {
                yield* count(1000);
                seen.push("cleaned up", executor.polls);
              }
            })(),
          ),
        ).observed();
        yield* yieldNow();
        task.abort();
        const polls = executor.polls;
        yield* yieldNow();
        yield* yieldNow();
        expect(seen).toEqual(["x", POLL_BUDGET, "cleaned up", polls + 1]);
      })(),
    );
  });

  test("cancelled before its first poll it leaves the future to the one that awaits it", () => {
    const gate = new Gate();
    const cx = pending(gate);
    unconstrained(gate).cancel(cx);
    expect(gate.cancels).toBe(0);
  });

  test("owns its future, and is not to be polled after its end", () => {
    const inner = yieldNow();
    const cx = new TestContext();
    const a = unconstrained(inner);
    pending(a, cx);
    expect(() => unconstrained(inner).poll(cx)).toThrow(FutureInUseError);
    ready(a, cx);
    expect(() => a.poll(cx)).toThrow(PollAfterCompletionError);
    expect(() => unconstrained(5 as never)).toThrow(TypeError);
  });
});
