import { type AnyNode, type Expression, eachChild, type Identifier, isFunction, isLoop } from "./ast.ts";
import type { Locals } from "./resolve.ts";

/** What executing a piece of code does with the variables that may have to outlast a suspend. */
export interface Uses {
  /** Read before the code itself has assigned them, on some path. */
  readonly reads: Set<string>;
  /** Assigned on every path that does not throw. */
  readonly writes: Set<string>;
  /** Assigned on some path. */
  readonly mayWrite: Set<string>;
}

export function usesOf(node: AnyNode, locals: Locals): Uses {
  const finder = new Finder(locals);
  finder.visit(node);
  return { reads: finder.reads, writes: finder.written, mayWrite: finder.mayWrite };
}

/** Goes through code in the order of evaluation. */
class Finder {
  readonly reads = new Set<string>();
  readonly mayWrite = new Set<string>();
  written = new Set<string>();
  private readonly locals: Locals;

  constructor(locals: Locals) {
    this.locals = locals;
  }

  readonly visit = (node: AnyNode): void => {
    if (isFunction(node) || node.type === "ClassExpression" || node.type === "ClassDeclaration") {
      this.capture(node);
      return;
    }
    switch (node.type) {
      case "Identifier":
        this.read(node);
        return;
      case "AssignmentExpression":
        this.assignment(node);
        return;
      case "UpdateExpression":
        this.visit(node.argument);
        if (this.locals.has(node.argument)) this.write(node.argument);
        return;
      case "LogicalExpression":
        this.visit(node.left);
        this.maybe(node.right);
        return;
      case "ConditionalExpression":
        this.visit(node.test);
        this.either(node.consequent, node.alternate);
        return;
      case "IfStatement":
        this.visit(node.test);
        this.either(node.consequent, node.alternate ?? null);
        return;
      case "ChainExpression":
        this.maybe(node.expression);
        return;
      case "SwitchStatement":
        this.visit(node.discriminant);
        for (const each of node.cases) this.maybe(each);
        return;
      case "TryStatement":
        this.maybe(node.block);
        if (node.handler) this.maybe(node.handler);
        if (node.finalizer) this.visit(node.finalizer);
        return;
      case "CatchClause":
        if (node.param) this.target(node.param);
        this.visit(node.body);
        return;
      case "LabeledStatement":
        this.maybe(node.body); // It may be left by a `break`.
        return;
      case "VariableDeclaration":
        for (const each of node.declarations) {
          if (each.init) this.visit(each.init);
          this.target(each.id);
        }
        return;
      default:
        if (isLoop(node)) this.loop(node);
        else eachChild(node, this.visit);
    }
  };

  private loop(node: Extract<AnyNode, { type: string }>): void {
    switch (node.type) {
      case "ForStatement":
        if (node.init) this.visit(node.init);
        if (node.test) this.visit(node.test);
        this.maybe(node.body, node.update ?? null);
        return;
      case "ForInStatement":
      case "ForOfStatement":
        this.visit(node.right);
        this.apart(() => {
          this.target(
            node.left.type === "VariableDeclaration"
              ? (node.left.declarations[0]?.id ?? node.left)
              : node.left,
          );
          this.visit(node.body);
        });
        return;
      case "WhileStatement":
        this.visit(node.test);
        this.maybe(node.body);
        return;
      case "DoWhileStatement":
        this.apart(() => {
          this.visit(node.body);
          this.visit(node.test);
        });
        return;
      default:
    }
  }

  private assignment(node: Extract<Expression, { type: "AssignmentExpression" }>): void {
    if (node.operator === "=") {
      if (!this.locals.has(node.left)) {
        // The place is evaluated first, and the parts of a pattern last.
        if (node.left.type === "MemberExpression") this.visit(node.left);
        this.visit(node.right);
        if (node.left.type !== "MemberExpression") this.target(node.left);
        return;
      }
      this.visit(node.right);
      this.write(node.left);
      return;
    }
    this.visit(node.left);
    if (/^(?:&&|\|\||\?\?)=$/.test(node.operator)) {
      this.apart(() => {
        this.visit(node.right);
        this.target(node.left);
      });
      return;
    }
    this.visit(node.right);
    this.target(node.left);
  }

  /** What a pattern assigns. */
  private target(node: AnyNode): void {
    switch (node.type) {
      case "Identifier":
        if (this.locals.has(node)) this.write(node);
        return;
      case "ObjectPattern":
        for (const each of node.properties) {
          if (each.type === "Property") {
            if (each.computed) this.visit(each.key);
            this.target(each.value);
          } else this.target(each.argument);
        }
        return;
      case "ArrayPattern":
        for (const each of node.elements) if (each) this.target(each);
        return;
      case "RestElement":
        this.target(node.argument);
        return;
      case "AssignmentPattern":
        this.maybe(node.right);
        this.target(node.left);
        return;
      default:
        this.visit(node);
    }
  }

  private read(node: Identifier): void {
    if (this.locals.has(node) && !this.written.has(node.name)) this.reads.add(node.name);
  }

  private write(node: Identifier): void {
    this.written.add(node.name);
    this.mayWrite.add(node.name);
  }

  /** A function reads what it captures when it is made, as far as this is concerned. */
  private readonly capture = (node: AnyNode): void => {
    if (node.type === "Identifier") this.read(node);
    eachChild(node, this.capture);
  };

  /** Code that may not be executed, or not to its end: what it writes cannot be counted on. */
  private apart(run: () => void): void {
    const written = new Set(this.written);
    run();
    this.written = written;
  }

  private maybe(...nodes: (AnyNode | null)[]): void {
    this.apart(() => {
      for (const node of nodes) if (node !== null) this.visit(node);
    });
  }

  private either(yes: AnyNode, no: AnyNode | null): void {
    const before = this.written;
    this.written = new Set(before);
    this.visit(yes);
    const afterYes = leaves(yes) ? null : this.written;
    this.written = new Set(before);
    if (no !== null) this.visit(no);
    const afterNo = no !== null && leaves(no) ? null : this.written;
    if (afterYes === null || afterNo === null) this.written = afterYes ?? afterNo ?? before;
    else this.written = new Set([...afterYes].filter((each) => afterNo.has(each)));
  }
}

/** Whether code does not come to its end. A jump of the machine's counts too; it is an exit of its own in the graph. */
function leaves(node: AnyNode): boolean {
  switch (node.type) {
    case "ReturnStatement":
    case "ThrowStatement":
      return true;
    case "BlockStatement": {
      const last = node.body.at(-1);
      return last !== undefined && leaves(last);
    }
    default:
      return false;
  }
}
