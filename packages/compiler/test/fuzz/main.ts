import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeFailure, fuzz } from "./fuzz.ts";

// node main.js [--seed N] [--count M] [--jobs J]: M programs, in processes of their own, J at a time. V8 keeps the code of
// every program that has run, so a single process comes to the end of its heap after some tens of thousands.

/** How many programs a process runs. */
const BATCH = 2500;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000_007) },
    count: { type: "string", default: "1000" },
    jobs: { type: "string", default: "1" },
    /** Run here, as one of these processes. */
    batch: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const count = Number(values.count);
const jobs = Number(values.jobs);
if (![seed, count, jobs].every(Number.isSafeInteger) || count < 1 || jobs < 1) {
  throw new RangeError("usage: npm run fuzz -- --seed <integer> --count <integer> --jobs <integer>");
}

/** Says whether all was well. */
async function runBatch(first: number, length: number): Promise<boolean> {
  const args = [
    fileURLToPath(import.meta.url),
    "--batch",
    "--seed",
    String(first),
    "--count",
    String(length),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  const [code, signal] = await once(child, "exit");
  if (signal !== null) console.log(`the process of seeds from ${first} on was ended by ${String(signal)}`);
  return code === 0;
}

if (values.batch) {
  const failure = await fuzz(seed, count);
  if (failure !== null) {
    console.log(describeFailure(failure));
    process.exitCode = 1;
  }
} else {
  console.log(`npm run fuzz -- --seed ${seed} --count ${count}`);
  let next = 0;
  let done = 0;
  let isWell = true;
  const job = async (): Promise<void> => {
    while (isWell && next < count) {
      const first = next;
      const length = Math.min(BATCH, count - first);
      next += length;
      if (!(await runBatch(seed + first, length))) isWell = false;
      else {
        done += length;
        console.log(`${done} programs`);
      }
    }
  };
  await Promise.all(Array.from({ length: jobs }, job));
  if (isWell) console.log(`${count} programs, no difference`);
  else process.exitCode = 1;
}
