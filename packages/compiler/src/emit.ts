import {
  type AnyNode,
  b,
  type Expression,
  eachChild,
  type Identifier,
  located,
  type Statement,
} from "./ast.ts";
import type { Machine } from "./builder.ts";
import type { Comments } from "./comments.ts";
import { allSuccessors, type Block, finalizerOf, type Graph } from "./graph.ts";
import type { Liveness, State } from "./liveness.ts";
import type { Names } from "./names.ts";
import type { Locals } from "./resolve.ts";
import { assignSlots, type Layout } from "./slots.ts";

/** What the emitter is given of one coroutine. */
export interface Emission {
  readonly graph: Graph;
  readonly liveness: Liveness;
  readonly locals: Locals;
  readonly names: Names;
  readonly machine: Machine;
  readonly params: readonly string[];
  /** The class of a frame with so many slots. */
  readonly frameClass: (slots: number) => Identifier;
  /** The constant that all frames of the coroutine share. */
  readonly code: string;
  /** Nobody calls the code of a closure without a frame. */
  readonly isClosure: boolean;
  readonly comments: Comments;
  /** Whether to say at each state which variables are live. */
  readonly explain: boolean;
  /** The text of a node as it was written. */
  readonly text: (node: AnyNode) => string;
  readonly lineOf: (node: AnyNode) => number;
}

/** A label of the generated `switch`, and the place of the source that waits there. */
export interface EmittedState {
  readonly label: number;
  readonly at: AnyNode;
  readonly live: readonly string[];
  /** The slot of each live variable. */
  readonly slots: readonly number[];
}

export interface Emitted {
  readonly body: Statement[];
  readonly slots: number;
  /** The start's live variables, in the order of their slots; `null` where a slot is empty at the start. */
  readonly startSlots: readonly (string | null)[];
  readonly states: readonly EmittedState[];
  /** Whether a cancel has a `finally` to go through. */
  readonly hasFinally: boolean;
}

/** Statements at one place of the generated `switch`. */
interface Placed {
  readonly block: Block;
  readonly statements: Statement[];
}

/** Writes the graph as a `switch` in a loop, with what is restored from the frame at the start and stored at a suspend. */
export function emit(emission: Emission): Emitted {
  return new Emitter(emission).emit();
}

class Emitter {
  private readonly e: Emission;
  private readonly blocks: readonly Block[];
  private readonly layouts: Map<State, Layout>;
  /** By the block where it goes on. */
  private readonly resumes = new Map<Block, State>();
  private readonly stateAt = new Map<Block, State>();
  private readonly size: number;
  private readonly predecessors = new Map<Block, Set<Block>>();
  private readonly handlers = new Set<Block>();
  private readonly inlined = new Set<Block>();
  /** Numbers in the code that are known only when all of it is placed. */
  private readonly references = new Map<Block, { value?: unknown }[]>();
  private readonly hasRegions: boolean;
  private readonly hasFinally: boolean;
  private readonly trap: string;
  private readonly resumed: string;
  private readonly leaving: string;
  private needsLoop = false;
  private readonly loopLabel: string;
  private usesLoopLabel = false;

  constructor(emission: Emission) {
    this.e = emission;
    this.blocks = emission.liveness.blocks;
    const { size, layouts } = assignSlots(emission.liveness.states, emission.liveness.assigned);
    this.size = size;
    this.layouts = layouts;
    const waiting = this.blocks.filter((each) => each.end?.kind === "await");
    for (const [i, block] of waiting.entries()) {
      const state = emission.liveness.states[i + 1];
      if (state === undefined || block.end?.kind !== "await") continue;
      this.stateAt.set(block, state);
      this.resumes.set(block.end.to, state);
    }
    for (const { region } of this.blocks) if (region !== null) this.handlers.add(this.target(region.handler));
    this.hasRegions = this.blocks.some((each) => each.region !== null);
    this.hasFinally = waiting.some((each) => finalizerOf(each.region) !== null);
    const { names } = emission;
    this.trap = this.hasRegions ? names.fresh("trap") : "";
    this.resumed = this.hasRegions && waiting.length > 0 ? names.fresh("resumed") : "";
    this.leaving = this.hasFinally ? names.fresh("leaving") : "";
    this.loopLabel = names.fresh("machine");
    for (const block of this.blocks) {
      for (const next of allSuccessors(block)) {
        const known = this.predecessors.get(next) ?? new Set();
        known.add(block);
        this.predecessors.set(next, known);
      }
    }
  }

  emit(): Emitted {
    const order = this.order();
    const placed = order.map((block, i): Placed => ({ block, statements: this.place(block, order[i + 1]) }));
    const states = this.e.liveness.states;
    const start = states[0];
    this.reference(this.e.graph.entry);
    for (const block of this.stateAt.keys()) if (block.end?.kind === "await") this.reference(block.end.to);
    const preamble = this.preamble();
    this.number(placed);
    const startLayout = start && this.layouts.get(start);
    const startSlots = Array.from({ length: this.size }, (_, slot) => {
      for (const [name, at] of startLayout?.slotOf ?? []) if (at === slot) return name;
      return null;
    });
    while (startSlots.at(-1) === null) startSlots.pop();
    return {
      body: [...this.declarations(placed), ...preamble, ...this.machine(placed)],
      slots: this.size,
      startSlots,
      states: this.emittedStates(),
      hasFinally: this.hasFinally,
    };
  }

  private emittedStates(): EmittedState[] {
    return [...this.stateAt].flatMap(([block, state]) => {
      if (block.end?.kind !== "await") return [];
      const slotOf = this.layouts.get(state)?.slotOf;
      return [
        {
          label: block.end.to.label ?? 0,
          at: block.end.at,
          live: state.live,
          slots: state.live.map((name) => slotOf?.get(name) ?? 0),
        },
      ];
    });
  }

  /** An empty block that only jumps is not come to: what jumps to it jumps on. */
  private target(block: Block): Block {
    const seen = new Set<Block>();
    let at = block;
    while (at.statements.length === 0 && at.end?.kind === "jump" && !seen.has(at)) {
      seen.add(at);
      at = at.end.to;
    }
    return at;
  }

  /** The blocks that get a place of their own, in the order of the source. */
  private order(): Block[] {
    const entry = this.target(this.e.graph.entry);
    const needed = new Set<Block>([entry]);
    for (const block of needed) {
      for (const next of allSuccessors(block)) needed.add(this.target(next));
      if (block.end?.kind === "await") needed.add(block.end.to); // Its number says where the frame waits.
    }
    const candidates = this.blocks.filter((each) => needed.has(each));
    if (entry !== this.e.graph.entry && !needed.has(this.e.graph.entry))
      candidates.unshift(this.e.graph.entry);
    for (const [i, block] of candidates.entries()) {
      if (block.end?.kind !== "branch") continue;
      for (const each of [block.end.yes, block.end.no]) {
        const to = this.target(each);
        const goesOn = to === candidates[i + 1] && to.end?.kind === "jump";
        if (!goesOn && this.isShort(to, block)) this.inlined.add(to);
      }
    }
    return candidates.filter((each) => !this.inlined.has(each));
  }

  /** A few statements that one branch alone leads to, and that leave: they are written where the branch is. */
  private isShort(block: Block, from: Block): boolean {
    if (block.region !== from.region || block.statements.length > 2 || block === from) return false;
    if (this.predecessorsThrough(block).size !== 1) return false;
    // A statement that leaves for it needs a place to go to.
    for (const exits of from.exits.values())
      if (exits.some(({ to }) => this.target(to) === block)) return false;
    const kind = block.end?.kind;
    return kind === "return" || kind === "throw" || kind === "jump";
  }

  private place(block: Block, next: Block | undefined): Statement[] {
    return [...this.enterRegion(block), ...this.content(block, next)];
  }

  private content(block: Block, next: Block | undefined): Statement[] {
    for (const exit of [...block.exits.values()].flat()) {
      exit.statement.body.push(...this.jump(this.target(exit.to), exit.inLoop));
    }
    return [...block.statements, ...this.end(block, next)];
  }

  private isNext(block: Block, next: Block | undefined): boolean {
    return next !== undefined && this.target(block) === this.target(next) && this.target(block) === next;
  }

  private end(block: Block, next: Block | undefined): Statement[] {
    const { end } = block;
    switch (end?.kind) {
      case "jump":
        return this.isNext(end.to, next) ? [] : this.goTo(end.to);
      case "branch": {
        if (this.target(end.yes) === this.target(end.no) && isPlainTest(end.test)) {
          return this.isNext(end.no, next) ? [] : this.goTo(end.no);
        }
        if (this.isNext(end.no, next)) return [b.if(end.test, grouped(this.goTo(end.yes)))];
        const no = b.if(negated(end.test), grouped(this.goTo(end.no)));
        return this.isNext(end.yes, next) ? [no] : [no, ...this.goTo(end.yes)];
      }
      case "switch": {
        const cases = end.cases.map(
          ({ test, to }): Extract<AnyNode, { type: "SwitchCase" }> => ({
            type: "SwitchCase",
            test,
            consequent: this.jump(this.target(to)),
            start: 0,
            end: 0,
          }),
        );
        const statement: Statement = {
          type: "SwitchStatement",
          discriminant: end.discriminant,
          cases,
          start: 0,
          end: 0,
        };
        return this.isNext(end.otherwise, next) ? [statement] : [statement, ...this.goTo(end.otherwise)];
      }
      case "await":
        return this.suspend(block, end.call, end.at);
      case "throw":
        return [located(b.throw(end.argument), end.argument)];
      case "return":
        return [located(b.return(end.argument), end.argument ?? undefined)];
      default:
        return [];
    }
  }

  private goTo(block: Block): Statement[] {
    const to = this.target(block);
    return this.inlined.has(to) ? this.content(to, undefined) : this.jump(to);
  }

  private jump(to: Block, inLoop = false): Statement[] {
    this.needsLoop = true;
    if (inLoop) this.usesLoopLabel = true;
    return [
      b.statement(b.assign(b.id(this.e.machine.at), this.reference(to))),
      b.continue(inLoop ? this.loopLabel : null),
    ];
  }

  /** The number that a block will have. */
  private reference(block: Block): Expression {
    const literal: Extract<Expression, { type: "Literal" }> = { type: "Literal", value: 0, start: 0, end: 0 };
    const known = this.references.get(block) ?? [];
    known.push(literal);
    this.references.set(block, known);
    return literal;
  }

  private number(placed: readonly Placed[]): void {
    let label = 0;
    for (const { block } of placed) {
      const references = this.references.get(block);
      if (references === undefined) continue;
      block.label = label++;
      for (const each of references) each.value = block.label;
    }
  }

  private trapOf(block: Block): Block | null {
    return block.region === null ? null : this.target(block.region.handler);
  }

  private enterRegion(block: Block): Statement[] {
    if (!this.hasRegions) return [];
    const own = this.trapOf(block);
    const isHandler = this.handlers.has(block);
    const before = [...this.predecessorsThrough(block)];
    if (!isHandler && before.every((each) => this.trapOf(each) === own) && block !== this.e.graph.entry)
      return [];
    if (block === this.e.graph.entry && own === null && before.length === 0) return [];
    return [this.setTrap(own)];
  }

  /** Those that come to a block, by way of empty ones too. */
  private predecessorsThrough(block: Block): Set<Block> {
    const found = new Set<Block>();
    const work = [block];
    const seen = new Set(work);
    for (const at of work) {
      for (const each of this.predecessors.get(at) ?? []) {
        const isPlaced = this.target(each) === each || each === this.e.graph.entry;
        if (isPlaced) found.add(each);
        else if (!seen.has(each)) {
          seen.add(each);
          work.push(each);
        }
      }
    }
    return found;
  }

  private setTrap(handler: Block | null): Statement {
    const label = handler === null ? b.literal(0) : this.reference(handler);
    return b.statement(b.assign(b.id(this.trap), label));
  }

  private slot(n: number): Expression {
    return b.member(b.id(this.e.machine.frame), slotName(n));
  }

  private suspend(block: Block, call: Expression, at: AnyNode): Statement[] {
    const { machine, names, locals, comments } = this.e;
    const state = this.stateAt.get(block);
    const layout = state && this.layouts.get(state);
    if (state === undefined || layout === undefined || block.end?.kind !== "await") return [];
    const frame = b.id(machine.frame);
    const store: Statement[] = [];
    if (!this.e.isClosure) {
      const create = b.new(
        this.e.frameClass(this.size),
        b.id(this.e.code),
        ...this.firstArguments(state, layout),
      );
      store.push(b.statement(b.assign(frame, create, "??=")));
    }
    store.push(b.statement(b.assign(b.member(frame, "at"), this.reference(block.end.to))));
    for (const name of layout.stores) {
      const slot = this.slot(layout.slotOf.get(name) ?? 0) as Extract<AnyNode, { type: "MemberExpression" }>;
      store.push(b.statement(b.assign(slot, locals.use(name))));
    }
    for (const slot of layout.clears) {
      const place = this.slot(slot) as Extract<AnyNode, { type: "MemberExpression" }>;
      store.push(b.statement(b.assign(place, b.undefined())));
    }
    store.push(b.return(b.call(b.member(frame, "suspend"), b.id(machine.cx))));
    const poll = located(b.assign(b.id(machine.value), located(call, at)), at);
    const wait = located(b.if(b.binary(poll, "===", names.pending()), b.block(store)), at);
    comments.before(wait, `${this.e.text(at)}`);
    return [wait];
  }

  /** The parameters that a frame that is made only now has to be given, since they are not stored again. */
  private firstArguments(state: State, layout: Layout): Expression[] {
    const [start] = this.e.liveness.states;
    const startLayout = start && this.layouts.get(start);
    if (startLayout === undefined) return [];
    const args: Expression[] = [];
    for (const [name, slot] of startLayout.slotOf) {
      const kept = state.live.includes(name) && !layout.stores.includes(name);
      args[slot] = kept ? this.e.locals.use(name) : b.undefined();
    }
    const all = Array.from(args, (each) => each ?? b.undefined());
    while (all.at(-1)?.type === "UnaryExpression") all.pop();
    return all;
  }

  /** Where the code goes on with a frame: its variables are restored, and what it waits for is polled. */
  private preamble(): Statement[] {
    const { machine, names, liveness } = this.e;
    const frame = b.id(machine.frame);
    const at = b.id(machine.at);
    const isWaiting = this.stateAt.size > 0;
    const poll = (): Statement =>
      b.if(
        b.binary(
          b.assign(
            b.id(machine.value),
            b.call(b.member(b.member(frame, "awaited"), "awaitIn"), b.id(machine.cx)),
          ),
          "===",
          names.pending(),
        ),
        b.return(b.call(b.member(frame, "suspend"), b.id(machine.cx))),
      );
    const start = liveness.states[0];
    if (!isWaiting) {
      const restore = start === undefined ? [] : this.restore(start);
      return restore.length === 0 ? [] : [b.if(b.binary(frame, "!==", b.literal(null)), grouped(restore))];
    }
    const statements: Statement[] = [b.statement(b.assign(at, b.member(frame, "at")))];
    if (this.hasFinally) {
      statements.push(
        b.if(
          b.binary(at, "<", b.literal(0)),
          b.block([
            b.statement(b.assign(b.id(this.leaving), b.literal(true))),
            b.statement(
              b.assign(at, {
                type: "UnaryExpression",
                operator: "-",
                prefix: true,
                argument: at,
                start: 0,
                end: 0,
              }),
            ),
          ]),
        ),
      );
    }
    if (!this.hasRegions) {
      const wait = poll() as Extract<Statement, { type: "IfStatement" }>;
      const test: Expression = {
        type: "LogicalExpression",
        operator: "&&",
        left: b.binary(at, "!==", b.literal(0)),
        right: wait.test,
        start: 0,
        end: 0,
      };
      statements.push({ ...wait, test });
    } else {
      const isResumed = b.binary(at, "!==", b.literal(0));
      const notLeaving: Expression = this.hasFinally
        ? {
            type: "LogicalExpression",
            operator: "&&",
            left: b.not(b.id(this.leaving)),
            right: isResumed,
            start: 0,
            end: 0,
          }
        : isResumed;
      statements.push(b.statement(b.assign(b.id(this.resumed), notLeaving)));
    }
    const cases = [
      ...(start === undefined ? [] : [this.restoreCase(start, this.e.graph.entry)]),
      ...[...this.stateAt].map(([block, state]) =>
        this.restoreCase(state, block.end?.kind === "await" ? block.end.to : block),
      ),
    ].filter((each) => each.consequent.length > 1);
    if (cases.length > 0) {
      statements.push({ type: "SwitchStatement", discriminant: at, cases, start: 0, end: 0 });
    }
    if (this.hasFinally) statements.push(this.leave());
    return [b.if(b.binary(frame, "!==", b.literal(null)), b.block(statements))];
  }

  private restoreCase(state: State, block: Block): Extract<AnyNode, { type: "SwitchCase" }> {
    const consequent = [...this.restore(state), ...this.restoreTrap(block, state), breakStatement()];
    const node: Extract<AnyNode, { type: "SwitchCase" }> = {
      type: "SwitchCase",
      test: this.reference(block),
      consequent,
      start: 0,
      end: 0,
    };
    return node;
  }

  private restoreTrap(block: Block, state: State): Statement[] {
    if (!this.hasRegions || state.at === null) return [];
    const own = this.trapOf(block);
    return own === null ? [] : [this.setTrap(own)];
  }

  private restore(state: State): Statement[] {
    const slotOf = this.layouts.get(state)?.slotOf;
    return state.live.map((name) =>
      b.statement(b.assign(this.e.locals.use(name), this.slot(slotOf?.get(name) ?? 0))),
    );
  }

  /** A cancel goes to the innermost `finally`, as if the line that waits had executed `return`. */
  private leave(): Statement {
    const { machine, locals } = this.e;
    const byFinally = new Map<Block, Block[]>();
    for (const block of this.stateAt.keys()) {
      const finalizer = finalizerOf(block.region);
      if (finalizer === null || block.end?.kind !== "await") continue;
      const known = byFinally.get(finalizer.start) ?? [];
      known.push(block);
      byFinally.set(finalizer.start, known);
    }
    const cases: Extract<AnyNode, { type: "SwitchCase" }>[] = [];
    for (const [start, blocks] of byFinally) {
      const finalizer = finalizerOf(blocks[0]?.region ?? null);
      if (finalizer === null) continue;
      for (const [i, block] of blocks.entries()) {
        const isLast = i === blocks.length - 1;
        cases.push({
          type: "SwitchCase",
          test: this.reference(block.end?.kind === "await" ? block.end.to : block),
          consequent: isLast
            ? [
                b.statement(b.assign(locals.use(finalizer.how), b.literal("return"))),
                b.statement(b.assign(locals.use(finalizer.what), b.undefined())),
                b.statement(b.assign(b.id(machine.at), this.reference(this.target(start)))),
                breakStatement(),
              ]
            : [],
          start: 0,
          end: 0,
        });
      }
    }
    cases.push({ type: "SwitchCase", test: null, consequent: [b.return(null)], start: 0, end: 0 });
    const statement: Statement = {
      type: "SwitchStatement",
      discriminant: b.id(machine.at),
      cases,
      start: 0,
      end: 0,
    };
    const leave = b.if(b.id(this.leaving), b.block([statement]));
    this.e.comments.before(
      leave,
      "Cancelled: the `finally` to go through, as if the line had executed `return`.",
    );
    return leave;
  }

  /** The variables of the generated function. */
  private declarations(placed: readonly Placed[]): Statement[] {
    const { machine, locals, params } = this.e;
    const used = new Set<string>();
    const find = (node: AnyNode): void => {
      if (locals.has(node)) used.add(node.name);
      eachChild(node, find);
    };
    for (const { statements } of placed) for (const each of statements) find(each);
    const own = locals.names.filter((name) => used.has(name) && !params.includes(name));
    const machineNames: [string, Expression | null][] = [];
    if (this.needsSwitch(placed)) machineNames.push([machine.at, b.literal(0)]);
    if (this.hasRegions) machineNames.push([this.trap, b.literal(0)]);
    if (this.resumed !== "") machineNames.push([this.resumed, b.literal(false)]);
    if (this.hasFinally) machineNames.push([this.leaving, b.literal(false)]);
    if (this.stateAt.size > 0 || this.hasRegions) machineNames.push([machine.value, null]);
    const statement = (entries: [string, Expression | null][]): Statement[] =>
      entries.length === 0
        ? []
        : [
            {
              type: "VariableDeclaration",
              kind: "let",
              declarations: entries.map(([name, init]) => ({
                type: "VariableDeclarator",
                id: b.id(name),
                init,
                start: 0,
                end: 0,
              })),
              start: 0,
              end: 0,
            },
          ];
    return [...statement(own.map((name) => [name, null])), ...statement(machineNames)];
  }

  private needsSwitch(placed: readonly Placed[]): boolean {
    return this.needsLoop || this.hasRegions || placed.some(({ block }) => (block.label ?? 0) > 0);
  }

  private machine(placed: readonly Placed[]): Statement[] {
    if (!this.needsSwitch(placed)) return placed.flatMap(({ statements }) => statements);
    const cases: Extract<AnyNode, { type: "SwitchCase" }>[] = [];
    for (const { block, statements } of placed) {
      if (block.label === null) cases.at(-1)?.consequent.push(...statements);
      else {
        const node: Extract<AnyNode, { type: "SwitchCase" }> = {
          type: "SwitchCase",
          test: b.literal(block.label),
          consequent: statements,
          start: 0,
          end: 0,
        };
        this.comment(node, block);
        cases.push(node);
      }
    }
    const dispatch: Statement = {
      type: "SwitchStatement",
      discriminant: b.id(this.e.machine.at),
      cases,
      start: 0,
      end: 0,
    };
    if (!this.needsLoop && !this.hasRegions) return [dispatch];
    const body = this.hasRegions ? this.guarded(dispatch) : dispatch;
    const loop: Statement = { type: "WhileStatement", test: b.literal(true), body, start: 0, end: 0 };
    return [
      this.usesLoopLabel
        ? { type: "LabeledStatement", label: b.id(this.loopLabel), body: loop, start: 0, end: 0 }
        : loop,
    ];
  }

  private comment(node: AnyNode, block: Block): void {
    const notes: string[] = [];
    const state = this.resumes.get(block);
    if (state?.at) {
      const live = this.e.explain ? `; live: ${state.live.join(", ") || "nothing"}` : "";
      notes.push(`resumed in line ${this.e.lineOf(state.at)}${live}`);
    }
    if (notes.length === 0 && block.note !== "") notes.push(block.note);
    if (notes.length > 0) this.e.comments.before(node, notes.join(", "));
  }

  private guarded(dispatch: Statement): Statement {
    const { machine, names } = this.e;
    const frame = b.id(machine.frame);
    const error = b.id(names.fresh("error"));
    const body: Statement[] = [];
    if (this.resumed !== "") {
      body.push(
        b.if(
          b.id(this.resumed),
          b.block([
            b.statement(b.assign(b.id(this.resumed), b.literal(false))),
            b.if(
              b.binary(
                b.assign(
                  b.id(machine.value),
                  b.call(b.member(b.member(frame, "awaited"), "awaitIn"), b.id(machine.cx)),
                ),
                "===",
                names.pending(),
              ),
              b.return(b.call(b.member(frame, "suspend"), b.id(machine.cx))),
            ),
          ]),
        ),
      );
    }
    return {
      type: "TryStatement",
      block: b.block([...body, dispatch]),
      handler: {
        type: "CatchClause",
        param: error,
        body: b.block([
          b.if(b.binary(b.id(this.trap), "===", b.literal(0)), b.throw(error)),
          b.statement(b.assign(b.id(machine.at), b.id(this.trap))),
          b.statement(b.assign(b.id(machine.value), error)),
        ]),
        start: 0,
        end: 0,
      },
      finalizer: null,
      start: 0,
      end: 0,
    };
  }
}

/** What a slot of a frame is called. */
export function slotName(n: number): string {
  return `s${n}`;
}

function grouped(statements: Statement[]): Statement {
  const [only] = statements;
  return statements.length === 1 && only !== undefined ? only : b.block(statements);
}

function negated(test: Expression): Expression {
  return test.type === "UnaryExpression" && test.operator === "!" ? test.argument : b.not(test);
}

/** A comparison that does nothing else. */
function isPlainTest(test: Expression): boolean {
  return test.type === "BinaryExpression" && test.left.type === "Identifier" && test.right.type === "Literal";
}

function breakStatement(): Statement {
  return { type: "BreakStatement", label: null, start: 0, end: 0 };
}
