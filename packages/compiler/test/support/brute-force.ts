import { allSuccessors, type Block, finalizerOf, type Graph, reachable } from "../../src/graph.ts";
import { endNodes } from "../../src/liveness.ts";
import type { Locals } from "../../src/resolve.ts";
import { usesOf } from "../../src/uses.ts";

/**
 * The variables that are live at each `await`, by the definition: there is a path from it to a read, without an assignment on
 * the way. Walks the paths for each variable by itself, and shares no code with the pass but the graph and what a single
 * statement reads and writes.
 */
export function liveByPaths(graph: Graph, locals: Locals): Map<Block, Set<string>> {
  const found = new Map<Block, Set<string>>();
  for (const block of reachable(graph.entry, graph.blocks)) {
    if (block.end?.kind !== "await") continue;
    const finalizer = finalizerOf(block.region);
    const starts: { readonly to: Block; readonly written: readonly string[] }[] = [
      { to: block.end.to, written: [] },
    ];
    if (block.region !== null) starts.push({ to: block.region.handler, written: [] });
    if (finalizer !== null) starts.push({ to: finalizer.start, written: [finalizer.how, finalizer.what] });
    const live = new Set<string>();
    for (const name of locals.names) {
      if (starts.some(({ to, written }) => !written.includes(name) && isReadFrom(to, name, locals)))
        live.add(name);
    }
    found.set(block, live);
  }
  return found;
}

function isReadFrom(start: Block, name: string, locals: Locals): boolean {
  const seen = new Set<Block>();
  const work = [start];
  for (let block = work.pop(); block !== undefined; block = work.pop()) {
    if (seen.has(block)) continue;
    seen.add(block);
    const next = readIn(block, name, locals);
    if (next === true) return true;
    work.push(...next);
  }
  return false;
}

/** Whether a block reads a variable before it writes it; if it does neither, where to look on. */
function readIn(block: Block, name: string, locals: Locals): true | Block[] {
  const onward: Block[] = block.region === null ? [] : [block.region.handler];
  const steps = [
    ...block.statements.map((node, i) => ({ node, exits: block.exits.get(i) ?? [] })),
    ...endNodes(block).map((node) => ({ node, exits: [] })),
  ];
  for (const { node, exits } of steps) {
    const { reads, writes } = usesOf(node, locals);
    if (reads.has(name)) return true;
    for (const exit of exits) if (!usesOf(exit.statement, locals).writes.has(name)) onward.push(exit.to);
    if (writes.has(name)) return onward;
  }
  const finalizer = block.end?.kind === "await" ? finalizerOf(block.region) : null;
  const all = allSuccessors(block).filter(
    (each) =>
      finalizer === null || each !== finalizer.start || (name !== finalizer.how && name !== finalizer.what),
  );
  const exited = new Set([...block.exits.values()].flat().map(({ to }) => to));
  return [...onward, ...all.filter((each) => !exited.has(each) || block.exits.size === 0)];
}
