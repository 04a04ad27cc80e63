import type { BytesCase, Peer, Round, Target, TimedCase } from "../harness/case.ts";
import { connectLoad, type Load, type Loaded, type Mode, serverOf, startServer } from "./programs.ts";

const SERVERS = ["pollux", "pollux-node", "node-net", "c-epoll"] as const satisfies Peer[];

interface NetCase {
  readonly name: string;
  readonly about: string;
  readonly mode: Mode;
  readonly connections: number;
  /** Bytes of an operation. */
  readonly size: number;
  /** Bytes of the server's buffer. */
  readonly buffer: number;
  readonly targets?: readonly Target[];
  /** What is measured. Default: the time of all, divided by their number. */
  readonly figure?: "cpu" | "p50" | "p99";
}

/** A case of connections to a server in a process of its own. */
export function netCase(of: NetCase): TimedCase {
  const { name, about, targets = [] } = of;
  const peers = Object.fromEntries(SERVERS.map((peer) => [peer, roundOf(of, peer)]));
  return { name, about, unit: "ns/op", targets, peers };
}

function roundOf({ mode, connections, size, buffer, figure }: NetCase, peer: Peer): Round {
  let load: Promise<Load> | undefined;
  return async (operations, watch) => {
    const server = await serverOf(peer, mode, buffer);
    load ??= connectLoad(server.port, mode, connections, size);
    const before = figure === "cpu" ? server.cpu() : 0;
    const loaded = await (await load).run(operations);
    watch.record((figure === "cpu" ? server.cpu() - before : spent(loaded, operations, figure)) / 1e6);
  };
}

/** A percentile is that of one operation: the harness divides by their number. */
function spent({ ns, p50, p99 }: Loaded, operations: number, figure: "p50" | "p99" | undefined): number {
  return figure === undefined ? ns : (figure === "p50" ? p50 : p99) * operations;
}

/** What an idle connection takes in the server's process. */
export const idleBytes: BytesCase = {
  name: "idle-bytes",
  about: "an idle connection, with a task that waits to read from it",
  unit: "bytes/task",
  tasks: 10_000,
  quickTasks: 2_000,
  targets: [{ peer: "node-net", atMost: 0.5 }],
  // An epoll loop in C keeps nothing in its process.
  weighs: Object.fromEntries(
    SERVERS.filter((peer) => peer !== "c-epoll").map((peer) => [
      peer,
      async (connections: number): Promise<number> => {
        const server = await startServer(peer, "echo", 64);
        // What the first ones bring along, code and pools, is no connection's.
        const first = await connectLoad(server.port, "idle", 200, 0);
        const before = await server.memory();
        const load = await connectLoad(server.port, "idle", connections, 0);
        const bytes = (await server.memory()) - before;
        for (const one of [load, first, server]) one.close();
        return bytes;
      },
    ]),
  ),
};
