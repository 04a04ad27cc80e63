import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Peer } from "../harness/case.ts";
import { cpuTime, PinnedProgram, PROCESSOR } from "../harness/pinned-program.ts";

const run = promisify(execFile);

const SERVER = fileURLToPath(new URL("./server.js", import.meta.url));
const CLIENT = fileURLToPath(new URL("./client.js", import.meta.url));
const SCRIPT = fileURLToPath(new URL("../../peers/http/load.lua", import.meta.url));

/** What is asked for, and so what the server is to answer. */
export type Load = "hello" | "json" | "hono" | "pipeline";

/** Connections of the load, each of which asks again when it has its answer. */
const CONNECTIONS = 64;

/** What one run of the load has found, in ns: of one request, but for the percentile. */
export interface Figures {
  readonly time: number;
  /** The share of the processor that is of what is measured: the server, or the client. */
  readonly cpu: number;
  readonly p99: number;
}

export type Figure = keyof Figures;

/** Runs whose figures the cases of one load share. */
abstract class Measured {
  private last: Figures | null;
  /** Which cases have had a figure of the last run: each run serves each case once. */
  private readonly taken: Set<string>;

  constructor() {
    this.last = null;
    this.taken = new Set();
  }

  protected abstract run(): Promise<Figures>;

  /** A figure for a case: of the last run, unless this case has had it already. */
  async figure(of: string, figure: Figure): Promise<number> {
    if (this.last === null || this.taken.has(of)) {
      this.last = await this.run();
      this.taken.clear();
    }
    this.taken.add(of);
    return this.last[figure];
  }
}

/** The load of one peer's server in a process of its own, on one processor with it. */
export class LoadedServer extends Measured {
  private readonly peer: Peer;
  private readonly load: Load;
  private server: Promise<{ port: number; pid: number }> | null;

  constructor(peer: Peer, load: Load) {
    super();
    this.peer = peer;
    this.load = load;
    this.server = null;
  }

  protected override async run(): Promise<Figures> {
    this.server ??= startServer(this.peer, this.load);
    const { port, pid } = await this.server;
    const before = cpuTime(pid);
    const [ns, requests, p99] = await wrk(port, this.load);
    return { time: ns / requests, cpu: (cpuTime(pid) - before) / requests, p99 };
  }
}

/** The server that all clients are measured with. */
let common: Promise<{ port: number; pid: number }> | null = null;

/** One peer's client in a process of its own, on one processor with a server that is the same for all. */
export class LoadingClient extends Measured {
  private readonly peer: Peer;
  private program: Promise<PinnedProgram> | null;

  constructor(peer: Peer) {
    super();
    this.peer = peer;
    this.program = null;
  }

  protected override async run(): Promise<Figures> {
    this.program ??= this.start();
    const program = await this.program;
    const before = cpuTime(program.pid);
    const [ns = Number.NaN, requests = 0, p99 = 0] = (await program.ask("run")).split(" ").map(Number);
    return { time: ns / requests, cpu: (cpuTime(program.pid) - before) / requests, p99 };
  }

  private async start(): Promise<PinnedProgram> {
    common ??= startServer("pollux", "hello");
    const { port } = await common;
    const args = [CLIENT, this.peer, String(port)];
    const program = new PinnedProgram(`the client of ${this.peer}`, process.execPath, args);
    await program.line();
    return program;
  }
}

async function startServer(peer: Peer, load: Load): Promise<{ port: number; pid: number }> {
  const program = new PinnedProgram(`the server of ${peer}`, process.execPath, [SERVER, peer, load]);
  return { port: Number(await program.line()), pid: program.pid };
}

/** Loads a server for a second; gives the ns that passed, the requests, and the 99th percentile. */
async function wrk(port: number, load: Load): Promise<[ns: number, requests: number, p99: number]> {
  const args = ["-t1", `-c${CONNECTIONS}`, "-d1s", "-s", SCRIPT, `http://127.0.0.1:${port}/`, "--", load];
  let output: string;
  try {
    output = (await run("taskset", ["-c", PROCESSOR, "wrk", ...args])).stdout;
  } catch (error) {
    throw new Error(
      "the load cannot be started: it needs taskset, of util-linux, and wrk (on Debian: `apt install wrk`)",
      { cause: error },
    );
  }
  const figures = /^figures (\d+) (\d+) (\d+) (\d+)$/m.exec(output)?.slice(1).map(Number) ?? [];
  const [ns = 0, requests = 0, p99 = 0, failed = 0] = figures;
  if (requests === 0 || failed > 0) throw new Error(`${failed} of ${requests} requests failed:\n${output}`);
  return [ns, requests, p99];
}
