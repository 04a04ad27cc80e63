import { run } from "pollux";
import { awaitReady } from "../core/await-ready.ts";
import { callReady } from "../core/call-ready.ts";
import { check, sumBelow } from "../core/check.ts";
import { mpsc16 } from "../core/mpsc-16.ts";
import { spawnJoin } from "../core/spawn-join.ts";
import { taskBytes } from "../core/task-bytes.ts";
import { yieldDepth20, yieldOnce } from "../core/yield.ts";
import type { BytesCase, Round, Target, TimedCase } from "../harness/case.ts";
import { compiledOnce } from "./load.ts";

type Programs = typeof import("./programs.ts");

const programs = compiledOnce<Programs>(new URL("./programs.js", import.meta.url));

/** A case of the core suite, compiled: what that measures as Pollux is the generator form here. */
function compiled(
  of: TimedCase,
  targets: readonly Target[],
  measured: (programs: Programs, n: number) => Promise<void>,
): TimedCase {
  const { pollux, ...others } = of.peers;
  const round: Round = async (n, watch) => {
    const loaded = await programs();
    watch.start();
    await measured(loaded, n);
  };
  return { ...of, targets, peers: { ...others, pollux: round, ...(pollux ? { generator: pollux } : {}) } };
}

export const compiledAwaitReady: TimedCase = compiled(
  awaitReady,
  [{ peer: "promise", atMost: 0.2 }],
  async (p, n) => check(await run(p.awaitReady(n)), sumBelow(n)),
);

export const compiledYield: TimedCase = compiled(
  yieldOnce,
  [
    { peer: "promise", atMost: 0.45 },
    { peer: "tokio", atMost: 0.1 },
  ],
  (p, n) => run(p.yieldOnce(n)),
);

export const compiledYieldDepth20: TimedCase = compiled(
  yieldDepth20,
  [{ peer: "promise", atMost: 0.6 }],
  // Declared as what an async function can await: it calls itself, and its type cannot be inferred.
  (p, n) => run(p.yieldAtDepth(20, n) as ReturnType<Programs["yieldOnce"]>),
);

export const compiledCallReady: TimedCase = compiled(
  callReady,
  [{ peer: "promise", atMost: 0.15 }],
  async (p, n) => check(await run(p.callReady(n)), sumBelow(n + 1)),
);

export const compiledSpawnJoin: TimedCase = compiled(
  spawnJoin,
  [{ peer: "promise", atMost: 0.5 }],
  async (p, n) => check(await run(p.spawnJoin(n)), sumBelow(n)),
);

export const compiledMpsc16: TimedCase = compiled(mpsc16, [{ peer: "tokio", atMost: 0.6 }], async (p, n) =>
  check(await run(p.throughChannel(n)), sumBelow(n)),
);

const { pollux: generatorTasks, ...otherTasks } = taskBytes.peers ?? {};

export const compiledTaskBytes: BytesCase = {
  ...taskBytes,
  targets: [{ peer: "promise", atMost: 0.35 }],
  peers: {
    ...otherTasks,
    ...(generatorTasks ? { generator: generatorTasks } : {}),
    pollux: async (n) => {
      const { tasks, waitingTasks } = await programs();
      await tasks.gather(n, () => run(waitingTasks(n)));
    },
  },
};

async function spinAsync(n: number): Promise<number> {
  let x = 1;
  for (let i = 0; i < n; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
}

let seen = 0;

export const preemptiveLoop: TimedCase = {
  name: "preemptive-loop",
  about: "an iteration of a loop that yields when its budget is spent; promise: the plain loop",
  unit: "ns/op",
  targets: [{ peer: "promise", atMost: 1.2 }],
  operations: 1000,
  peers: {
    pollux: async (n, watch) => {
      const { spin } = await programs();
      watch.start();
      seen += await run(spin(n * 1000));
    },
    promise: async (n) => {
      seen += await spinAsync(n * 1000);
    },
  },
};

/** Keeps the loops' results, so that V8 does not leave the loops out. */
export function lastSeen(): number {
  return seen;
}
