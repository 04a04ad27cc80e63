import { expect, test } from "vitest";
import { paused } from "../../test/support/paused.ts";
import { now } from "../time/clock.ts";
import { sleep } from "../time/sleep.ts";
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
