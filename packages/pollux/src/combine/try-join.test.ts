import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe, Resource } from "../../test/support/probe.ts";
import { co } from "../core/coroutine.ts";
import type { Future } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import { ready } from "./ready.ts";
import { tryJoin, tryJoinAll } from "./try-join.ts";

describe("tryJoin", () => {
  test("gives the values when all succeed, in the form in which it was called", () => {
    expect(readyNow(tryJoin(ready(1), ready("one")))).toEqual([1, "one"]);
    expect(readyNow(tryJoin({ n: ready(1), s: ready("one") }))).toEqual({ n: 1, s: "one" });
    expect(readyNow(tryJoinAll(new Set([ready(1), ready(2)])))).toEqual([1, 2]);
  });

  test("infers a tuple, or a record", () => {
    expectTypeOf(tryJoin(ready(1), ready("one"))).toEqualTypeOf<Future<[number, string]>>();
    expectTypeOf(tryJoin({ n: ready(1) })).toEqualTypeOf<Future<{ n: number }>>();
    expectTypeOf(tryJoinAll([ready(1)])).toEqualTypeOf<Future<[number]>>();
    expectTypeOf(tryJoinAll(new Set([ready(1)]))).toEqualTypeOf<Future<number[]>>();
  });

  test("does not poll the futures behind the first failure any more", () => {
    const [a, b] = [new Probe("a"), new Probe("b")];
    a.reject(new Error("failed"));
    expect(() => tryJoin(a, b).poll(new TestContext())).toThrow("failed");
    expect([b.polls, b.state]).toEqual([0, "cancelled"]);
  });

  test("disposes of the values that came before the failure", () => {
    const resource = new Resource();
    const [a, b] = [new Probe<Resource>("a"), new Probe("b")];
    const both = tryJoin(a, b);
    const cx = pending(both);
    a.resolve(resource);
    pending(both, cx);
    b.reject(new Error("failed"));
    expect(() => both.poll(cx)).toThrow("failed");
    expect(resource.disposals).toBe(1);
  });

  test("takes nothing but futures, and says at the call what is wrong", () => {
    const wrong = tryJoin as (...args: unknown[]) => unknown;
    expect(() => wrong(1)).toThrow("tryJoin needs futures");
    expect(() => (tryJoinAll as (futures: unknown) => unknown)([1])).toThrow("tryJoinAll needs futures");
  });

  test("a failure ends the others within the time of their cleanup", async () => {
    const main = co(function* () {
      const log: string[] = [];
      const failing = co(function* () {
        yield* sleep(10);
        throw new Error("failed");
      });
      const cleaning = co(function* () {
        try {
          yield* sleep(60_000);
        } finally {
          yield* sleep(5);
          log.push("cleaned up");
        }
      });
      try {
        yield* tryJoin(failing(), cleaning());
      } catch (error) {
        log.push((error as Error).message);
      }
      return log;
    });
    expect(await run(main(), { clock: "paused" })).toEqual(["cleaned up", "failed"]);
  });

  test("cancelled at every poll: no child is left, also when the cancel comes while it cleans up after a failure", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      let held = 0;
      const worker = co(function* () {
        held++;
        try {
          yield* sleep(60_000);
        } finally {
          held--;
          yield* sleep(1);
          yield* sleep(1);
        }
      });
      const failing = co(function* () {
        yield* yieldNow();
        throw new Error("failed");
      });
      const runtime = new Runtime({ clock: "paused" });
      await runtime
        .run(
          cancelAt(
            co(function* () {
              try {
                return yield* tryJoin(worker(), failing(), worker());
              } catch {
                return "caught";
              }
            })(),
          ),
        )
        .catch(() => {});
      expect(held).toBe(0);
      expect(runtime.timers.size).toBe(0);
    });
    expect(polls).toBeGreaterThan(3);
  });
});
