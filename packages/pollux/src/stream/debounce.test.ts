import { expect, test } from "vitest";
import { pending } from "../../test/support/context.ts";
import { Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { Resource } from "../../test/support/probe.ts";
import { select } from "../combine/select.ts";
import { now } from "../time/clock.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("debounce: gives the values after which there is silence, and the last at the end at once", () =>
  paused(function* () {
    const start = now();
    const stream = Stream.make<string>(function* (emit) {
      for (const [value, wait] of [
        ["a", 5],
        ["b", 20],
        ["c", 9],
        ["d", 9],
        ["e", 30],
        ["f", 1],
      ] as const) {
        yield* emit(value);
        yield* sleep(wait);
      }
    }).debounce(10);
    const seen: string[] = [];
    yield* stream.forEach((value) => {
      seen.push(`${value} at ${Math.round(now() - start)}`);
    });
    expect(seen).toEqual(["b at 15", "e at 53", "f at 74"]);
  }));

test("debounce: the value that is held back is disposed of with the stream", () =>
  paused(function* () {
    const resource = new Resource();
    const feed = new Feed([resource]);
    const stream = new Stream(feed).debounce(10);
    expect((yield* select({ value: stream.next(), late: sleep(5) })).key).toBe("late");
    yield* stream.close();
    expect(resource.disposals).toBe(1);
  }));

test("debounce: waits for a value without a timer", () =>
  paused(function* () {
    const feed = new Feed<number>();
    const stream = new Stream(feed).debounce(10);
    const next = stream.next();
    const cx = pending(next);
    expect(cx.wakes).toBe(0);
    next.cancel(cx);
  }));
