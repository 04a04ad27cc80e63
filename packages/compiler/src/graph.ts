import type { AnyNode, Expression, Statement } from "./ast.ts";

/** How a block ends. */
export type End =
  | { readonly kind: "jump"; readonly to: Block }
  | { readonly kind: "branch"; readonly test: Expression; readonly yes: Block; readonly no: Block }
  | {
      readonly kind: "switch";
      readonly discriminant: Expression;
      readonly cases: readonly { readonly test: Expression | null; readonly to: Block }[];
      /** Where to go on if no case fits and there is no default. */
      readonly otherwise: Block;
    }
  | { readonly kind: "await"; readonly call: Expression; readonly to: Block; readonly at: AnyNode }
  | { readonly kind: "return"; readonly argument: Expression | null }
  | { readonly kind: "throw"; readonly argument: Expression };

/** A jump out of a statement that stays as it was written. */
export interface SideExit {
  readonly to: Block;
  /** The statement, which is filled in when it is known what number `to` gets. */
  readonly statement: Extract<Statement, { type: "BlockStatement" }>;
  /** Whether a loop of the source's is around, that a plain `continue` would go on with. */
  readonly inLoop: boolean;
}

/** A part of the code that is protected by a `catch` or a `finally`. */
export interface Region {
  readonly kind: "catch" | "finally";
  readonly outer: Region | null;
  /** Where an error goes; it is in the variable for values there. */
  readonly handler: Block;
  /** For a `finally`: where its own code begins, and its completion record. */
  readonly finalizer: Finalizer | null;
}

export interface Finalizer {
  readonly start: Block;
  /** Variables: how the protected part ended, and with what. */
  readonly how: string;
  readonly what: string;
}

/** Statements that are executed one after the other, and then a decision. */
export class Block {
  readonly statements: Statement[] = [];
  /** By the index of the statement that has them. */
  readonly exits: Map<number, SideExit[]> = new Map();
  end: End | null = null;
  readonly region: Region | null;
  /** Said in the generated code where it stands: `loop`, `catch`. */
  note: string;
  /** Its number in the generated `switch`, if something jumps to it or resumes it. */
  label: number | null = null;

  constructor(region: Region | null, note = "") {
    this.region = region;
    this.note = note;
  }
}

export interface Graph {
  readonly entry: Block;
  /** In the order of the source. */
  readonly blocks: readonly Block[];
}

/** The blocks that a block's own end leads to. */
export function endTargets(block: Block): Block[] {
  const { end } = block;
  switch (end?.kind) {
    case "jump":
    case "await":
      return [end.to];
    case "branch":
      return [end.yes, end.no];
    case "switch":
      return [...end.cases.map((each) => each.to), end.otherwise];
    default:
      return [];
  }
}

/** Where a block may lead, by its end or by an exit; without errors and cancels. */
export function successors(block: Block): Block[] {
  const exits = [...block.exits.values()].flat().map((each) => each.to);
  return [...endTargets(block), ...exits];
}

/** The innermost `finally` around a region: what a cancel goes through first. */
export function finalizerOf(region: Region | null): Finalizer | null {
  for (let at = region; at !== null; at = at.outer) if (at.finalizer !== null) return at.finalizer;
  return null;
}

/** All that may follow a block: its ends, an error to its handler, and a cancel while it awaits. */
export function allSuccessors(block: Block): Block[] {
  const all = successors(block);
  if (block.region !== null) all.push(block.region.handler);
  if (block.end?.kind === "await") {
    const finalizer = finalizerOf(block.region);
    if (finalizer !== null) all.push(finalizer.start);
  }
  return all;
}

/** What can be reached from the entry, in the order of the source. */
export function reachable(entry: Block, blocks: readonly Block[]): Block[] {
  const found = new Set<Block>([entry]);
  for (const block of found) for (const next of allSuccessors(block)) found.add(next);
  return blocks.filter((each) => found.has(each));
}
