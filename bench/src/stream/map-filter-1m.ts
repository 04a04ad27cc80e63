import { Readable } from "node:stream";
import { ReadableStream, TransformStream } from "node:stream/web";
import { Effect, Stream as EffectStream } from "effect";
import { run, Stream } from "pollux";
import { filter, from, lastValueFrom, map, reduce } from "rxjs";
import { check } from "../core/check.ts";
import type { TimedCase } from "../harness/case.ts";

// What one step does is next to nothing: what is measured is the way of a value through two steps and into a sum.

const COUNT = 1_000_000;
const VALUES = Array.from({ length: COUNT }, (_, n) => n);

const double = (n: number): number => n * 2;
const isWanted = (n: number): boolean => n % 3 === 0;
const add = (sum: number, n: number): number => sum + n;

const EXPECTED = VALUES.map(double).filter(isWanted).reduce(add, 0);

async function times(rounds: number, round: () => Promise<number>): Promise<void> {
  for (let n = 0; n < rounds; n++) check(await round(), EXPECTED);
}

async function* mapped(values: AsyncIterable<number>): AsyncGenerator<number> {
  for await (const n of values) yield double(n);
}

async function* wanted(values: AsyncIterable<number>): AsyncGenerator<number> {
  for await (const n of values) if (isWanted(n)) yield n;
}

async function* each(values: Iterable<number>): AsyncGenerator<number> {
  yield* values;
}

async function sumOf(values: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const n of values) sum = add(sum, n);
  return sum;
}

function webStream(): AsyncIterable<number> {
  let at = 0;
  const source = new ReadableStream<number>({
    pull(controller) {
      if (at < COUNT) controller.enqueue(at++);
      else controller.close();
    },
  });
  const mapping = new TransformStream<number, number>({
    transform: (n, controller) => controller.enqueue(double(n)),
  });
  const filtering = new TransformStream<number, number>({
    transform(n, controller) {
      if (isWanted(n)) controller.enqueue(n);
    },
  });
  return source.pipeThrough(mapping).pipeThrough(filtering);
}

export const mapFilter1m: TimedCase = {
  name: "map-filter-1m",
  about: "one of a million values of an array, through a map and a filter, into a sum",
  unit: "ns/op",
  operations: COUNT,
  targets: [
    { peer: "rxjs", atMost: 0.9 },
    { peer: "async-iterable", atMost: 0.2 },
  ],
  peers: {
    pollux: (n) => times(n, () => run(Stream.from(VALUES).map(double).filter(isWanted).fold(0, add))),
    "async-iterable": (n) => times(n, () => sumOf(wanted(mapped(each(VALUES))))),
    rxjs: (n) =>
      times(n, () => lastValueFrom(from(VALUES).pipe(map(double), filter(isWanted), reduce(add, 0)))),
    effect: (n) =>
      times(n, () =>
        Effect.runPromise(
          EffectStream.fromIterable(VALUES).pipe(
            EffectStream.map(double),
            EffectStream.filter(isWanted),
            EffectStream.runFold(() => 0, add),
          ),
        ),
      ),
    "web-streams": (n) => times(n, () => sumOf(webStream())),
    "node-streams": (n) => times(n, () => Readable.from(VALUES).map(double).filter(isWanted).reduce(add, 0)),
  },
};
