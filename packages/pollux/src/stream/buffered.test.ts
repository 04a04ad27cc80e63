// Of buffered, bufferUnordered and forEachConcurrent.
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { Gate } from "../../test/support/gate.ts";
import { paused } from "../../test/support/paused.ts";
import { Probe, Resource } from "../../test/support/probe.ts";
import { ready } from "../combine/ready.ts";
import { co } from "../core/coroutine.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("buffered: gives values in the order of the stream, bufferUnordered as they are there", () =>
  paused(function* () {
    const late = co(function* (ms: number) {
      yield* sleep(ms);
      return ms;
    });
    const times = [30, 10, 20, 5];
    const ordered = Stream.from(times).map(late).buffered(2);
    expectTypeOf(ordered).toEqualTypeOf<Stream<number>>();
    expect(yield* ordered.collect()).toEqual(times);
    expect(yield* Stream.from(times).map(late).bufferUnordered(2).collect()).toEqual([10, 30, 20, 5]);
    expect(yield* Stream.from(times).map(late).bufferUnordered(4).collect()).toEqual([5, 10, 20, 30]);
  }));

describe.each(["buffered", "bufferUnordered"] as const)("%s", (name) => {
  test("begins no more than its limit at a time", () => {
    const gates = Array.from({ length: 5 }, () => new Gate<number>());
    const feed = new Feed(gates).end();
    const stream = new Stream(feed)[name](2);
    const cx = new TestContext();
    const begun = (): number => gates.filter(({ polls }) => polls > 0).length;
    drain(stream, cx);
    expect([feed.polls, begun()]).toEqual([2, 2]);
    gates[0]?.open(0);
    expect(drain(stream, cx)).toEqual([0, Pending]);
    expect(begun()).toBe(3);
  });

  test("takes any number at a time with Infinity, and one after the other with 1", () => {
    const gates = Array.from({ length: 5 }, () => new Gate<number>());
    drain(new Stream(new Feed(gates).end())[name](Number.POSITIVE_INFINITY), new TestContext());
    expect(gates.every(({ polls }) => polls === 1)).toBe(true);
    const stream = Stream.from([1, 2, 3]).map((n) => ready(n));
    expect(drain(stream[name](1), new TestContext())).toEqual([1, 2, 3, End]);
  });

  test("is not woken by what it does itself", () => {
    const gates = [new Gate<number>(), new Gate<number>()];
    const cx = new TestContext();
    drain(new Stream(new Feed(gates))[name](4), cx);
    expect(cx.wakes).toBe(0);
  });

  test("a cancel cancels those that run at the same time, and then the source", () => {
    const probes = [new Probe<number>("a", "slow"), new Probe<number>("b", "slow")];
    const feed = new Feed(probes);
    const stream = new Stream(feed)[name](2);
    const cx = new TestContext();
    drain(stream, cx);
    expect(stream.cancel(cx)).toBe(Pending);
    expect([...probes.map(({ state }) => state), feed.state]).toEqual(["cancelling", "cancelling", "open"]);
    for (const probe of probes) probe.endCleanup();
    expect(stream.cancel(cx)).toBeUndefined();
    expect([...probes.map(({ state }) => state), feed.state]).toEqual([
      "cancelled",
      "cancelled",
      "cancelled",
    ]);
    expect(probes.flatMap(({ breaches }) => breaches)).toEqual([]);
  });

  test("refuses what is no future, and no limit", () => {
    const stream = Stream.from([1, 2]) as unknown as Stream<Future<number>>; // What JavaScript may do.
    const [first, second, last] = drain(stream[name](2), new TestContext()) as { error: unknown }[];
    expect(first?.error).toBeInstanceOf(TypeError);
    expect(second?.error).toBeInstanceOf(TypeError);
    expect(last).toBe(End);
    expect(() => Stream.from([ready(1)])[name](0)).toThrow(RangeError);
  });

  test("without a limit, a source that always has more does not keep the futures from running", () =>
    paused(function* () {
      const endless = Stream.unfold(1, (n) => [n, n + 1]).map(function* (n) {
        yield* yieldNow();
        return n;
      });
      const first = yield* endless[name](Number.POSITIVE_INFINITY).take(3).collect();
      expect(first).toEqual([1, 2, 3]);
    }));

  test("cancelled at every poll, each future that has begun has ended", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      let running = 0;
      await paused(function* () {
        const work = co(function* (ms: number) {
          running++;
          try {
            yield* sleep(ms);
            return ms;
          } finally {
            running--;
          }
        });
        yield* cancelAt(Stream.from([3, 1, 2, 5, 4]).map(work)[name](3).collect());
        expect(running).toBe(0);
      });
    });
  });

  test("as a model does, whatever is ready in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(20), { maxLength: 20 }),
        fc.integer({ min: 1, max: 6 }),
        async (times, limit) => {
          const given = await paused(function* () {
            const work = co(function* ([index, ms]: [number, number]) {
              yield* sleep(ms + 1);
              return index;
            });
            return yield* Stream.from(times).enumerate().map(work)[name](limit).collect();
          });
          expect(given).toEqual(name === "buffered" ? times.map((_, n) => n) : unordered(times, limit));
        },
      ),
      { numRuns: 50 },
    );
  });
});

/** The order in which workers would end that take the next piece of work when they have ended one. */
function unordered(times: number[], limit: number): number[] {
  const running: { index: number; end: number; begun: number }[] = [];
  const order: number[] = [];
  let clock = 0;
  let next = 0;
  while (next < times.length || running.length > 0) {
    while (next < times.length && running.length < limit) {
      running.push({ index: next, end: clock + (times[next] ?? 0) + 1, begun: next });
      next++;
    }
    running.sort((a, b) => a.end - b.end || a.begun - b.begun);
    const first = running.shift();
    clock = first?.end ?? clock;
    order.push(first?.index ?? -1);
  }
  return order;
}

test("buffered: an error has its turn, and the others go on", () => {
  const [a, b, c] = [new Gate<number>(), new Gate<number>(), new Gate<number>()];
  const feed = new Feed([a, b]).fail("in the source").push(c).end();
  const stream = new Stream(feed).buffered(5);
  const cx = new TestContext();
  b.fail("b failed");
  c.open(3);
  expect(drain(stream, cx)).toEqual([Pending]);
  a.open(1);
  expect(drain(stream, cx)).toEqual([1, { error: "b failed" }, { error: "in the source" }, 3, End]);
});

test("buffered: goes on to fill its places after an error, though a future before it still runs", () => {
  const feed = new Feed([new Gate<number>()]).fail("in the source").push(new Gate<number>());
  const stream = new Stream(feed).buffered(3);
  const cx = new TestContext();
  drain(stream, cx);
  expect([feed.polls, cx.takeWakes() > 0]).toEqual([2, true]);
  drain(stream, cx);
  expect([feed.polls, cx.takeWakes()]).toEqual([3, 0]);
});

test("bufferUnordered: an error is thrown when it is there, and the others go on", () => {
  const [a, b] = [new Gate<number>(), new Gate<number>()];
  const stream = new Stream(new Feed([a, b]).fail("in the source").end()).bufferUnordered(5);
  const cx = new TestContext();
  b.fail("b failed");
  expect(drain(stream, cx)).toEqual([{ error: "in the source" }, { error: "b failed" }, Pending]);
  a.open(1);
  expect(drain(stream, cx)).toEqual([1, End]);
});

test("buffered: values that wait for their turn are disposed of with the stream", () => {
  const resource = new Resource();
  const stream = new Stream(new Feed([new Gate<Resource>(), ready(resource)])).buffered(2);
  const cx = new TestContext();
  drain(stream, cx);
  stream.cancel(cx);
  expect(resource.disposals).toBe(1);
});

test("forEachConcurrent: runs up to its limit at a time, with functions of each kind", () =>
  paused(function* () {
    let running = 0;
    let most = 0;
    yield* Stream.from([1, 2, 3, 4, 5]).forEachConcurrent(2, function* (n) {
      most = Math.max(most, ++running);
      yield* sleep(n);
      running--;
    });
    expect([running, most]).toEqual([0, 2]);
    const seen: number[] = [];
    yield* Stream.from([1, 2]).forEachConcurrent(2, (n) => {
      seen.push(n);
    });
    expect(seen).toEqual([1, 2]);
  }));

test("forEachConcurrent: the first error cancels the others and waits for them", () =>
  paused(function* () {
    const log: string[] = [];
    let caught: unknown;
    try {
      yield* Stream.from([1, 2, 3]).forEachConcurrent(3, function* (n) {
        try {
          yield* sleep(n * 10);
          if (n === 2) throw new Error("2 failed");
          log.push(`${n} done`);
        } finally {
          yield* sleep(1);
          log.push(`${n} left`);
        }
      });
    } catch (error) {
      caught = error;
    }
    expect(caught).toEqual(new Error("2 failed"));
    expect(log).toEqual(["1 done", "1 left", "2 left", "3 left"]);
  }));
