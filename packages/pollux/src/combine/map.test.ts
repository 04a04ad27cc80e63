import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import { ambient } from "../core/ambient.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { join } from "./join.ts";
import { map } from "./map.ts";
import { failed, ready } from "./ready.ts";

describe("map", () => {
  test("gives what the function makes of the value, once it is there", () => {
    const probe = new Probe<string>();
    const calls: string[] = [];
    const length = map(probe, (word) => calls.push(word));
    const cx = pending(length);
    expect(calls).toEqual([]);
    probe.resolve("hello");
    expect(readyNow(length, cx)).toBe(1);
    expect(calls).toEqual(["hello"]);
  });

  test("passes failures on, and throws what the function throws", () => {
    expect(() => map(failed(new Error("failed")), () => 1).poll(new TestContext())).toThrow("failed");
    const throwing = map(ready(1), () => {
      throw new Error("in fn");
    });
    expect(() => throwing.poll(new TestContext())).toThrow("in fn");
    expect(() => throwing.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("does not wait for a future that the function returns", () => {
    const inner = ready(1);
    const future = map(ready(0), () => inner);
    expectTypeOf(future).toEqualTypeOf<Future<Future<number>>>();
    expect(readyNow(future)).toBe(inner);
  });

  test("passes a cancel on, with its reason, and does not call the function", () => {
    const probe = new Probe("slow", "slow");
    let called = false;
    const mapped = map(probe, () => {
      called = true;
    });
    const cx = pending(mapped);
    mapped.cancel(cx);
    expect(probe.state).toBe("cancelling");
    expect(() => mapped.poll(cx)).toThrow(FutureInUseError);
    probe.endCleanup();
    expect(mapped.cancel(cx)).toBeUndefined();
    expect(() => mapped.poll(cx)).toThrow(PollAfterCompletionError);
    expect(called).toBe(false);
    expect(probe.breaches).toEqual([]);
  });

  test("touches nothing when it is cancelled before its first poll", () => {
    const probe = new Probe();
    const mapped = map(probe, () => 1);
    expect(mapped.cancel(new TestContext())).toBeUndefined();
    expect([probe.polls, probe.cancels, probe.owner]).toEqual([0, 0, null]);
    expect(() => mapped.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("owns its future", () => {
    const probe = new Probe();
    pending(map(probe, () => 1));
    expect(() => join(probe).poll(new TestContext())).toThrow(FutureInUseError);
    const other = new Probe();
    pending(join(other));
    expect(() => map(other, () => 1).poll(new TestContext())).toThrow(FutureInUseError);
    expect(other.breaches).toEqual([]);
  });

  test("calls the function with the context of the poll, also when no executor has set it", () => {
    const cx = new TestContext();
    let seen: unknown;
    map(ready(1), () => {
      seen = ambient.cx;
    }).poll(cx);
    expect(seen).toBe(cx);
    expect(ambient.cx).toBeNull();
  });

  test("takes a future and a function, and says at the call what is wrong", () => {
    const wrong = map as (...args: unknown[]) => unknown;
    expect(() => wrong(1, () => 1)).toThrow("map needs futures, and argument 1 is 1");
    expect(() => wrong(ready(1), 1)).toThrow("map needs a function, not 1");
  });
});
