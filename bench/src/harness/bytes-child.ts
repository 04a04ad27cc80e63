import { suites } from "../suites.ts";
import type { BytesCase, Peer } from "./case.ts";

// Run as: node --expose-gc bytes-child.js SUITE CASE PEER TASKS. Prints the bytes that so many suspended tasks hold.

/** Tasks that are suspended beforehand: code, hidden classes and the library's own structures are then in place. */
const FIRST = 100;

const [suiteName, caseName, peer, tasks] = process.argv.slice(2);
const found = suites
  .find((suite) => suite.name === suiteName)
  ?.groups.flat()
  .find((of): of is BytesCase => of.name === caseName && of.unit === "bytes/task");
const suspend = found?.peers?.[peer as Peer];
if (suspend === undefined) throw new Error(`no case ${caseName} with ${peer} in suite ${suiteName}`);

await suspend(FIRST);
const before = heapUsed();
await suspend(Number(tasks));
const bytes = heapUsed() - before;
// The tasks wait for good, so the process has to be ended.
process.stdout.write(`${bytes}\n`, () => process.exit(0));

function heapUsed(): number {
  if (globalThis.gc === undefined) throw new Error("run me with --expose-gc");
  // The second one takes what the finalizers of the first have let go.
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}
