import { Effect } from "effect";
import { co, run, sleep, spawn } from "pollux";
import type { TimedCase } from "../harness/case.ts";

const TASKS = 100_000;

/** Long enough that all are asleep before the first wakes; the same as in `peers/tokio`. */
const BASE_MS = 150;

function msOf(task: number): number {
  return BASE_MS + (task % 100);
}

const nap = co(function* (ms: number) {
  yield* sleep(ms);
});

const pollux = co(function* (batches: number) {
  for (let batch = 0; batch < batches; batch++) {
    const naps = Array.from({ length: TASKS }, (_, task) => spawn(nap(msOf(task))));
    for (const handle of naps) yield* handle;
  }
});

async function napAsync(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

async function promise(batches: number): Promise<void> {
  for (let batch = 0; batch < batches; batch++) {
    await Promise.all(Array.from({ length: TASKS }, (_, task) => napAsync(msOf(task))));
  }
}

const napEffect = Effect.fnUntraced(function* (ms: number) {
  yield* Effect.sleep(ms);
});

const effect = Effect.fnUntraced(function* (batches: number) {
  for (let batch = 0; batch < batches; batch++) {
    yield* Effect.all(
      Array.from({ length: TASKS }, (_, task) => napEffect(msOf(task))),
      { concurrency: "unbounded", discard: true },
    );
  }
});

export const sleep100k: TimedCase = {
  name: "sleep-100k",
  about: "a sleeping task's whole life, of 100,000 at once, in CPU time",
  unit: "ns/op",
  operations: TASKS,
  clock: "cpu",
  long: true,
  targets: [{ peer: "promise", atMost: 0.5 }],
  peers: {
    pollux: (n) => run(pollux(n)),
    promise,
    effect: (n) => Effect.runPromise(effect(n)),
  },
};
