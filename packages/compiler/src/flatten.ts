import {
  type AnyNode,
  b,
  type Expression,
  isFunction,
  isLoop,
  located,
  mapChildren,
  type Pattern,
  type Statement,
  suspends,
} from "./ast.ts";
import { Builder, finalizerBetween, type Machine } from "./builder.ts";
import { Expressions } from "./explode.ts";
import type { Form } from "./form.ts";
import { Block, type Finalizer, type Graph, type Region, type SideExit } from "./graph.ts";
import type { Names } from "./names.ts";
import type { Resolved } from "./resolve.ts";

/** What `break` and `continue` can mean at some place. */
interface Target {
  readonly labels: readonly string[];
  readonly breakTo: Block;
  /** `null` for what is not a loop. */
  readonly continueTo: Block | null;
  /** A plain `break` means the nearest loop or `switch`, not a labelled block. */
  readonly isPlain: boolean;
  readonly region: Region | null;
}

/** The jumps through a `finally`: what it goes on with, by how the protected part ended. */
interface Exits {
  readonly jumps: { readonly how: string; readonly to: Block; readonly region: Region | null }[];
  /** A `return` of a value; without one only a cancel ends so, and nobody is given anything. */
  returns: AnyNode | null;
}

/** Turns a coroutine's code into a graph. A statement in which nothing suspends stays as it is. */
export function flatten(resolved: Resolved, names: Names, machine: Machine, form: Form): Graph {
  return new Flattener(resolved, names, machine, form).flatten();
}

class Flattener {
  private readonly to: Builder;
  private readonly expressions: Expressions;
  private readonly form: Form;
  private readonly body: readonly Statement[];
  private readonly targets: Target[] = [];
  private readonly exits = new Map<Finalizer, Exits>();
  /** Where an `async` coroutine comes to an end with a value that it may have to wait for. */
  private adoption: {
    readonly block: Block;
    readonly result: string;
    readonly at: AnyNode | undefined;
  } | null = null;

  constructor(resolved: Resolved, names: Names, machine: Machine, form: Form) {
    this.to = new Builder(names, resolved.locals, machine);
    this.form = form;
    this.body = resolved.body;
    this.expressions = new Expressions(this.to, form, (statement) => this.statement(statement));
  }

  flatten(): Graph {
    const entry = this.to.block;
    for (const each of this.body) this.statement(each);
    this.to.block.end ??= { kind: "return", argument: null };
    if (this.adoption !== null) this.adopt(this.adoption.block, this.adoption.result, this.adoption.at);
    return { entry, blocks: this.to.blocks };
  }

  private statement(node: Statement, labels: readonly string[] = []): void {
    switch (node.type) {
      // What leaves is a jump, also where nothing suspends.
      case "ReturnStatement":
        this.return(node);
        return;
      case "ThrowStatement": {
        const argument = this.expressions.take(node.argument);
        this.to.block.end ??= { kind: "throw", argument };
        this.to.start(this.to.newBlock());
        return;
      }
      case "BreakStatement":
      case "ContinueStatement": {
        const target = this.targetOf(node);
        if (target !== null) this.leaveTo(target.to, target.region, target.how);
        this.to.start(this.to.newBlock());
        return;
      }
      case "EmptyStatement":
        return;
    }
    if (!suspends(node)) {
      if (node.type === "BlockStatement" && !node.body.some(isDeclaration)) {
        for (const each of node.body) this.statement(each);
      } else this.asWritten(node);
      return;
    }
    switch (node.type) {
      case "ExpressionStatement":
        this.expressions.effect(node.expression);
        return;
      case "BlockStatement":
        for (const each of node.body) this.statement(each);
        return;
      case "IfStatement":
        this.if(node);
        return;
      case "LabeledStatement":
        this.labeled(node, labels);
        return;
      case "WhileStatement":
      case "DoWhileStatement":
      case "ForStatement":
        this.loop(node, labels);
        return;
      case "SwitchStatement":
        this.switch(node, labels);
        return;
      case "TryStatement":
        this.try(node);
        return;
      default:
        throw new Error(`a ${node.type} that suspends`); // The passes before have written it with others.
    }
  }

  /** A statement in which nothing suspends, with its jumps to what is around it. */
  private asWritten(node: Statement): void {
    const exits: SideExit[] = [];
    const statement = new Escapes(this, exits).statement(node);
    this.to.push(statement);
    if (exits.length > 0) {
      const { block } = this.to;
      block.exits.set(block.statements.length - 1, exits);
    }
  }

  private if(node: Extract<Statement, { type: "IfStatement" }>): void {
    const { to } = this;
    const test = this.expressions.take(node.test);
    if (!suspends(node.consequent) && !(node.alternate && suspends(node.alternate))) {
      this.asWritten({ ...node, test });
      return;
    }
    const yes = to.newBlock();
    const after = to.newBlock();
    const no = node.alternate ? to.newBlock() : after;
    to.branch(test, yes, no);
    to.start(yes);
    this.statement(node.consequent);
    to.jump(after);
    if (node.alternate) {
      to.start(no);
      this.statement(node.alternate);
    }
    to.start(after);
  }

  private labeled(node: Extract<Statement, { type: "LabeledStatement" }>, labels: readonly string[]): void {
    const all = [...labels, node.label.name];
    if (isLoop(node.body) || node.body.type === "LabeledStatement" || node.body.type === "SwitchStatement") {
      this.statement(node.body, all);
      return;
    }
    const after = this.to.newBlock();
    this.targets.push({
      labels: all,
      breakTo: after,
      continueTo: null,
      isPlain: false,
      region: this.to.region,
    });
    this.statement(node.body);
    this.targets.pop();
    this.to.start(after);
  }

  private loop(
    node: Extract<Statement, { type: "WhileStatement" | "DoWhileStatement" | "ForStatement" }>,
    labels: readonly string[],
  ): void {
    const { to } = this;
    const { region } = to;
    if (node.type === "ForStatement" && node.init) this.expressions.effect(node.init as Expression);
    const head = to.newBlock("loop");
    const body = to.newBlock();
    const after = to.newBlock();
    const again =
      node.type === "WhileStatement" || (node.type === "ForStatement" && !node.update) ? head : to.newBlock();
    const test = node.test ?? null;
    to.start(head);
    if (node.type !== "DoWhileStatement" && test !== null) {
      to.branch(this.expressions.take(test), body, after);
      to.start(body);
    }
    this.targets.push({ labels, breakTo: after, continueTo: again, isPlain: true, region });
    this.statement(node.body);
    this.targets.pop();
    if (again !== head) to.start(again);
    if (node.type === "ForStatement" && node.update) this.expressions.effect(node.update);
    if (node.type === "DoWhileStatement" && test !== null)
      to.branch(this.expressions.take(test), head, after);
    else to.jump(head);
    to.start(after);
  }

  private switch(node: Extract<Statement, { type: "SwitchStatement" }>, labels: readonly string[]): void {
    const { to } = this;
    const after = to.newBlock();
    const blocks = node.cases.map(() => to.newBlock());
    const otherwise = blocks[node.cases.findIndex((each) => !each.test)] ?? after;
    const tests = node.cases.flatMap((each, i) => {
      const block = blocks[i];
      return each.test && block ? [{ test: each.test, to: block }] : [];
    });
    const discriminant = this.expressions.take(node.discriminant);
    if (tests.some(({ test }) => suspends(test))) {
      const value = to.save(discriminant);
      for (const { test, to: target } of tests) {
        const next = to.newBlock();
        to.branch(b.binary(value, "===", this.expressions.take(test)), target, next);
        to.start(next);
      }
      to.jump(otherwise);
    } else to.block.end ??= { kind: "switch", discriminant, cases: tests, otherwise };
    this.targets.push({ labels, breakTo: after, continueTo: null, isPlain: true, region: to.region });
    for (const [i, each] of node.cases.entries()) {
      const block = blocks[i];
      if (block !== undefined) to.start(block);
      for (const statement of each.consequent) this.statement(statement);
    }
    this.targets.pop();
    to.start(after);
  }

  private try(node: Extract<Statement, { type: "TryStatement" }>): void {
    const { to } = this;
    const outer = to.region;
    const after = to.newBlock();
    const finalizer: Finalizer | null = node.finalizer
      ? { start: to.newBlock("finally"), how: to.temp("how"), what: to.temp("what") }
      : null;
    let region = outer;
    if (finalizer !== null) {
      this.exits.set(finalizer, { jumps: [], returns: null });
      region = {
        kind: "finally",
        outer,
        handler: to.newBlock("an error, on its way to `finally`"),
        finalizer,
      };
    }
    const protectedRegion = region;
    const handler = node.handler ? new Block(region, "catch") : null;
    if (handler !== null) region = { kind: "catch", outer: region, handler, finalizer: null };
    const done = (): void => {
      if (finalizer === null) to.jump(after);
      else {
        if (to.block.end !== null) return;
        to.push(this.ended(finalizer, "next"));
        to.assign(finalizer.what, b.undefined());
        to.jump(finalizer.start);
      }
    };
    to.start(new Block(region, "try"));
    this.statement(node.block);
    done();
    if (handler !== null && node.handler) {
      to.start(handler);
      const { param } = node.handler;
      if (param) this.expressions.effect(located(b.assign(param as Pattern, to.value()), param));
      this.statement(node.handler.body);
      done();
    }
    if (finalizer !== null && protectedRegion !== null && node.finalizer) {
      to.start(protectedRegion.handler);
      to.assign(finalizer.how, b.literal("throw"));
      to.assign(finalizer.what, to.value());
      to.start(finalizer.start);
      this.statement(node.finalizer);
      this.goOn(finalizer, after);
    }
    to.start(after);
  }

  /** The end of a `finally`: goes on with what it came between. */
  private goOn(finalizer: Finalizer, after: Block): void {
    const { to } = this;
    const exits = this.exits.get(finalizer);
    const ways: { readonly how: string; readonly go: () => void }[] = [
      {
        how: "throw",
        go: () => {
          to.block.end ??= { kind: "throw", argument: to.locals.use(finalizer.what) };
        },
      },
      {
        how: "return",
        go: () => {
          const returns = exits?.returns ?? null;
          this.complete(returns && to.locals.use(finalizer.what), returns ?? undefined);
        },
      },
      ...(exits?.jumps ?? []).map(({ how, to: target, region }) => ({
        how,
        go: () => this.leaveTo(target, region, how),
      })),
    ];
    for (const { how, go } of ways) {
      const way = to.newBlock();
      const next = to.newBlock();
      to.branch(b.binary(to.locals.use(finalizer.how), "===", b.literal(how)), way, next);
      to.start(way);
      go();
      to.start(next);
    }
    to.jump(after);
  }

  private return(node: Extract<Statement, { type: "ReturnStatement" }>): void {
    const argument = node.argument ? this.expressions.take(node.argument) : null;
    this.complete(argument, node);
    this.to.start(this.to.newBlock());
  }

  /** Ends the coroutine with a value, through the `finally` blocks around. */
  private complete(argument: Expression | null, at?: AnyNode): void {
    const { to } = this;
    const finalizer = finalizerBetween(to.region, null);
    if (finalizer === null && !this.mayBeThenable(argument)) {
      to.block.end ??= { kind: "return", argument };
      return;
    }
    for (const each of this.completion(argument, at)) to.push(each);
    to.jump(finalizer === null ? this.adoptionOf(at).block : finalizer.start);
  }

  /** What is left to do before a `return`'s jump. */
  private completion(argument: Expression | null, at?: AnyNode): Statement[] {
    const finalizer = finalizerBetween(this.to.region, null);
    if (finalizer === null)
      return this.mayBeThenable(argument) ? [this.returnPlain(argument ?? b.undefined(), at)] : [];
    const exits = this.exits.get(finalizer);
    if (exits !== undefined && argument !== null) exits.returns ??= at ?? argument;
    const value = located(b.assign(this.to.locals.use(finalizer.what), argument ?? b.undefined()), at);
    return [located(b.statement(value), at), this.ended(finalizer, "return")];
  }

  /** Where a `return` jumps to; `null` if it simply returns. */
  private completionTarget(argument: Expression | null): Block | null {
    const finalizer = finalizerBetween(this.to.region, null);
    if (finalizer !== null) return finalizer.start;
    return this.mayBeThenable(argument) ? this.adoptionOf().block : null;
  }

  private ended(finalizer: Finalizer, how: string): Statement {
    return b.statement(b.assign(this.to.locals.use(finalizer.how), b.literal(how)));
  }

  /** Returns a value, unless that has to be waited for: it is kept as the result then. */
  private returnPlain(value: Expression, at?: AnyNode): Statement {
    const { to } = this;
    const { result } = this.adoptionOf(at);
    const isThenable = to.names.callRuntime("isThenable", b.assign(to.locals.use(result), value));
    const plain = located(b.return(to.locals.use(result)), at);
    returned.add(plain);
    return located(b.if(b.not(isThenable), plain), at);
  }

  private adoptionOf(at?: AnyNode): {
    readonly block: Block;
    readonly result: string;
    readonly at: AnyNode | undefined;
  } {
    this.adoption ??= {
      block: new Block(null, "what is returned has to be waited for"),
      result: this.to.temp("result"),
      at,
    };
    return this.adoption;
  }

  private adopt(block: Block, result: string, at: AnyNode | undefined): void {
    const { to } = this;
    to.start(block);
    const node = at ?? to.locals.use(result);
    const value = to.await(this.form.await(to.locals.use(result)), node);
    to.push(this.returnPlain(value));
    to.jump(block);
  }

  /** Whether an `async` function may have to wait for what it returns. */
  private mayBeThenable(node: Expression | null): boolean {
    if (node === null || this.form.kind !== "async") return false;
    switch (node.type) {
      case "Literal":
      case "TemplateLiteral":
      case "BinaryExpression":
      case "UnaryExpression":
      case "UpdateExpression":
        return false;
      case "ConditionalExpression":
        return this.mayBeThenable(node.consequent) || this.mayBeThenable(node.alternate);
      case "AssignmentExpression":
        return node.operator === "="
          ? this.mayBeThenable(node.right)
          : !/^(?:[-+*/%&|^]|<<|>>|>>>|\*\*)=$/.test(node.operator);
      default:
        return true;
    }
  }

  /** Goes to a block outside of this region, through the `finally` blocks in between. */
  private leaveTo(target: Block, region: Region | null, how: string): void {
    for (const each of this.leaving(target, region, how)) this.to.push(each);
    const finalizer = finalizerBetween(this.to.region, region);
    this.to.jump(finalizer === null ? target : finalizer.start);
  }

  private leaving(target: Block, region: Region | null, how: string): Statement[] {
    const { to } = this;
    const finalizer = finalizerBetween(to.region, region);
    if (finalizer === null) return [];
    const exits = this.exits.get(finalizer);
    let exit = exits?.jumps.find((each) => each.to === target);
    if (exit === undefined) {
      exit = { how: to.exitName(how), to: target, region };
      exits?.jumps.push(exit);
    }
    return [
      this.ended(finalizer, exit.how),
      b.statement(b.assign(to.locals.use(finalizer.what), b.undefined())),
    ];
  }

  private targetOf(
    node: Extract<Statement, { type: "BreakStatement" | "ContinueStatement" }>,
  ): { readonly to: Block; readonly region: Region | null; readonly how: string } | null {
    const isBreak = node.type === "BreakStatement";
    const label = node.label?.name;
    const target = this.targets.findLast((each) =>
      label !== undefined ? each.labels.includes(label) : isBreak ? each.isPlain : each.continueTo !== null,
    );
    const to = isBreak ? target?.breakTo : target?.continueTo;
    if (target === undefined || !to) return null;
    return { to, region: target.region, how: isBreak ? "break" : "continue" };
  }

  /** What a jump in a statement that stays as written becomes: statements, and where to go; `null` if it stays too. */
  escape(node: Statement): { readonly before: Statement[]; readonly to: Block } | null {
    if (node.type === "ReturnStatement") {
      const argument = node.argument ?? null;
      const to = this.completionTarget(argument);
      return to === null ? null : { before: this.completion(argument, node), to };
    }
    if (node.type !== "BreakStatement" && node.type !== "ContinueStatement") return null;
    const target = this.targetOf(node);
    if (target === null) return null;
    const finalizer = finalizerBetween(this.to.region, target.region);
    return {
      before: this.leaving(target.to, target.region, target.how),
      to: finalizer === null ? target.to : finalizer.start,
    };
  }
}

function isDeclaration(node: AnyNode): boolean {
  return /Declaration$/.test(node.type);
}

/** The `return` of a plain value that the pass has written itself: it is not taken apart again. */
const returned = new WeakSet<AnyNode>();

/** Finds the jumps that lead out of a statement that stays as it is. */
class Escapes {
  private readonly flattener: Flattener;
  private readonly exits: SideExit[];
  /** What is inside of the statement, and so keeps its jumps. */
  private loops = 0;
  private breakables = 0;
  private readonly labels: string[] = [];

  constructor(flattener: Flattener, exits: SideExit[]) {
    this.flattener = flattener;
    this.exits = exits;
  }

  // A statement stays one.
  readonly statement = (node: Statement): Statement => this.map(node) as Statement;

  private readonly map = (node: AnyNode): AnyNode => {
    if (isFunction(node) || node.type === "ClassExpression" || node.type === "ClassDeclaration") return node;
    switch (node.type) {
      case "ReturnStatement":
        return this.escape(node);
      case "BreakStatement":
        return (node.label ? this.labels.includes(node.label.name) : this.breakables > 0)
          ? node
          : this.escape(node);
      case "ContinueStatement":
        return (node.label ? this.labels.includes(node.label.name) : this.loops > 0)
          ? node
          : this.escape(node);
      case "LabeledStatement": {
        this.labels.push(node.label.name);
        const mapped = mapChildren(node, this.map);
        this.labels.pop();
        return mapped;
      }
      case "SwitchStatement":
        return this.within(0, () => mapChildren(node, this.map));
      default:
        return isLoop(node) ? this.within(1, () => mapChildren(node, this.map)) : mapChildren(node, this.map);
    }
  };

  private within(loops: number, run: () => AnyNode): AnyNode {
    this.loops += loops;
    this.breakables++;
    const mapped = run();
    this.loops -= loops;
    this.breakables--;
    return mapped;
  }

  private escape(node: Statement): Statement {
    const jump = this.flattener.escape(node);
    if (jump === null) return node;
    const statement = located(b.block(jump.before), node);
    this.exits.push({ to: jump.to, statement, inLoop: this.loops > 0 });
    return statement;
  }
}
