import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { co, Runtime, race, sleep } from "pollux";
import { type Census, isBack, leftOver, takeCensus } from "./census.ts";
import type { World } from "./job.ts";
import { JOBS } from "./jobs/index.ts";
import { mixedLoad, Tally } from "./load.ts";
import { Random } from "./random.ts";
import { type Servers, withServers } from "./servers.ts";
import { HEAD, row } from "./table.ts";
import { makeWork } from "./work.ts";

export interface SoakOptions {
  /** How long, in ms; or how many jobs. */
  readonly until: { readonly ms: number } | { readonly jobs: number };
  readonly seed: number;
  readonly reactor: "auto" | "epoll" | "node";
  /** Jobs at a time. */
  readonly width: number;
  readonly print: (line: string) => void;
}

/** How often the progress is shown, in ms. */
const PROGRESS = 10_000;

/** How many jobs are run before the first census: code, pools and the threads of the host are there then. */
const WARM_UP = 500;

/** How long what has ended may take to be gone from the machine, in ms: connections, processes, idle threads. */
const SETTLE = 10_000;

/** How long an idle thread is kept, in ms. */
const THREAD_KEEP_ALIVE = 200;

/** What the first jobs bring along for good, which is no leak. */
const HOSTS_OWN = { descriptors: Number.POSITIVE_INFINITY, threads: Number.POSITIVE_INFINITY };

/** Runs the mixed load with its kills. Gives what is left of it afterwards: nothing, if all is well. */
export async function soak(options: SoakOptions): Promise<string[]> {
  const { reactor } = options;
  const folder = mkdtempSync(join(tmpdir(), "pollux-soak-"));
  const runtime = new Runtime({ reactor, maxBlockingThreads: 4, threadKeepAlive: THREAD_KEEP_ALIVE });
  try {
    return await runtime.run(run(options, runtime, folder));
  } finally {
    await runtime.shutdown();
    rmSync(folder, { recursive: true });
  }
}

const run = co(function* (options: SoakOptions, runtime: Runtime, folder: string) {
  const { seed, print } = options;
  const random = new Random(seed);
  let left: string[] = [];
  const body = co(function* (servers: Servers) {
    print(`seed ${seed}, ${runtime.reactor} reactor, Node ${process.version}`);
    left = yield* loadAndCompare(options, runtime, { servers, work: makeWork(), folder }, random);
  });
  yield* withServers(folder, random.fork(), body);
  return left;
});

const loadAndCompare = co(function* (options: SoakOptions, runtime: Runtime, world: World, random: Random) {
  const { until, width, print } = options;
  const { folder } = world;
  const asleep = takeCensus(runtime, folder);
  const warmUp = new Tally();
  yield* mixedLoad(world, JOBS, width, random.fork(), warmUp, () => warmUp.all < WARM_UP);
  const before = yield* settled(runtime, folder, { ...asleep, ...HOSTS_OWN });

  print(HEAD);
  const tally = new Tally();
  const began = performance.now();
  const show = (census: Census): void => print(row((performance.now() - began) / 1000, tally, census));
  const showAll = co(function* () {
    for (;;) {
      yield* sleep(PROGRESS);
      show(takeCensus(runtime, folder));
    }
  });
  show(before);
  const goesOn = "ms" in until ? () => performance.now() - began < until.ms : () => tally.all < until.jobs;
  yield* race([mixedLoad(world, JOBS, width, random.fork(), tally, goesOn), showAll()]);
  const after = yield* settled(runtime, folder, before);
  show(after);
  print([...tally.of].map(([name, count]) => `${name} ${count}`).join(", "));
  return leftOver(before, after);
});

/** Waits until everything is where it was, but not for ever; garbage is collected then. */
const settled = co(function* (runtime: Runtime, folder: string, before: Census) {
  const began = performance.now();
  while (!isBack(before, takeCensus(runtime, folder)) && performance.now() - began < SETTLE) yield* sleep(20);
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    // What has been found to be garbage may have something to do when it goes.
    yield* sleep(100);
  }
  return takeCensus(runtime, folder);
});
