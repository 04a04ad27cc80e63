import { Readable } from "node:stream";
import { Effect, Stream as EffectStream } from "effect";
import { co, run, Stream, yieldNow } from "pollux";
import { from, lastValueFrom, mergeMap, reduce } from "rxjs";
import { check, sumBelow } from "../core/check.ts";
import type { TimedCase } from "../harness/case.ts";

// RxJS has nothing that keeps the order: `mergeMap` gives what is there. Web streams have nothing of the kind.

const COUNT = 10_000;
const LIMIT = 16;
const VALUES = Array.from({ length: COUNT }, (_, n) => n);

const add = (sum: number, n: number): number => sum + n;

const work = co(function* (n: number) {
  yield* yieldNow();
  return n;
});

async function workAsync(n: number): Promise<number> {
  await undefined;
  return n;
}

const workEffect = (n: number) => Effect.as(Effect.yieldNow, n);

/** As one writes it: a window of promises, the oldest of which is awaited. */
async function* buffered(values: Iterable<number>): AsyncGenerator<number> {
  const running: Promise<number>[] = [];
  for (const n of values) {
    running.push(workAsync(n));
    if (running.length === LIMIT) yield running.shift() as Promise<number>;
  }
  yield* running;
}

async function sumOf(values: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const n of values) sum += n;
  return sum;
}

async function times(rounds: number, round: () => Promise<number>): Promise<void> {
  for (let n = 0; n < rounds; n++) check(await round(), sumBelow(COUNT));
}

export const buffered16: TimedCase = {
  name: "buffered-16",
  about: "one of 10,000 pieces of work that suspend once, 16 at a time, with the results in order",
  unit: "ns/op",
  operations: COUNT,
  targets: [
    { peer: "rxjs", atMost: 0.9 },
    { peer: "async-iterable", atMost: 1.1 },
  ],
  peers: {
    pollux: (n) => times(n, () => run(Stream.from(VALUES).map(work).buffered(LIMIT).fold(0, add))),
    "async-iterable": (n) => times(n, () => sumOf(buffered(VALUES))),
    rxjs: (n) => times(n, () => lastValueFrom(from(VALUES).pipe(mergeMap(workAsync, LIMIT), reduce(add, 0)))),
    effect: (n) =>
      times(n, () =>
        Effect.runPromise(
          EffectStream.fromIterable(VALUES).pipe(
            EffectStream.mapEffect(workEffect, { concurrency: LIMIT }),
            EffectStream.runFold(() => 0, add),
          ),
        ),
      ),
    "node-streams": (n) =>
      times(n, () => Readable.from(VALUES).map(workAsync, { concurrency: LIMIT }).reduce(add, 0)),
  },
};
