import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { Gate } from "../../test/support/gate.ts";
import { co } from "../core/coroutine.ts";
import { CancelledError, PollAfterCompletionError, TimeoutError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { now } from "./clock.ts";
import { type RetryOptions, retry } from "./retry.ts";
import { sleep } from "./sleep.ts";
import { timeout } from "./timeout.ts";

const paused = <T>(main: Future<T>): Promise<T> => run(main, { clock: "paused" });

/** Fails until its `good`-th call; notes when it was called. */
function flaky(good: number): {
  call: (attempt: number) => Future<string>;
  calls: [attempt: number, at: number][];
} {
  const calls: [number, number][] = [];
  const call = co(function* (attempt: number) {
    calls.push([attempt, now()]);
    if (calls.length < good) throw new Error(`failure ${calls.length}`);
    return `attempt ${attempt}`;
  });
  return { call, calls };
}

describe("retry", () => {
  test("gives what the first good attempt gives", async () => {
    const { call, calls } = flaky(3);
    expect(await paused(retry(call, { jitter: "none" }))).toBe("attempt 3");
    expect(calls).toEqual([
      [1, 0],
      [2, 100],
      [3, 300],
    ]);
  });

  test("does not call before its first poll", () => {
    const { call, calls } = flaky(1);
    retry(call);
    expect(calls).toEqual([]);
  });

  test("fails with the last error when the attempts are used up, without a last pause", async () => {
    const { call, calls } = flaky(100);
    const main = co(function* () {
      try {
        return yield* retry(call, { attempts: 4, jitter: "none" });
      } catch (error) {
        return [(error as Error).message, now()];
      }
    });
    expect(await paused(main())).toEqual(["failure 4", 700]);
    expect(calls).toHaveLength(4);
  });

  test("pauses grow by the factor, up to the longest", async () => {
    const { call, calls } = flaky(7);
    await paused(retry(call, { attempts: 10, base: 10, factor: 3, max: 500, jitter: "none" }));
    expect(calls.map(([, at]) => at)).toEqual([0, 10, 40, 130, 400, 900, 1400]);
  });

  test("pauses stay finite, however many attempts there are", async () => {
    const { call, calls } = flaky(2000);
    await paused(retry(call, { attempts: Number.POSITIVE_INFINITY, base: 1, max: 10, jitter: "none" }));
    expect(calls).toHaveLength(2000);
  });

  test("without pauses there are none, however many attempts there are", async () => {
    const { call, calls } = flaky(2000);
    await paused(retry(call, { attempts: Number.POSITIVE_INFINITY, base: 0, jitter: "none" }));
    expect(calls.at(-1)).toEqual([2000, 0]);
  });

  test("property: full jitter draws each pause between 0 and the computed one, as the given numbers say", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
          minLength: 6,
          maxLength: 6,
        }),
        async (numbers) => {
          const { call, calls } = flaky(7);
          let drawn = 0;
          const random = (): number => numbers[drawn++] as number;
          await paused(retry(call, { attempts: 7, base: 100, max: 1000, random }));
          const limits = [100, 200, 400, 800, 1000, 1000];
          let at = 0;
          for (let n = 0; n < 6; n++) {
            at += Math.ceil((numbers[n] as number) * (limits[n] as number));
            expect(calls[n + 1]?.[1]).toBe(at);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test("when says which failures are worth another attempt", async () => {
    const { call, calls } = flaky(10);
    const seen: [string, number][] = [];
    const when = (error: unknown, attempt: number): boolean => {
      seen.push([(error as Error).message, attempt]);
      return attempt < 2;
    };
    await expect(paused(retry(call, { attempts: 5, when }))).rejects.toThrow("failure 2");
    expect(seen).toEqual([
      ["failure 1", 1],
      ["failure 2", 2],
    ]);
    expect(calls).toHaveLength(2);
  });

  test("when is not asked after the last attempt, and what it throws is thrown", async () => {
    let asked = 0;
    const when = (): boolean => {
      asked++;
      return true;
    };
    await expect(paused(retry(flaky(10).call, { attempts: 2, when }))).rejects.toThrow("failure 2");
    expect(asked).toBe(1);
    const broken = (): boolean => {
      throw new Error("when broke");
    };
    await expect(paused(retry(flaky(10).call, { when: broken }))).rejects.toThrow("when broke");
  });

  test("a function that throws has failed as its future would have", async () => {
    let calls = 0;
    const main = retry(() => {
      if (++calls < 3) throw new Error("thrown");
      return sleep(1);
    });
    await paused(main);
    expect(calls).toBe(3);
  });

  test("a function that gives the same future again is told so", async () => {
    const gate = new Gate();
    gate.fail(new Error("failure"));
    await expect(paused(retry(() => gate))).rejects.toThrow(PollAfterCompletionError);
  });

  test("a cancel ends the attempt that is under way, and no other follows", async () => {
    const gates: Gate[] = [];
    const main = co(function* () {
      const handle = spawn(
        retry(() => {
          const gate = new Gate();
          gates.push(gate);
          return gate;
        }),
      );
      yield* sleep(10);
      handle.abort();
      yield* handle;
    });
    await expect(paused(main())).rejects.toThrow(CancelledError);
    expect(gates.map((gate) => gate.cancels)).toEqual([1]);
  });

  test("a timeout inside is for each attempt, one outside for all", async () => {
    const main = co(function* () {
      try {
        yield* retry(() => timeout(50, new Gate()), { attempts: 2, base: 10, jitter: "none" });
      } catch (error) {
        expect(error).toBeInstanceOf(TimeoutError);
      }
      const each = now();
      try {
        yield* timeout(
          70,
          retry(() => timeout(50, new Gate()), { attempts: 100 }),
        );
      } catch (error) {
        expect(error).toBeInstanceOf(TimeoutError);
      }
      return [each, now() - each];
    });
    expect(await paused(main())).toEqual([110, 70]);
  });

  test("refuses bad arguments at the call", () => {
    const bad: RetryOptions[] = [
      { attempts: 0 },
      { attempts: Number.NaN },
      { base: -1 },
      { max: Number.NaN },
      { factor: 0.5 },
      { jitter: "some" as "full" },
    ];
    for (const options of bad) expect(() => retry(() => sleep(1), options)).toThrow(RangeError);
    // @ts-expect-error a future cannot be made anew
    expect(() => retry(sleep(1))).toThrow(TypeError);
  });

  test("keeps the type of the value", () => {
    expectTypeOf(retry(() => new Gate<string>())).toEqualTypeOf<Future<string>>();
  });

  test("cancelled at every poll leaves no timer", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      const runtime = new Runtime({ clock: "paused" });
      const attempt = co(function* (n: number) {
        yield* sleep(5);
        if (n < 3) throw new Error("failure");
      });
      await runtime.run(cancelAt(retry(attempt)));
      expect(runtime.timers.size).toBe(0);
    });
  });
});
