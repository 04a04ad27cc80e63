import { parseArgs } from "node:util";
import { type SoakOptions, soak } from "./soak.ts";

const USAGE = `Usage: npm run soak -- [options]

Runs a mixed load (connections, datagrams, files, processes, threads, timers, channels) in which jobs are killed and
connections reset at random, and checks afterwards that tasks, timers, sockets, descriptors, threads, processes, files and
memory are where they were before. If not, says what is left, and ends with code 1.

  --minutes N      how long (default: 10)
  --jobs N         until so many jobs have ended, instead
  --seed N         what chance does follows from it, but for the timing (default: from the clock)
  --reactor NAME   auto, epoll or node (default: auto)
  --width N        jobs at a time (default: 48)
  --help           show this text
`;

function fail(message: string): never {
  console.error(`soak: ${message}\n\n${USAGE}`);
  process.exit(2);
}

/** What the user typed, or nothing if the text above was asked for. */
function parse(): SoakOptions | undefined {
  const options = {
    minutes: { type: "string" },
    jobs: { type: "string" },
    seed: { type: "string" },
    reactor: { type: "string", default: "auto" },
    width: { type: "string", default: "48" },
    help: { type: "boolean", default: false },
  } as const;
  const number = (name: string, text: string, least: number): number => {
    const value = Number(text);
    return value >= least ? value : fail(`--${name} must be a number of ${least} or more; got ${text}`);
  };
  let values: ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    fail((error as Error).message);
  }
  if (values.help) return undefined;
  const { minutes = "10", jobs, seed, reactor, width } = values;
  if (reactor !== "auto" && reactor !== "epoll" && reactor !== "node")
    fail(`--reactor must be auto, epoll or node; got ${reactor}`);
  return {
    until:
      jobs === undefined ? { ms: number("minutes", minutes, 0) * 60_000 } : { jobs: number("jobs", jobs, 1) },
    seed: seed === undefined ? Date.now() % 1_000_000 : number("seed", seed, 0),
    reactor,
    width: number("width", width, 1),
    print: (line) => console.log(line),
  };
}

const options = parse();
if (options === undefined) console.log(USAGE);
else {
  const left = await soak(options);
  console.log(left.length === 0 ? "nothing is left" : `left:\n  ${left.join("\n  ")}`);
  process.exitCode = left.length === 0 ? 0 : 1;
}
