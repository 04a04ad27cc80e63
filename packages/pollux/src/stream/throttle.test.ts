import { expect, test } from "vitest";
import { Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { select } from "../combine/select.ts";
import { co } from "../core/coroutine.ts";
import { Runtime } from "../runtime/runtime.ts";
import { yieldNow } from "../task/yield-now.ts";
import { now } from "../time/clock.ts";
import { sleep } from "../time/sleep.ts";
import { Timers } from "../time/timers.ts";
import { Stream } from "./stream.ts";

test("throttle: gives the first value at once, and each other one a while after the one before", () =>
  paused(function* () {
    const start = now();
    const times: number[] = [];
    yield* Stream.from([1, 2, 3])
      .throttle(10)
      .forEach(() => {
        times.push(Math.round(now() - start));
      });
    expect(times).toEqual([0, 10, 20]);
  }));

test("throttle: does not hold up a value that comes later than that", () =>
  paused(function* () {
    const start = now();
    const stream = Stream.from([15, 1, 30])
      .andThen(function* (ms) {
        yield* sleep(ms);
        return Math.round(now() - start);
      })
      .throttle(10);
    const times: number[] = [];
    yield* stream.forEach(() => {
      times.push(Math.round(now() - start));
    });
    // The source is not asked before its time.
    expect(times).toEqual([15, 26, 66]);
  }));

test("throttle, chunksTimeout: take their timer back when they are given up, and when it is not needed", async () => {
  const runtime = new Runtime({ clock: "paused" });
  const { timers } = runtime.handle;
  const armed = (): number => (timers instanceof Timers ? timers.size : Number.NaN);
  await runtime.run(
    co(function* () {
      const throttled = Stream.from([1, 2]).throttle(1000);
      yield* throttled.next();
      const waits = co(function* () {
        yield* yieldNow();
        expect(armed()).toBe(1);
      });
      expect((yield* select({ value: throttled.next(), now: waits() })).key).toBe("now");
      expect(armed()).toBe(0);
      yield* throttled.close();
      expect(armed()).toBe(0);
      const feed = new Feed([1]);
      const chunks = new Stream(feed).chunksTimeout(2, 1000);
      expect((yield* select({ value: chunks.next(), now: waits() })).key).toBe("now");
      expect(armed()).toBe(0);
      feed.push(2);
      expect(yield* chunks.next()).toEqual([1, 2]);
      expect(armed()).toBe(0);
    })(),
  );
});
