import { parentPort } from "node:worker_threads";
import { msOf } from "./model.ts";

// What a thread does. It blocks: nothing else runs in it meanwhile.

export type Job =
  | { readonly kind: "nap"; readonly from: number; readonly step: number; readonly to: number }
  | { readonly kind: "play"; readonly shared: Int32Array; readonly me: number; readonly turns: number };

const nobody = new Int32Array(new SharedArrayBuffer(4));

function sleep(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms);
}

function nap(task: number): number {
  sleep(msOf(task));
  return task;
}

/** `shared[me]` is 1 when it is its turn. */
function play(shared: Int32Array, me: number, turns: number): number {
  let played = 0;
  while (played < turns) {
    Atomics.wait(shared, me, 0);
    Atomics.store(shared, me, 0);
    played++;
    Atomics.store(shared, 1 - me, 1);
    Atomics.notify(shared, 1 - me);
  }
  return played;
}

function work(job: Job): number {
  if (job.kind === "play") return play(job.shared, job.me, job.turns);
  let sum = 0;
  for (let task = job.from; task < job.to; task += job.step) sum += nap(task);
  return sum;
}

const port = parentPort;
if (port === null) throw new Error("in-thread.js is for threads");
port.on("message", (job: Job) => port.postMessage(work(job)));
port.postMessage("started");
