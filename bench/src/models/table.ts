import type { CaseResult, Peer } from "../harness/case.ts";
import { figure, table } from "../harness/report.ts";
import { whyNoFibers } from "./fibers.ts";
import { THREADS } from "./threads.ts";

/** The models in the order in which they were found, and what a task is in each. */
const MODELS: readonly [peer: Peer, name: string, task: string][] = [
  ["callback", "callbacks", "a function to be called"],
  ["promise", "promises", "an async function"],
  ["generator", "Pollux, generators", "a coroutine, function*"],
  ["pollux", "Pollux, compiled", "a coroutine, async, made a state machine"],
  ["fiber", "stackful fibers", "a stack of its own (WebAssembly's)"],
  ["thread", "blocking threads", `a turn in one of ${THREADS} threads`],
];

const MS = 1e6;

/** The models as rows: what the same work takes in each. */
export function modelsText(results: readonly CaseResult[]): string {
  const median = (name: string, peer: Peer): number | undefined =>
    results.find((result) => result.case.name === name)?.results.get(peer)?.median;
  const cell = (name: string, peer: Peer, unit: number): string => {
    const value = median(name, peer);
    return value === undefined ? "-" : figure(value / unit);
  };
  const rows = MODELS.map(([peer, name, task]) => [
    name,
    task,
    cell("delayed-10k", peer, MS),
    cell("delayed-10k-cpu", peer, MS),
    cell("waiting-bytes", peer, 1),
    cell("ping-pong", peer, 1),
  ]);
  const head = ["model", "a task is", "10,000 sleeps, ms", "CPU, ms", "memory, bytes", "switch, ns"];
  const why = whyNoFibers();
  return [
    "The same work in each model; medians.",
    "",
    ...table([head, ...rows], 2),
    "",
    "10,000 sleeps   so many tasks at once, each of which sleeps for 10 to 19 ms: until all have ended. 19 is the least.",
    "CPU             of the whole process meanwhile.",
    "memory          what one task that waits holds. Of the last two, resident memory: a stack is not on the heap.",
    "switch          from one of two tasks that let each other go on to the other.",
    "",
    `There cannot be 10,000 threads of JavaScript: ${THREADS} serve the tasks, and each does one after the other.`,
    why === null
      ? "Of fibers there are none for JavaScript's own functions without compiling C++; those here are WebAssembly's."
      : `Of fibers there are none: ${why}.`,
    "",
  ].join("\n");
}
