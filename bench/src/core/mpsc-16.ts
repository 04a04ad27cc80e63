import { Effect, Fiber, Queue } from "effect";
import { co, type MpscSender, mpsc, run, spawn } from "pollux";
import type { TimedCase } from "../harness/case.ts";
import { check, sumBelow } from "./check.ts";
import { PromiseChannel } from "./promise-channel.ts";

// Effection's channels and queues are unbounded.

const CAPACITY = 16;

const produce = co(function* (tx: MpscSender<number>, n: number) {
  for (let i = 0; i < n; i++) yield* tx.send(i);
});

const pollux = co(function* (n: number) {
  const [tx, rx] = mpsc<number>(CAPACITY);
  const producer = spawn(produce(tx, n));
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* rx.recv();
  yield* producer;
  return sum;
});

async function produceAsync(channel: PromiseChannel<number>, n: number): Promise<void> {
  for (let i = 0; i < n; i++) await channel.send(i);
}

async function promise(n: number): Promise<number> {
  const channel = new PromiseChannel<number>(CAPACITY);
  const producer = produceAsync(channel, n);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += await channel.recv();
  await producer;
  return sum;
}

const produceEffect = Effect.fnUntraced(function* (queue: Queue.Enqueue<number>, n: number) {
  for (let i = 0; i < n; i++) yield* Queue.offer(queue, i);
});

const effect = Effect.fnUntraced(function* (n: number) {
  const queue = yield* Queue.bounded<number>(CAPACITY);
  const producer = yield* Effect.forkChild(produceEffect(queue, n));
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* Queue.take(queue);
  yield* Fiber.join(producer);
  return sum;
});

export const mpsc16: TimedCase = {
  name: "mpsc-16",
  about: "a value through a channel with room for 16, from one task to another",
  unit: "ns/op",
  targets: [
    { peer: "effect", atMost: 0.12 },
    { peer: "tokio", atMost: 0.7 },
  ],
  peers: {
    pollux: async (n) => check(await run(pollux(n)), sumBelow(n)),
    promise: async (n) => check(await promise(n), sumBelow(n)),
    effect: async (n) => check(await Effect.runPromise(effect(n)), sumBelow(n)),
  },
};
