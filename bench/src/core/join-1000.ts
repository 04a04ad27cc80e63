import { Effect } from "effect";
import { all, type Operation, run as runEffection, until } from "effection";
import { co, joinAll, run, yieldNow } from "pollux";
import type { TimedCase } from "../harness/case.ts";
import { check, sumBelow } from "./check.ts";

const CHILDREN = 1000;

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const child = co(function* (i: number) {
  yield* yieldNow();
  return i;
});

const pollux = co(function* (batches: number) {
  let total = 0;
  for (let batch = 0; batch < batches; batch++) {
    total += sum(yield* joinAll(Array.from({ length: CHILDREN }, (_, i) => child(i))));
  }
  return total;
});

async function childAsync(i: number): Promise<number> {
  await undefined;
  return i;
}

async function promise(batches: number): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < batches; batch++) {
    total += sum(await Promise.all(Array.from({ length: CHILDREN }, (_, i) => childAsync(i))));
  }
  return total;
}

const childEffect = Effect.fnUntraced(function* (i: number) {
  yield* Effect.yieldNow;
  return i;
});

const effect = Effect.fnUntraced(function* (batches: number) {
  let total = 0;
  for (let batch = 0; batch < batches; batch++) {
    const children = Array.from({ length: CHILDREN }, (_, i) => childEffect(i));
    total += sum(yield* Effect.all(children, { concurrency: "unbounded" }));
  }
  return total;
});

// Effection has no yield; a promise that is settled already makes an operation suspend once.
function* childOperation(i: number): Operation<number> {
  yield* until(Promise.resolve());
  return i;
}

function* effection(batches: number): Operation<number> {
  let total = 0;
  for (let batch = 0; batch < batches; batch++) {
    total += sum(yield* all(Array.from({ length: CHILDREN }, (_, i) => childOperation(i))));
  }
  return total;
}

export const join1000: TimedCase = {
  name: "join-1000",
  about: "one of a thousand coroutines that are awaited together and each yield once",
  unit: "ns/op",
  operations: CHILDREN,
  peers: {
    pollux: async (n) => check(await run(pollux(n)), n * sumBelow(CHILDREN)),
    promise: async (n) => check(await promise(n), n * sumBelow(CHILDREN)),
    effect: async (n) => check(await Effect.runPromise(effect(n)), n * sumBelow(CHILDREN)),
    effection: async (n) => check(await runEffection(() => effection(n)), n * sumBelow(CHILDREN)),
  },
};
