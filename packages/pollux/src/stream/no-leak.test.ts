import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { ready } from "../combine/ready.ts";
import { select } from "../combine/select.ts";
import { co } from "../core/coroutine.ts";
import type { Future } from "../core/future.ts";
import { Runtime } from "../runtime/runtime.ts";
import { broadcast } from "../sync/broadcast.ts";
import { mpsc } from "../sync/mpsc.ts";
import { FuturesUnordered } from "./futures-unordered.ts";
import { Stream } from "./stream.ts";
import { StreamMap } from "./stream-map.ts";

const ROUNDS = 50_000;

/** What the heap may grow by, in bytes: an object of the smallest kind for each round would be twice as much. */
const ALLOWANCE = 16 * ROUNDS;

function heap(): number {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  return process.memoryUsage().heapUsed;
}

/** Runs `round` a few times to warm up and then 50,000 times, and requires the heap to be where it was. */
async function leavesNothing(round: () => Future<unknown>): Promise<void> {
  const runtime = new Runtime({ clock: "paused" });
  const rounds = co(function* (count: number) {
    for (let n = 0; n < count; n++) yield* round();
  });
  await runtime.run(
    co(function* () {
      yield* rounds(100);
      const before = heap();
      yield* rounds(ROUNDS);
      expect(heap() - before).toBeLessThan(ALLOWANCE);
    })(),
  );
}

test("Stream: a next that is given up again and again leaves nothing behind", () => {
  const [, rx] = mpsc<number>(1);
  const streams = [
    Stream.from(rx),
    Stream.merge([Stream.never(), Stream.never()]),
    Stream.never().debounce(1),
  ];
  return leavesNothing(
    co(function* () {
      for (const stream of streams) yield* select({ value: stream.next(), now: ready() });
    }),
  );
});

test("Stream: streams over one broadcast channel leave nothing behind", () => {
  const [tx] = broadcast<number>(4);
  return leavesNothing(
    co(function* () {
      const stream = Stream.from(tx.subscribe());
      yield* select({ value: stream.next(), now: ready() });
      yield* stream.close();
    }),
  );
});

test("FuturesUnordered, StreamMap: what comes and goes leaves nothing behind, while others stay", () => {
  const futures = new FuturesUnordered<unknown>([new Gate()]);
  const map = new StreamMap<number, number>();
  map.insert(0, Stream.never<number>());
  let key = 0;
  return leavesNothing(
    co(function* () {
      futures.push(ready(1));
      yield* futures.next();
      map.insert(++key, [key]);
      yield* map.next();
      map.insert(key, Stream.never<number>());
      map.remove(key);
    }),
  );
});

test("Stream.make: a body that goes on for long keeps none of what it has emitted", () => {
  const stream = Stream.make<object>(function* (emit) {
    for (;;) yield* emit({});
  });
  return leavesNothing(() => stream.next());
});

test("StreamMap: polled by hand after many have left, it polls none of them", () => {
  const map = new StreamMap<number, number>();
  for (let n = 0; n < 1000; n++) map.insert(n, [n]);
  for (let n = 0; n < 1000; n++) map.remove(n);
  let polls = 0;
  map.insert(
    0,
    Stream.pollFn(() => ++polls),
  );
  expect(map.pollNext(new TestContext())).toEqual([0, 1]);
  expect(polls).toBe(1);
});

test("StreamMap: streams that are replaced between two polls leave nothing behind", () => {
  const streams = new StreamMap<string, number>();
  return leavesNothing(
    co(function* () {
      streams.insert("key", Stream.never());
      yield* ready();
    }),
  );
});
