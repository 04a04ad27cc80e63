import type { AnyNode } from "./ast.ts";
import { allSuccessors, type Block, endTargets, finalizerOf, type Graph, reachable } from "./graph.ts";
import type { Locals } from "./resolve.ts";
import { type Uses, usesOf } from "./uses.ts";

/** A place where the coroutine may wait, or its start, with the variables whose values are needed afterwards. */
export interface State {
  /** The block where it goes on. */
  readonly block: Block;
  /** The `await`; `null` for the start. */
  readonly at: AnyNode | null;
  /** In the order of their first declaration. */
  readonly live: readonly string[];
  /** The states that may come right before this one. */
  readonly before: Set<State>;
}

/** Backward liveness over the graph: what is needed after each place where the coroutine may wait, and nothing else. */
export class Liveness {
  readonly blocks: readonly Block[];
  readonly states: readonly State[];
  /** Variables that are assigned anywhere: what a parameter has at the start is not what it has later. */
  readonly assigned: Set<string> = new Set();
  private readonly liveIn = new Map<Block, Set<string>>();
  private readonly locals: Locals;
  private readonly uses = new Map<AnyNode, Uses>();
  private readonly order: Map<string, number>;

  constructor(graph: Graph, locals: Locals, params: readonly string[]) {
    this.locals = locals;
    this.order = new Map(locals.names.map((name, i) => [name, i]));
    this.blocks = reachable(graph.entry, graph.blocks);
    for (const block of this.blocks) {
      for (const each of [...block.statements, ...endNodes(block)])
        add(this.assigned, this.usesOf(each).mayWrite);
    }
    this.solve();
    // What is not a parameter has no value yet.
    const given = params.filter((each) => this.in(graph.entry).has(each));
    const start: State = this.state(graph.entry, null, new Set(given));
    const waits = new Map<Block, State>();
    for (const block of this.blocks) {
      if (block.end?.kind !== "await") continue;
      waits.set(block, this.state(block.end.to, block.end.at, this.liveAtAwait(block)));
    }
    this.states = [start, ...waits.values()];
    this.reach([graph.entry], start, waits);
    for (const [block, state] of waits) this.reach(this.next(block), state, waits);
  }

  private state(block: Block, at: AnyNode | null, live: ReadonlySet<string>): State {
    const sorted = [...live].sort((a, c) => (this.order.get(a) ?? 0) - (this.order.get(c) ?? 0));
    return { block, at, live: sorted, before: new Set() };
  }

  private in(block: Block): ReadonlySet<string> {
    return this.liveIn.get(block) ?? new Set();
  }

  /** After the value has come, after an error, and after a cancel. */
  private liveAtAwait(block: Block): Set<string> {
    const live = new Set<string>();
    if (block.end?.kind !== "await") return live;
    add(live, this.in(block.end.to));
    if (block.region !== null) add(live, this.in(block.region.handler));
    const finalizer = finalizerOf(block.region);
    if (finalizer !== null) {
      for (const each of this.in(finalizer.start)) {
        if (each !== finalizer.how && each !== finalizer.what) live.add(each);
      }
    }
    return live;
  }

  private usesOf(node: AnyNode): Uses {
    let uses = this.uses.get(node);
    if (uses === undefined) {
      uses = usesOf(node, this.locals);
      this.uses.set(node, uses);
    }
    return uses;
  }

  private solve(): void {
    let changed = true;
    while (changed) {
      changed = false;
      for (const block of this.blocks.toReversed()) {
        const live = this.before(block);
        const known = this.liveIn.get(block);
        if (known?.size === live.size) continue;
        this.liveIn.set(block, live);
        changed = true;
      }
    }
  }

  private before(block: Block): Set<string> {
    // An error may come at any moment: what its handler needs is needed throughout.
    const handler = block.region === null ? new Set<string>() : this.in(block.region.handler);
    const live = new Set<string>();
    if (block.end?.kind === "await") add(live, this.liveAtAwait(block));
    else for (const next of endTargets(block)) add(live, this.in(next));
    add(live, handler);
    for (const each of endNodes(block).toReversed()) this.step(live, each, handler);
    for (let i = block.statements.length - 1; i >= 0; i--) {
      const statement = block.statements[i];
      if (statement === undefined) continue;
      const exits = block.exits.get(i) ?? [];
      const targets = exits.map((each) => this.in(each.to));
      const { reads, writes } = this.usesOf(statement);
      for (const name of writes) live.delete(name);
      for (const [n, exit] of exits.entries()) {
        const written = this.usesOf(exit.statement).writes;
        for (const name of targets[n] ?? []) if (!written.has(name)) live.add(name);
      }
      add(live, reads);
      add(live, handler);
    }
    return live;
  }

  private step(live: Set<string>, node: AnyNode, handler: ReadonlySet<string>): void {
    const { reads, writes } = this.usesOf(node);
    for (const name of writes) live.delete(name);
    add(live, reads);
    add(live, handler);
  }

  /** Finds the states that may follow `from`, which goes on in one of `starts`: an `await` need not wait. */
  private reach(starts: readonly Block[], from: State, waits: ReadonlyMap<Block, State>): void {
    const seen = new Set(starts);
    for (const block of seen) {
      waits.get(block)?.before.add(from);
      for (const each of this.next(block)) seen.add(each);
    }
  }

  private readonly successors = new Map<Block, readonly Block[]>();

  private next(block: Block): readonly Block[] {
    let next = this.successors.get(block);
    if (next === undefined) {
      next = [...new Set(allSuccessors(block))];
      this.successors.set(block, next);
    }
    return next;
  }
}

/** The expressions that are evaluated at a block's end. */
export function endNodes(block: Block): AnyNode[] {
  const { end } = block;
  switch (end?.kind) {
    case "branch":
      return [end.test];
    case "switch":
      return [end.discriminant, ...end.cases.flatMap((each) => (each.test ? [each.test] : []))];
    case "await":
      return [end.call];
    case "return":
    case "throw":
      return end.argument === null ? [] : [end.argument];
    default:
      return [];
  }
}

function add(to: Set<string>, from: Iterable<string>): void {
  for (const each of from) to.add(each);
}
