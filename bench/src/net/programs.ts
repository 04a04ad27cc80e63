import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Peer } from "../harness/case.ts";

const run = promisify(execFile);

const SOURCES = fileURLToPath(new URL("../../peers/net", import.meta.url));
const BUILD = fileURLToPath(new URL("../../../node_modules/.cache/pollux-bench-net", import.meta.url));
const SERVER = fileURLToPath(new URL("./server.js", import.meta.url));

/** The processor that server and load share, so that what is compared is the work that a request takes. */
const PROCESSOR = "0";

/** What a server does with a connection. */
export type Mode = "echo" | "in" | "out";

/** A program that answers lines, on the one processor; it ends with this one, when its input does. */
class Program {
  readonly pid: number;
  private readonly lines: AsyncIterator<string>;
  private readonly input: NodeJS.WritableStream;
  private readonly name: string;

  constructor(name: string, command: string, args: readonly string[]) {
    const child = spawn("taskset", ["-c", PROCESSOR, command, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (child.pid === undefined)
      throw new Error(`${name} cannot be started: it needs taskset, of util-linux`);
    this.name = name;
    this.pid = child.pid;
    this.input = child.stdin;
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    // It is there until this process ends, and does not keep it from doing so.
    child.unref();
    for (const stream of [child.stdin, child.stdout]) (stream as { unref?: () => void }).unref?.();
  }

  /** Its next line. */
  async line(): Promise<string> {
    // A line is waited for: the process stays until it has come.
    const alive = setInterval(() => {}, 1000);
    try {
      const { done, value } = await this.lines.next();
      if (done === true) throw new Error(`${this.name} has ended without an answer`);
      return value;
    } finally {
      clearInterval(alive);
    }
  }

  ask(line: string): Promise<string> {
    this.input.write(`${line}\n`);
    return this.line();
  }

  close(): void {
    this.input.end();
  }
}

/** The C programs, built; `null` where there is no compiler. */
let built: Promise<boolean> | undefined;

function build(): Promise<boolean> {
  built ??= buildAll();
  return built;
}

async function buildAll(): Promise<boolean> {
  mkdirSync(BUILD, { recursive: true });
  for (const name of ["load", "server"]) {
    const [source, binary] = [join(SOURCES, `${name}.c`), join(BUILD, name)];
    if (existsSync(binary) && statSync(binary).mtimeMs > statSync(source).mtimeMs) continue;
    await run("cc", ["-O2", "-Wall", "-Wextra", source, "-o", binary]);
  }
  return true;
}

/** A server that is up. */
export interface Server {
  readonly port: number;
  /** What its process has had of the processor, in ns. */
  cpu(): number;
  /** The bytes of memory that its process has, after a collection of garbage. */
  memory(): Promise<number>;
  close(): void;
}

/** Starts the server of a peer. */
export async function startServer(peer: Peer, mode: Mode, size: number): Promise<Server> {
  await build();
  const isC = peer === "c-epoll";
  const program = isC
    ? new Program("the server in C", join(BUILD, "server"), [mode, String(size)])
    : new Program(`the server of ${peer}`, process.execPath, [
        "--expose-gc",
        SERVER,
        peer,
        mode,
        String(size),
      ]);
  const port = Number(await program.line());
  return {
    port,
    cpu: () => cpuTime(program.pid),
    memory: async () => {
      if (!isC) await program.ask("gc");
      return residentBytes(program.pid);
    },
    close: () => program.close(),
  };
}

const servers = new Map<string, Promise<Server>>();

/** The server of a peer, which is started when it is first asked for and then stays. */
export function serverOf(peer: Peer, mode: Mode, size: number): Promise<Server> {
  const key = `${peer} ${mode} ${size}`;
  let server = servers.get(key);
  if (server === undefined) {
    server = startServer(peer, mode, size);
    servers.set(key, server);
  }
  return server;
}

/** How long some operations took, in ns. */
export interface Loaded {
  readonly ns: number;
  readonly p50: number;
  readonly p99: number;
}

/** Connections to a server, which are idle until they are asked for operations. */
export interface Load {
  run(operations: number): Promise<Loaded>;
  close(): void;
}

/** Connects to a server. */
export async function connectLoad(
  port: number,
  mode: Mode | "idle",
  connections: number,
  size: number,
): Promise<Load> {
  await build();
  const args = [mode, port, connections, size].map(String);
  const program = new Program("the load", join(BUILD, "load"), args);
  await program.line();
  return {
    run: async (operations) => {
      const [ns = Number.NaN, p50 = 0, p99 = 0] = (await program.ask(String(operations)))
        .split(" ")
        .map(Number);
      return { ns, p50, p99 };
    },
    close: () => program.close(),
  };
}

/** Of all threads of a process, as the scheduler counts it: V8 collects garbage on others than the main one. */
function cpuTime(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ", 1)[0]);
  }
  return total;
}

function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}
