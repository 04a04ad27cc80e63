import {
  type AnyNode,
  type BlockStatement,
  b,
  type Expression,
  isFunction,
  isUsing,
  located,
  mapChildren,
  mapped,
  type Pattern,
  type Statement,
  suspends,
  type VariableDeclaration,
} from "./ast.ts";
import type { Names } from "./names.ts";

/**
 * Writes loops over iterables and `using` declarations, where something in them suspends, with simpler statements: what is
 * to be closed or disposed of at the end is a `finally`. Everything else stays as it is, and so do the functions inside.
 */
export function desugar(body: BlockStatement, names: Names): BlockStatement {
  return new Desugarer(names).block(body);
}

class Desugarer {
  private readonly names: Names;

  constructor(names: Names) {
    this.names = names;
  }

  block(node: BlockStatement): BlockStatement {
    const body = node.body.map((each) => this.statement(each));
    const block: BlockStatement = { ...node, body };
    return body.some(isUsing) ? { ...block, body: [this.withResources(block)] } : block;
  }

  // What `map` gets as a statement it gives back as one.
  private readonly statement = (node: Statement): Statement => this.map(node) as Statement;

  private readonly map = (node: AnyNode): AnyNode => {
    if (isFunction(node) || !suspends(node)) return node;
    switch (node.type) {
      case "BlockStatement":
        return this.block(node);
      case "LabeledStatement": {
        const labels = [node.label.name];
        let body = node.body;
        for (; body.type === "LabeledStatement"; body = body.body) labels.push(body.label.name);
        if (body.type === "ForOfStatement" || body.type === "ForInStatement")
          return this.overIterable(body, labels);
        return mapChildren(node, this.map);
      }
      case "ForOfStatement":
      case "ForInStatement":
        return this.overIterable(node, []);
      case "ForStatement":
        if (node.init && isUsing(node.init)) {
          return this.block(b.block([node.init, { ...node, init: null }]));
        }
        return mapChildren(node, this.map);
      default:
        return mapChildren(node, this.map);
    }
  };

  private overIterable(
    node: Extract<AnyNode, { type: "ForOfStatement" | "ForInStatement" }>,
    labels: readonly string[],
  ): Statement {
    const isAsync = node.type === "ForOfStatement" && node.await;
    const items = b.id(this.names.fresh("items"));
    const iterable = mapped(node.right, this.map) ?? node.right;
    const source = node.type === "ForInStatement" ? this.names.callRuntime("keysOf", iterable) : iterable;
    const step = (method: string): Expression => {
      const call = located(b.call(b.member(items, method)), node);
      return isAsync ? awaited(call, node) : call;
    };
    const take = this.take(node.left, b.member(items, "value"));
    const body = this.block(b.block([take, this.statement(node.body)]));
    let loop: Statement = located(
      { type: "WhileStatement", test: step("next"), body, start: 0, end: 0 } satisfies Statement,
      node,
    );
    for (const label of labels.toReversed()) {
      loop = { type: "LabeledStatement", label: b.id(label), body: loop, start: 0, end: 0 };
    }
    const create = b.new(this.names.runtime(isAsync ? "AsyncIteration" : "Iteration"), source);
    return b.block([
      located(b.declare("const", items, located(create, node.right)), node.right),
      this.closing(b.block([loop]), step("fail"), step("close")),
    ]);
  }

  /** The statement at the start of a loop's body that gives the loop's variable its value. */
  private take(left: VariableDeclaration | Pattern, value: Expression): Statement {
    if (left.type !== "VariableDeclaration") return located(b.statement(b.assign(left, value)), left);
    const declarations = left.declarations.map((each) => ({ ...each, init: value }));
    return { ...left, declarations };
  }

  private withResources(block: BlockStatement): Statement {
    const resources = b.id(this.names.fresh("resources"));
    const isAsync = block.body.some((each) => isUsing(each) && each.kind === "await using");
    const body = block.body.map((each): Statement => {
      if (!isUsing(each)) return each;
      const method = each.kind === "await using" ? "addAsync" : "add";
      const declarations = each.declarations.map((declarator) => ({
        ...declarator,
        init: b.call(b.member(resources, method), named(declarator.id, declarator.init ?? b.undefined())),
      }));
      return { ...each, kind: "const", declarations };
    });
    const error = b.id(this.names.fresh("error"));
    const dispose = b.call(b.member(resources, isAsync ? "disposeAsync" : "dispose"));
    return b.block([
      b.declare("const", resources, b.new(this.names.runtime("Resources"))),
      {
        type: "TryStatement",
        block: b.block(body),
        handler: {
          type: "CatchClause",
          param: error,
          body: b.block([b.statement(b.call(b.member(resources, "fail"), error))]),
          start: 0,
          end: 0,
        },
        finalizer: b.block([b.statement(isAsync ? awaited(dispose, block) : dispose)]),
        start: 0,
        end: 0,
      },
    ]);
  }

  private closing(block: BlockStatement, fail: Expression, close: Expression): Statement {
    const error = b.id(this.names.fresh("error"));
    return {
      type: "TryStatement",
      block,
      handler: {
        type: "CatchClause",
        param: error,
        body: b.block([b.statement(fail), b.throw(error)]),
        start: 0,
        end: 0,
      },
      finalizer: b.block([b.statement(close)]),
      start: 0,
      end: 0,
    };
  }
}

/** What a variable is given: a function without a name has the variable's. */
function named(id: Pattern, init: Expression): Expression {
  const isAnonymous = (isFunction(init) || init.type === "ClassExpression") && !init.id;
  return isAnonymous && id.type === "Identifier" ? b.member(b.object([[id.name, init]]), id.name) : init;
}

function awaited(argument: Expression, at: AnyNode): Expression {
  return located({ type: "AwaitExpression", argument, start: 0, end: 0 } satisfies Expression, at);
}
