import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Effect, Fiber } from "effect";
import {
  type Operation,
  run as runEffection,
  sleep as sleepEffection,
  spawn as spawnEffection,
  suspend,
} from "effection";
import { co, JoinSet, run, sleep, yieldNow } from "pollux";
import type { TimedCase } from "../harness/case.ts";
import { collectYoung } from "../harness/garbage.ts";
import type { Stopwatch } from "../harness/stopwatch.ts";
import { check } from "./check.ts";

// The watch runs from the cancel until every task has cleaned up: each has a `finally`, which counts it.

const TASKS = 10_000;
const HOUR = 3_600_000;

class Count {
  begun = 0;
  ended = 0;
}

const nap = co(function* (count: Count) {
  count.begun++;
  try {
    yield* sleep(HOUR);
  } finally {
    count.ended++;
  }
});

const pollux = co(function* (count: Count, watch: Stopwatch) {
  const tasks = new JoinSet<void>();
  for (let i = 0; i < TASKS; i++) tasks.spawn(nap(count));
  while (count.begun < TASKS) yield* yieldNow();
  collectYoung();
  watch.start();
  yield* tasks.shutdown();
  watch.stop();
});

async function napAsync(count: Count, signal: AbortSignal): Promise<void> {
  count.begun++;
  try {
    await delay(HOUR, undefined, { signal });
  } finally {
    count.ended++;
  }
}

async function promise(count: Count, watch: Stopwatch): Promise<void> {
  const controller = new AbortController();
  setMaxListeners(TASKS, controller.signal);
  const tasks = Array.from({ length: TASKS }, () => napAsync(count, controller.signal));
  collectYoung();
  watch.start();
  controller.abort();
  await Promise.allSettled(tasks);
  watch.stop();
}

const napEffect = (count: Count) =>
  Effect.suspend(() => {
    count.begun++;
    return Effect.sleep(HOUR);
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        count.ended++;
      }),
    ),
  );

const effect = Effect.fnUntraced(function* (count: Count, watch: Stopwatch) {
  const fibers: Fiber.Fiber<void>[] = [];
  for (let i = 0; i < TASKS; i++) fibers.push(yield* Effect.forkChild(napEffect(count)));
  while (count.begun < TASKS) yield* Effect.yieldNow;
  collectYoung();
  watch.start();
  yield* Fiber.interruptAll(fibers);
  watch.stop();
});

function* napOperation(count: Count): Operation<void> {
  count.begun++;
  try {
    yield* sleepEffection(HOUR);
  } finally {
    count.ended++;
  }
}

// What has spawned them is halted: they are halted with it.
function* effection(count: Count, watch: Stopwatch): Operation<void> {
  const parent = yield* spawnEffection(function* () {
    for (let i = 0; i < TASKS; i++) yield* spawnEffection(() => napOperation(count));
    yield* suspend();
  });
  while (count.begun < TASKS) yield* sleepEffection(0);
  collectYoung();
  watch.start();
  yield* parent.halt();
  watch.stop();
}

/** Only a part of each batch is timed, so a round is one. */
function peer(work: (count: Count, watch: Stopwatch) => Promise<void>) {
  return async (_iterations: number, watch: Stopwatch): Promise<void> => {
    const count = new Count();
    await work(count, watch);
    check(count.ended, TASKS);
  };
}

export const cancel10k: TimedCase = {
  name: "cancel-10k",
  about: "cancel a sleeping task, one of 10,000, and see its cleanup end",
  unit: "ns/op",
  operations: TASKS,
  long: true,
  peers: {
    pollux: peer((count, watch) => run(pollux(count, watch))),
    promise: peer(promise),
    effect: peer((count, watch) => Effect.runPromise(effect(count, watch))),
    effection: peer((count, watch) => runEffection(() => effection(count, watch))),
  },
};
