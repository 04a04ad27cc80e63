import { Effect } from "effect";
import { co, run, sleep, spawn } from "pollux";
import type { BytesCase } from "../harness/case.ts";
import { Gathering } from "./gathering.ts";

// A million of Effection's tasks would need 11 GB.

const HOUR = 3_600_000;

/** Timers of a program are due at many different times; the same as in `peers/tokio`. */
function msOf(task: number): number {
  return HOUR + (task % 60_000);
}

const tasks = new Gathering();

const nap = co(function* (ms: number) {
  tasks.arrive();
  yield* sleep(ms);
});

const pollux = co(function* (n: number) {
  for (let i = 0; i < n; i++) spawn(nap(msOf(i)));
  yield* sleep(2 * HOUR);
});

async function napAsync(ms: number): Promise<void> {
  tasks.arrive();
  await new Promise((resolve) => setTimeout(resolve, ms));
}

function promise(n: number): void {
  for (let i = 0; i < n; i++) napAsync(msOf(i));
}

const napEffect = Effect.fnUntraced(function* (ms: number) {
  tasks.arrive();
  yield* Effect.sleep(ms);
});

const effect = Effect.fnUntraced(function* (n: number) {
  for (let i = 0; i < n; i++) yield* Effect.forkChild(napEffect(msOf(i)));
  yield* Effect.sleep(2 * HOUR);
});

export const sleepBytes: BytesCase = {
  name: "sleep-bytes",
  about: "a task that sleeps",
  unit: "bytes/task",
  tasks: 1_000_000,
  quickTasks: 100_000,
  peers: {
    pollux: (n) => tasks.gather(n, () => run(pollux(n))),
    promise: (n) => tasks.gather(n, () => promise(n)),
    effect: (n) => tasks.gather(n, () => Effect.runPromise(effect(n))),
  },
};
