import { suspendFibers } from "./fibers.ts";
import { startThreads, THREADS } from "./threads.ts";

// Run as: node weigh.js fiber|thread COUNT. Prints the resident bytes that one which waits takes: stacks, and the heaps of
// threads, are outside of this thread's heap.

const [what = "", count = "1"] = process.argv.slice(2);

/** What the first ones bring along is no one's. */
const FIRST = 4;

async function suspend(n: number): Promise<void> {
  if (what === "thread") await startThreads(n);
  else suspendFibers(n);
  await new Promise((resolve) => setImmediate(resolve));
}

await suspend(FIRST);
const n = what === "thread" ? Math.min(THREADS, Number(count)) : Number(count);
const before = process.memoryUsage.rss();
await suspend(n);
const bytes = (process.memoryUsage.rss() - before) / n;
process.stdout.write(`${bytes}\n`, () => process.exit(0));
