import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Job } from "./in-thread.ts";
import type { Model } from "./model.ts";

// A task has a thread, which stands still while the task waits. A process cannot have 10,000 threads of JavaScript, each of
// which has a heap of its own: so many share the tasks, and each does one after the other.

/** Each takes some 10 ms to begin, and some MB. */
export const THREADS = 64;

/** Started once: what a thread takes to begin is not a part of any figure. */
let starting: Promise<Worker[]> | undefined;

export function startThreads(count: number): Promise<Worker[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const worker = new Worker(new URL("./in-thread.js", import.meta.url));
      worker.unref();
      await once(worker, "message");
      return worker;
    }),
  );
}

function pool(): Promise<Worker[]> {
  starting ??= startThreads(THREADS);
  return starting;
}

/** Has threads do something each, and gives the sum of what they give. */
async function all(workers: readonly Worker[], jobOf: (index: number) => Job): Promise<number> {
  // They do not keep the process alive, and it has to wait for them.
  const alive = setInterval(() => {}, 1000);
  try {
    const answers = workers.map(async (worker, index) => {
      worker.postMessage(jobOf(index));
      const [result] = await once(worker, "message");
      return Number(result);
    });
    let sum = 0;
    for (const answer of await Promise.all(answers)) sum += answer;
    return sum;
  } finally {
    clearInterval(alive);
  }
}

export const threads: Model = {
  delayed: async (tasks) => all(await pool(), (from) => ({ kind: "nap", from, step: THREADS, to: tasks })),
  async pingPong(turns) {
    const two = (await pool()).slice(0, 2);
    const shared = new Int32Array(new SharedArrayBuffer(8));
    shared[0] = 1;
    return all(two, (me) => ({ kind: "play", shared, me, turns }));
  },
};

/** Starts the pool. */
export async function warmUpThreads(): Promise<void> {
  await pool();
}
