import { Readable, Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { Effect, Stream as EffectStream, PubSub } from "effect";
import { type BroadcastSender, broadcast, co, consumeBudget, joinAll, run, Stream, spawn } from "pollux";
import { lastValueFrom, reduce, Subject } from "rxjs";
import { check, sumBelow } from "../core/check.ts";
import { PromiseChannel } from "../core/promise-channel.ts";
import type { TimedCase } from "../harness/case.ts";

// Web streams have `tee`, which makes two of one and buffers without bound. RxJS calls the hundred one after the other:
// its receivers cannot be slower than their sender.

const RECEIVERS = 100;
const COUNT = 1_000;
const CAPACITY = 256;
const VALUES = Array.from({ length: COUNT }, (_, n) => n);

const add = (sum: number, n: number): number => sum + n;
const total = (sums: readonly number[]): number => sums.reduce(add, 0);
const EXPECTED = RECEIVERS * sumBelow(COUNT);

const each = <T>(make: () => T): T[] => Array.from({ length: RECEIVERS }, make);

const send = co(function* (tx: BroadcastSender<number>) {
  for (const n of VALUES) {
    tx.send(n);
    yield* consumeBudget();
  }
  tx.close();
});

const pollux = co(function* () {
  const [tx, first] = broadcast<number>(CAPACITY);
  first.close();
  const sums = each(() => spawn(Stream.from(tx.subscribe()).fold(0, add)));
  yield* send(tx);
  return total(yield* joinAll(sums));
});

/** As one writes it: a bounded channel for each receiver, whose values are iterated. */
async function* received(channel: PromiseChannel<number>): AsyncGenerator<number> {
  for (let n = 0; n < COUNT; n++) yield channel.recv();
}

async function sumOf(values: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const n of values) sum += n;
  return sum;
}

async function asyncIterable(): Promise<number> {
  const channels = each(() => new PromiseChannel<number>(CAPACITY));
  const sums = channels.map((channel) => sumOf(received(channel)));
  for (const n of VALUES) await Promise.all(channels.map((channel) => channel.send(n)));
  return total(await Promise.all(sums));
}

async function rxjs(): Promise<number> {
  const subject = new Subject<number>();
  const sums = each(() => lastValueFrom(subject.pipe(reduce(add, 0))));
  for (const n of VALUES) subject.next(n);
  subject.complete();
  return total(await Promise.all(sums));
}

const effect = Effect.fnUntraced(function* () {
  const pubsub = yield* PubSub.bounded<number>(CAPACITY);
  const sums = yield* Effect.all(
    each(() =>
      Effect.map(PubSub.subscribe(pubsub), (subscription) =>
        EffectStream.fromSubscription(subscription).pipe(
          EffectStream.take(COUNT),
          EffectStream.runFold(() => 0, add),
        ),
      ),
    ),
  );
  const publish = Effect.forEach(VALUES, (n) => PubSub.publish(pubsub, n), { discard: true });
  const [, received] = yield* Effect.all([publish, Effect.all(sums, { concurrency: "unbounded" })], {
    concurrency: "unbounded",
  });
  return total(received);
});

async function nodeStreams(): Promise<number> {
  const source = Readable.from(VALUES);
  let sum = 0;
  const sinks = each(
    () =>
      new Writable({
        objectMode: true,
        write(n: number, _encoding, done) {
          sum += n;
          done();
        },
      }),
  );
  source.setMaxListeners(0);
  for (const sink of sinks) source.pipe(sink);
  await Promise.all(sinks.map((sink) => finished(sink)));
  return sum;
}

async function times(rounds: number, round: () => Promise<number>): Promise<void> {
  for (let n = 0; n < rounds; n++) check(await round(), EXPECTED);
}

export const broadcast1To100: TimedCase = {
  name: "broadcast-1-to-100",
  about: "the way of one value to one of a hundred receivers, each of which adds it to a sum",
  unit: "ns/op",
  operations: RECEIVERS * COUNT,
  targets: [{ peer: "async-iterable", atMost: 0.5 }],
  peers: {
    pollux: (n) => times(n, () => run(pollux())),
    "async-iterable": (n) => times(n, asyncIterable),
    rxjs: (n) => times(n, rxjs),
    effect: (n) => times(n, () => Effect.runPromise(Effect.scoped(effect()))),
    "node-streams": (n) => times(n, nodeStreams),
  },
};
