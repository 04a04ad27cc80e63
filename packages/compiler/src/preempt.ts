import {
  type AnyFunction,
  type AnyNode,
  type BlockStatement,
  b,
  type Expression,
  eachChild,
  isFunction,
  isLoop,
  type Loop,
  located,
  mapChildren,
  namesIn,
  type Statement,
  suspends,
} from "./ast.ts";
import type { Names } from "./names.ts";

/** Iterations of a loop between two looks at the budget: the look costs nothing then, and a turn stays short. */
const STRIDE = 256;

/** Whether a coroutine is to yield in its loops: it says so itself, or the call of `co` does. */
export function isPreemptive(fn: AnyFunction, options: AnyNode | undefined): boolean {
  if (fn.body.type === "BlockStatement") {
    for (const each of fn.body.body) {
      if (each.type !== "ExpressionStatement" || each.directive === undefined) break;
      if (each.directive === "use preemptive") return true;
    }
  }
  if (options?.type !== "ObjectExpression") return false;
  return options.properties.some(
    (each) =>
      each.type === "Property" &&
      each.key.type === "Identifier" &&
      each.key.name === "preemptive" &&
      each.value.type === "Literal" &&
      each.value.value === true,
  );
}

/**
 * Makes a coroutine's loops, and its calls, take from the budget, and wait for a turn where it is spent. A loop in which
 * nothing suspends becomes two: the inner one does a number of iterations as it did, the outer one looks at the budget.
 */
export function preempt(body: BlockStatement, names: Names): BlockStatement {
  const pass = new Preemption(names);
  const statements = body.body.map((each) => pass.statement(each));
  const directives = statements.findIndex(
    (each) => each.type !== "ExpressionStatement" || each.directive === undefined,
  );
  const at = directives < 0 ? statements.length : directives;
  return { ...body, body: [...statements.slice(0, at), pass.pulse(body), ...statements.slice(at)] };
}

class Preemption {
  private readonly names: Names;

  constructor(names: Names) {
    this.names = names;
  }

  // A statement stays one.
  readonly statement = (node: Statement): Statement => this.map(node) as Statement;

  pulse(at: AnyNode): Statement {
    const argument = located(this.names.callRuntime("pulse"), at);
    return located(
      b.statement(located({ type: "AwaitExpression", argument, start: 0, end: 0 } satisfies Expression, at)),
      at,
    );
  }

  private readonly map = (node: AnyNode): AnyNode => {
    if (isFunction(node) || node.type === "ClassExpression" || node.type === "ClassDeclaration") return node;
    const labels: string[] = [];
    let inner: AnyNode | Statement = node;
    for (; inner.type === "LabeledStatement"; inner = inner.body) labels.push(inner.label.name);
    if (!isLoop(inner)) return mapChildren(node, this.map);
    const loop = mapChildren(inner, this.map);
    if (suspends(loop) || !isStrippable(loop)) return labeled(labels, this.checked(loop));
    return this.stripMined(loop, labels);
  };

  /** A loop that looks at the budget in each iteration. */
  private checked(loop: Loop): Statement {
    const body = loop.body.type === "BlockStatement" ? loop.body.body : [loop.body];
    return { ...loop, body: b.block([this.pulse(loop), ...body]) };
  }

  private stripMined(loop: Loop, labels: readonly string[]): Statement {
    const left = b.id(this.names.fresh("left"));
    const more = b.id(this.names.fresh("more"));
    const first = loop.type === "DoWhileStatement" ? b.id(this.names.fresh("first")) : null;
    let test: Expression = b.literal(true);
    if (loop.type === "ForStatement" || loop.type === "WhileStatement") test = loop.test ?? test;
    if (loop.type === "DoWhileStatement" && first !== null) {
      // The first iteration asks nothing.
      const begun: Expression = b.sequence([b.assign(first, b.literal(false)), b.literal(true)]);
      test = {
        type: "ConditionalExpression",
        test: first,
        consequent: begun,
        alternate: loop.test,
        start: 0,
        end: 0,
      };
    }
    const decrement: Expression = {
      type: "UpdateExpression",
      operator: "--",
      prefix: false,
      argument: left,
      start: 0,
      end: 0,
    };
    const stop: Expression = b.not(b.assign(more, b.literal(true)));
    const inner: Statement = {
      type: "ForStatement",
      init: null,
      test: {
        type: "ConditionalExpression",
        test: b.binary(decrement, ">", b.literal(0)),
        consequent: test,
        alternate: stop,
        start: 0,
        end: 0,
      },
      update: loop.type === "ForStatement" ? (loop.update ?? null) : null,
      body: loop.body,
      start: loop.start,
      end: loop.end,
      loc: loop.loc ?? null,
    };
    const init: Statement[] = [];
    if (loop.type === "ForStatement" && loop.init) {
      init.push(loop.init.type === "VariableDeclaration" ? loop.init : b.statement(loop.init));
    }
    if (first !== null) init.push(b.declare("let", first, b.literal(true)));
    const outer: Statement = {
      type: "DoWhileStatement",
      body: b.block([
        this.pulse(loop),
        b.statement(b.assign(more, b.literal(false))),
        b.statement(b.assign(left, b.literal(STRIDE))),
        labeled(labels, inner),
      ]),
      test: more,
      start: 0,
      end: 0,
    };
    return b.block([...init, b.declare("let", more, null), b.declare("let", left, null), outer]);
  }
}

/** Whether an iteration is like the other: not so where each has variables of its own that functions capture. */
function isStrippable(loop: Loop): boolean {
  if (loop.type === "ForInStatement" || loop.type === "ForOfStatement") return false;
  if (loop.type !== "ForStatement" || loop.init?.type !== "VariableDeclaration" || loop.init.kind === "var")
    return true;
  const own = new Set(loop.init.declarations.flatMap(({ id }) => namesIn(id).map(({ name }) => name)));
  return !captures(loop, own);
}

function captures(node: AnyNode, names: ReadonlySet<string>, inFunction = false): boolean {
  if (node.type === "Identifier") return inFunction && names.has(node.name);
  const inner = inFunction || isFunction(node) || node.type === "ClassBody";
  let found = false;
  eachChild(node, (child) => {
    found ||= captures(child, names, inner);
  });
  return found;
}

function labeled(labels: readonly string[], body: Statement): Statement {
  return labels.reduceRight<Statement>(
    (inner, label) => ({ type: "LabeledStatement", label: b.id(label), body: inner, start: 0, end: 0 }),
    body,
  );
}
