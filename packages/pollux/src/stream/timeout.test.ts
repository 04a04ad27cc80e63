import { expect, test } from "vitest";
import { paused } from "../../test/support/paused.ts";
import { TimeoutError } from "../core/errors.ts";
import { End } from "../core/stream-source.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { advance, now } from "../time/clock.ts";
import { sleep, sleepUntil } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

const at = (...times: number[]): Stream<number> =>
  Stream.make<number>(function* (emit) {
    const start = now();
    for (const time of times) {
      yield* sleepUntil(start + time);
      yield* emit(time);
    }
  });

test("timeout: throws where a value does not come in time, once, and the value may still come", () =>
  paused(function* () {
    const seen: unknown[] = [];
    const stream = at(5, 40, 45).timeout(10);
    const start = now();
    for (let value: unknown; value !== End; ) {
      try {
        value = yield* stream.next();
        seen.push(value);
      } catch (error) {
        expect(error).toBeInstanceOf(TimeoutError);
        seen.push(`timeout at ${Math.round(now() - start)}`);
      }
    }
    expect(seen).toEqual([5, "timeout at 15", 40, 45, End]);
  }));

test("timeout: counts from when a value is asked for", () =>
  paused(function* () {
    const stream = at(0, 5).timeout(10);
    expect(yield* stream.next()).toBe(0);
    yield* sleep(100);
    expect(yield* stream.next()).toBe(5);
  }));

test("timeout: a value that is there wins, with no time at all", () =>
  paused(function* () {
    expect(yield* Stream.from([1, 2]).timeout(0).collect()).toEqual([1, 2]);
  }));

test("timeout: Infinity is no limit", () =>
  paused(function* () {
    expect(yield* at(1_000_000).timeout(Number.POSITIVE_INFINITY).collect()).toEqual([1_000_000]);
  }));

test("timeout: refuses what is no duration", () => {
  const stream = Stream.from([1]);
  expect(() => stream.timeout(-1)).toThrow(RangeError);
  // @ts-expect-error: a string
  expect(() => stream.timeout("1")).toThrow(TypeError);
  stream.timeout(1); // Not taken over by what was refused.
});

test("timeout: comes around a source that is always busy and gives nothing", () =>
  paused(function* () {
    const busy = Stream.repeat(1).filter(() => false);
    const waiting = spawn(busy.timeout(10).next());
    yield* yieldNow();
    yield* advance(20);
    let caught: unknown;
    try {
      yield* waiting;
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(TimeoutError);
  }));
