import { Effect } from "effect";
import { co, run, spawn, yieldNow } from "pollux";
import type { TimedCase } from "../harness/case.ts";

const TASKS = 10_000;
const YIELDS = 10;

const worker = co(function* () {
  for (let i = 0; i < YIELDS; i++) yield* yieldNow();
});

const pollux = co(function* (batches: number) {
  for (let batch = 0; batch < batches; batch++) {
    const handles = Array.from({ length: TASKS }, () => spawn(worker()));
    for (const handle of handles) yield* handle;
  }
});

async function workerAsync(): Promise<void> {
  for (let i = 0; i < YIELDS; i++) await undefined;
}

async function promise(batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch++) {
    await Promise.all(Array.from({ length: TASKS }, () => workerAsync()));
  }
}

const workerEffect = Effect.fnUntraced(function* () {
  for (let i = 0; i < YIELDS; i++) yield* Effect.yieldNow;
});

// The form that Effect's documentation recommends over forking by hand; it makes a fiber of each.
const effect = Effect.fnUntraced(function* (batches: number) {
  for (let batch = 0; batch < batches; batch++) {
    yield* Effect.all(
      Array.from({ length: TASKS }, () => workerEffect()),
      { concurrency: "unbounded", discard: true },
    );
  }
});

export const spawn10k: TimedCase = {
  name: "spawn-10k",
  about: "a task's whole life, of 10,000 at once that each yield ten times",
  unit: "ns/op",
  operations: TASKS,
  peers: {
    pollux: (n) => run(pollux(n)),
    promise,
    effect: (n) => Effect.runPromise(effect(n)),
  },
};
