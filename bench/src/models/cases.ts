import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { compiledTaskBytes } from "../compiler/cases.ts";
import { check, sumBelow } from "../core/check.ts";
import { Gathering } from "../core/gathering.ts";
import { taskBytes } from "../core/task-bytes.ts";
import type { BytesCase, Peer, Round, Suspend, TimedCase, Weigh } from "../harness/case.ts";
import { callbacks, suspendCallbacks } from "./callbacks.ts";
import { compiled } from "./compiled.ts";
import { stacks, whyNoFibers } from "./fibers.ts";
import { generators } from "./generators.ts";
import type { Model } from "./model.ts";
import { promises } from "./promises.ts";
import { threads } from "./threads.ts";

const run = promisify(execFile);

const models: Partial<Record<Peer, Model>> = {
  callback: callbacks,
  promise: promises,
  generator: generators,
  pollux: compiled,
  ...(whyNoFibers() === null ? { fiber: stacks } : {}),
  thread: threads,
};

const TASKS = 10_000;

/** Before the watch starts, a model has done the same once: its code is loaded, and its threads are started. */
function peers(roundOf: (model: Model, n: number) => Promise<void>): Partial<Record<Peer, Round>> {
  return Object.fromEntries(
    Object.entries(models).map(([peer, model]): [string, Round] => [
      peer,
      async (n, watch) => {
        await model.pingPong(1);
        watch.start();
        await roundOf(model, n);
      },
    ]),
  );
}

async function delayed(model: Model, rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++) check(await model.delayed(TASKS), sumBelow(TASKS));
}

export const delayed10k: TimedCase = {
  name: "delayed-10k",
  about: "10,000 tasks that sleep for 10 to 19 ms: the time until all have ended",
  unit: "ns/op",
  long: true,
  peers: peers(delayed),
};

export const delayed10kCpu: TimedCase = {
  ...delayed10k,
  name: "delayed-10k-cpu",
  about: "the processor time of it",
  clock: "cpu",
};

export const pingPong: TimedCase = {
  name: "ping-pong",
  about: "two tasks that let each other go on: the time from one to the other",
  unit: "ns/op",
  operations: 2,
  peers: peers(async (model, n) => check(await model.pingPong(n), 2 * n)),
};

const suspended = new Gathering();

const suspends: Partial<Record<Peer, Suspend>> = {
  callback: async (n) => suspendCallbacks(n, (answer) => suspended.keep(answer)),
};
for (const [peer, suspend] of [
  ["promise", taskBytes.peers?.promise],
  ["generator", taskBytes.peers?.pollux],
  ["pollux", compiledTaskBytes.peers?.pollux],
] as const)
  if (suspend !== undefined) suspends[peer] = suspend;

const WEIGH = fileURLToPath(new URL("./weigh.js", import.meta.url));

const weigh =
  (what: "fiber" | "thread"): Weigh =>
  async (tasks) => {
    const { stdout } = await run(process.execPath, [WEIGH, what, String(tasks)]);
    return Number.parseFloat(stdout) * tasks;
  };

export const waitingBytes: BytesCase = {
  name: "waiting-bytes",
  about: "a task that waits for an answer",
  unit: "bytes/task",
  tasks: TASKS,
  quickTasks: 2_000,
  peers: suspends,
  weighs: {
    ...(whyNoFibers() === null ? { fiber: weigh("fiber") } : {}),
    thread: weigh("thread"),
  },
};
