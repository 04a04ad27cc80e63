import { Effect, Stream as EffectStream } from "effect";
import { run, Stream, yieldNow } from "pollux";
import { asapScheduler, from, lastValueFrom, merge, reduce, scheduled } from "rxjs";
import { check, sumBelow } from "../core/check.ts";
import type { TimedCase } from "../harness/case.ts";

// Neither Web streams nor Node's have a merge.

const STREAMS = 8;
const EACH = 1_000;
const VALUES = Array.from({ length: EACH }, (_, n) => n);

const add = (sum: number, n: number): number => sum + n;

const eight = <T>(make: () => T): T[] => Array.from({ length: STREAMS }, make);

const produce = (): Stream<number> =>
  Stream.make<number>(function* (emit) {
    for (const n of VALUES) {
      yield* yieldNow();
      yield* emit(n);
    }
  });

async function* produceAsync(): AsyncGenerator<number> {
  for (const n of VALUES) {
    await undefined;
    yield n;
  }
}

/** As one writes it: a race of the next values, in which the winner is replaced. */
async function* merged(sources: readonly AsyncIterable<number>[]): AsyncGenerator<number> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const nextOf = async (at: number) => ({
    at,
    result: await (iterators[at] as AsyncIterator<number>).next(),
  });
  const waiting = new Map(iterators.map((_, at) => [at, nextOf(at)]));
  while (waiting.size > 0) {
    const { at, result } = await Promise.race(waiting.values());
    if (result.done === true) waiting.delete(at);
    else {
      waiting.set(at, nextOf(at));
      yield result.value;
    }
  }
}

async function sumOf(values: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const n of values) sum += n;
  return sum;
}

const produceEffect = (): EffectStream.Stream<number> =>
  EffectStream.fromIterable(VALUES).pipe(EffectStream.mapEffect((n) => Effect.as(Effect.yieldNow, n)));

async function times(rounds: number, round: () => Promise<number>): Promise<void> {
  for (let n = 0; n < rounds; n++) check(await round(), STREAMS * sumBelow(EACH));
}

export const merge8: TimedCase = {
  name: "merge-8",
  about: "one value of eight streams that are merged and suspend before each value",
  unit: "ns/op",
  operations: STREAMS * EACH,
  targets: [
    { peer: "rxjs", atMost: 0.9 },
    { peer: "async-iterable", atMost: 0.5 },
  ],
  peers: {
    pollux: (n) => times(n, () => run(Stream.merge(eight(produce)).fold(0, add))),
    "async-iterable": (n) => times(n, () => sumOf(merged(eight(produceAsync)))),
    rxjs: (n) =>
      times(n, () =>
        lastValueFrom(merge(...eight(() => scheduled(from(VALUES), asapScheduler))).pipe(reduce(add, 0))),
      ),
    effect: (n) =>
      times(n, () =>
        Effect.runPromise(
          EffectStream.mergeAll(eight(produceEffect), { concurrency: STREAMS }).pipe(
            EffectStream.runFold(() => 0, add),
          ),
        ),
      ),
  },
};
