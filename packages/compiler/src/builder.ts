import { type AnyNode, b, type Expression, type Identifier, located, type Statement } from "./ast.ts";
import { Block, type Finalizer, type Region } from "./graph.ts";
import type { Names } from "./names.ts";
import type { Locals } from "./resolve.ts";

/** What generated code calls its own variables. */
export interface Machine {
  readonly cx: string;
  readonly frame: string;
  /** Where the code is: a label of the `switch`. */
  readonly at: string;
  /** What the last `await` gave; in a handler, the error. */
  readonly value: string;
}

/** Makes the graph: the block that is being filled, and the region it is in. */
export class Builder {
  readonly names: Names;
  readonly locals: Locals;
  readonly machine: Machine;
  readonly blocks: Block[] = [];
  region: Region | null = null;
  block: Block;
  private exitNumber = 0;

  constructor(names: Names, locals: Locals, machine: Machine) {
    this.names = names;
    this.locals = locals;
    this.machine = machine;
    this.block = new Block(null);
    this.blocks.push(this.block);
  }

  newBlock(note = ""): Block {
    return new Block(this.region, note);
  }

  /** Goes on with `block`, which the current one falls through to if it has no end yet. */
  start(block: Block): void {
    if (this.block.end === null) this.block.end = { kind: "jump", to: block };
    this.block = block;
    this.blocks.push(block);
    this.region = block.region;
  }

  push(statement: Statement): void {
    if (this.block.end !== null) this.start(this.newBlock()); // After a `return`: it cannot be reached.
    this.block.statements.push(statement);
  }

  assign(name: string, value: Expression, at?: AnyNode): void {
    this.push(located(b.statement(located(b.assign(this.locals.use(name), value), at)), at));
  }

  jump(to: Block): void {
    this.block.end ??= { kind: "jump", to };
  }

  branch(test: Expression, yes: Block, no: Block): void {
    this.block.end ??= { kind: "branch", test, yes, no };
  }

  /** A variable for something that has been computed. */
  temp(base = "temp"): string {
    return this.locals.add(this.names.fresh(base));
  }

  /** Computes an expression now, for use later. */
  save(value: Expression, base = "temp"): Identifier {
    const name = this.temp(base);
    this.assign(name, value, value);
    return this.locals.use(name);
  }

  /** What the last `await` gave. It is to be used, or saved, before the next one. */
  value(at?: AnyNode): Identifier {
    return located(b.id(this.machine.value), at);
  }

  /** Suspends if what `call` polls is pending, and goes on with its value. */
  await(call: Expression, at: AnyNode): Identifier {
    const next = this.newBlock();
    this.block.end ??= { kind: "await", call, to: next, at };
    this.start(next);
    return this.value(at);
  }

  /** Something different for each jump that goes through a `finally`. */
  exitName(kind: string): string {
    this.exitNumber++;
    return this.exitNumber === 1 ? kind : `${kind} ${this.exitNumber}`;
  }
}

/** The innermost `finally` that a jump from one region to another, around it, has to go through. */
export function finalizerBetween(from: Region | null, to: Region | null): Finalizer | null {
  for (let at = from; at !== to && at !== null; at = at.outer) if (at.finalizer !== null) return at.finalizer;
  return null;
}
