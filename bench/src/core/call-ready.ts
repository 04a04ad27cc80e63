import { Effect } from "effect";
import { type Operation, run as runEffection } from "effection";
import { co, run } from "pollux";
import type { TimedCase } from "../harness/case.ts";
import { check, sumBelow } from "./check.ts";

const addOne = co(function* (i: number) {
  return i + 1;
});

const pollux = co(function* (n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* addOne(i);
  return sum;
});

async function addOneAsync(i: number): Promise<number> {
  return i + 1;
}

async function promise(n: number): Promise<number> {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += await addOneAsync(i);
  return sum;
}

const addOneEffect = Effect.fnUntraced(function* (i: number) {
  return i + 1;
});

const effect = Effect.fnUntraced(function* (n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* addOneEffect(i);
  return sum;
});

function* addOneOperation(i: number): Operation<number> {
  return i + 1;
}

function* effection(n: number): Operation<number> {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* addOneOperation(i);
  return sum;
}

export const callReady: TimedCase = {
  name: "call-ready",
  about: "call a coroutine that returns without waiting",
  unit: "ns/op",
  targets: [{ peer: "promise", atMost: 0.75 }],
  peers: {
    pollux: async (n) => check(await run(pollux(n)), sumBelow(n + 1)),
    promise: async (n) => check(await promise(n), sumBelow(n + 1)),
    effect: async (n) => check(await Effect.runPromise(effect(n)), sumBelow(n + 1)),
    effection: async (n) => check(await runEffection(() => effection(n)), sumBelow(n + 1)),
  },
};
