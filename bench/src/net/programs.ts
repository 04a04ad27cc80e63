import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Peer } from "../harness/case.ts";
import { cpuTime, PinnedProgram } from "../harness/pinned-program.ts";

const run = promisify(execFile);

const SOURCES = fileURLToPath(new URL("../../peers/net", import.meta.url));
const BUILD = fileURLToPath(new URL("../../../node_modules/.cache/pollux-bench-net", import.meta.url));
const SERVER = fileURLToPath(new URL("./server.js", import.meta.url));

/** What a server does with a connection. */
export type Mode = "echo" | "in" | "out";

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
    ? new PinnedProgram("the server in C", join(BUILD, "server"), [mode, String(size)])
    : new PinnedProgram(`the server of ${peer}`, process.execPath, [
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
  const program = new PinnedProgram("the load", join(BUILD, "load"), args);
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

function residentBytes(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) * 1024;
}
