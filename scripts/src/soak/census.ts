import { readdirSync, readFileSync } from "node:fs";
import type { Runtime } from "pollux";

/** What a program has, each of which is to be where it began once a load has ended. */
export interface Census {
  readonly tasks: number;
  readonly timers: number;
  readonly sources: number;
  /** Operations that wait for something outside of the runtime. */
  readonly outstanding: number;
  /** Threads for code that blocks. */
  readonly pool: number;
  /** Of the process. */
  readonly descriptors: number;
  readonly threads: number;
  readonly children: number;
  /** Files that were made and not removed. */
  readonly files: number;
  /** MiB of JavaScript's memory, buffers included, after a collection of garbage. */
  readonly heap: number;
  /** MiB that the process has of the machine's memory. */
  readonly resident: number;
}

/** Counts that have no tolerance. */
export const COUNTS = [
  "tasks",
  "timers",
  "sources",
  "outstanding",
  "pool",
  "descriptors",
  "threads",
  "children",
  "files",
] as const satisfies readonly (keyof Census)[];

/** The heap may have grown by so much: what V8 has compiled meanwhile is no leak. */
const HEAP_SLACK_MIB = 4;

/**
 * Threads that come and go leave pages to the allocator, which keeps them: 20 to 65 MiB after 7 to 10 minutes on Node 20, up
 * to 140 after a few seconds on Node 24. So only a leak of the native layer that is larger is seen here.
 */
const RESIDENT_SLACK_MIB = 256;

const MIB = 2 ** 20;

/** @param folder - where the jobs make their files */
export function takeCensus(runtime: Runtime, folder: string): Census {
  const { alive, timers, sources, outstanding, blockingThreads } = runtime.metrics();
  const { heapUsed, external } = process.memoryUsage();
  return {
    tasks: alive,
    timers,
    sources,
    outstanding,
    pool: blockingThreads,
    // Without the one by which the folder itself is read.
    descriptors: readdirSync("/proc/self/fd").length - 1,
    threads: readdirSync("/proc/self/task").length,
    children: childrenOf(),
    files: readdirSync(folder).length,
    heap: (heapUsed + external) / MIB,
    resident: process.memoryUsage.rss() / MIB,
  };
}

function childrenOf(): number {
  let count = 0;
  for (const thread of readdirSync("/proc/self/task")) {
    try {
      const children = readFileSync(`/proc/self/task/${thread}/children`, "utf8").trim();
      if (children !== "") count += children.split(" ").length;
    } catch (error) {
      // A thread that has ended meanwhile has no children, and not every kernel tells of them.
      if (!["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return count;
}

/** Whether each count is where it began. */
export function isBack(before: Census, after: Census): boolean {
  return COUNTS.every((name) => after[name] <= before[name]);
}

/** What is left, a line each; nothing if all is where it began. */
export function leftOver(before: Census, after: Census): string[] {
  const left: string[] = COUNTS.filter((name) => after[name] > before[name]).map(
    (name) => `${name}: ${after[name]}, and ${before[name]} at the beginning`,
  );
  for (const [name, slack] of [
    ["heap", HEAP_SLACK_MIB],
    ["resident", RESIDENT_SLACK_MIB],
  ] as const) {
    const more = after[name] - before[name];
    if (more > slack)
      left.push(`${name}: ${more.toFixed(1)} MiB more than at the beginning, of ${slack} allowed`);
  }
  return left;
}
