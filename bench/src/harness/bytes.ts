import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BytesCase, Peer, Weigh } from "./case.ts";
import type { Plan } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { inTurn } from "./rounds.ts";

const run = promisify(execFile);

const CHILD = fileURLToPath(new URL("./bytes-child.js", import.meta.url));

/** Room for a million tasks of the heaviest peer. */
const HEAP_MB = 12_288;

/**
 * Weighs the suspended tasks of each peer.
 *
 * @returns bytes for one task, a sample each weighing
 */
export async function weigh(
  of: BytesCase,
  peers: ReadonlyMap<Peer, Weigh>,
  plan: Plan,
  progress: Progress,
): Promise<Map<Peer, number[]>> {
  const tasks = plan.quick ? of.quickTasks : of.tasks;
  const samples = new Map<Peer, number[]>([...peers.keys()].map((peer) => [peer, []]));
  for (let turn = 0; turn < plan.weighings; turn++) {
    progress.show(`${of.name}: ${turn + 1} of ${plan.weighings}`);
    const weighPeer = async ([peer, weigh]: [Peer, Weigh]): Promise<void> => {
      samples.get(peer)?.push((await weigh(tasks)) / tasks);
    };
    // How fast it goes does not matter here; that all fit into memory does.
    if (plan.quick) await Promise.all([...peers].map(weighPeer));
    else for (const peer of inTurn([...peers], turn)) await weighPeer(peer);
  }
  return samples;
}

/** Weighs in a process of its own, so that no peer finds the memory that another has left. */
export function inChild(suite: string, name: string, peer: Peer): Weigh {
  return async (tasks) => {
    const flags = ["--expose-gc", `--max-old-space-size=${HEAP_MB}`];
    const { stdout } = await run(process.execPath, [...flags, CHILD, suite, name, peer, String(tasks)]);
    const bytes = Number.parseFloat(stdout);
    if (Number.isNaN(bytes)) throw new Error(`weighing ${peer} in ${name} gave ${JSON.stringify(stdout)}`);
    return bytes;
  };
}
