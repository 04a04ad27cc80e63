import { expect, test } from "vitest";
import { Feed } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { Resource } from "../../test/support/probe.ts";
import { select } from "../combine/select.ts";
import { now } from "../time/clock.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("chunksTimeout: gives an array when it is full, or some time after its first value", () =>
  paused(function* () {
    const start = now();
    const stream = Stream.make<number>(function* (emit) {
      for (const wait of [0, 0, 0, 4, 8, 30]) {
        yield* sleep(wait);
        yield* emit(Math.round(now() - start));
      }
    }).chunksTimeout(3, 10);
    const seen: unknown[] = [];
    yield* stream.forEach((values) => {
      seen.push([Math.round(now() - start), values]);
    });
    // The one that begins at 4 is given at 14, with what came at 12; the rest at the end at once.
    expect(seen).toEqual([
      [0, [0, 0, 0]],
      [14, [4, 12]],
      [42, [42]],
    ]);
  }));

test("chunksTimeout: what was gathered is disposed of with the stream", () =>
  paused(function* () {
    const resource = new Resource();
    const stream = new Stream(new Feed([resource])).chunksTimeout(2, 10);
    expect((yield* select({ value: stream.next(), late: sleep(5) })).key).toBe("late");
    yield* stream.close();
    expect(resource.disposals).toBe(1);
  }));
