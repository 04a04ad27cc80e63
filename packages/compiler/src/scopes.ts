import {
  type AnyFunction,
  type AnyNode,
  eachChild,
  type Identifier,
  isFunction,
  isLoop,
  namesIn,
  suspends,
} from "./ast.ts";

export type BindingKind = "param" | "var" | "let" | "const" | "class" | "function" | "catch" | "name";

/** A variable of a coroutine, or of a function inside of it. */
export class Binding {
  readonly name: string;
  readonly kind: BindingKind;
  readonly scope: Scope;
  /** Where the declaration ends in the source: what stands before may find the variable uninitialised. */
  readonly declaredAt: number;
  /** Assignments other than that of the declaration. */
  writes = 0;
  references: Reference[] = [];
  /** The function that a `function` declaration declares. */
  declared: AnyFunction | undefined = undefined;

  constructor(name: string, kind: BindingKind, scope: Scope, declaredAt: number) {
    this.name = name;
    this.kind = kind;
    this.scope = scope;
    this.declaredAt = declaredAt;
  }

  get isLexical(): boolean {
    return this.kind === "let" || this.kind === "const" || this.kind === "class";
  }
}

export interface Reference {
  readonly identifier: Identifier;
  /** The function inside of the coroutine in which it stands; `null` for the coroutine's own code. */
  readonly closure: AnyNode | null;
}

export class Scope {
  readonly node: AnyNode;
  readonly parent: Scope | null;
  /** The outermost function (or class) between the coroutine and this scope; `null` for the coroutine's own scopes. */
  readonly closure: AnyNode | null;
  readonly bindings: Map<string, Binding> = new Map();
  /** `var` and parameters go to the nearest such scope. */
  readonly isFunction: boolean;

  constructor(node: AnyNode, parent: Scope | null, closure: AnyNode | null, isFunctionScope: boolean) {
    this.node = node;
    this.parent = parent;
    this.closure = closure;
    this.isFunction = isFunctionScope;
  }

  find(name: string): Binding | undefined {
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const found = scope.bindings.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  declare(name: string, kind: BindingKind, declaredAt: number): Binding {
    const known = this.bindings.get(name);
    // `var` again, or a function that has the name of a parameter: it is the same variable.
    if (known !== undefined) return known;
    const binding = new Binding(name, kind, this, declaredAt);
    this.bindings.set(name, binding);
    return binding;
  }
}

export class Scopes {
  readonly root: Scope;
  readonly of: Map<AnyNode, Scope> = new Map();
  readonly bound: Map<Identifier, Binding> = new Map();
  /** Names that are used and belong to code outside of the coroutine. */
  readonly free: Set<string> = new Set();
  /** Whether the coroutine's own `this` or `arguments` is used, in its code or in arrow functions in it. */
  usesThis = false;
  usesArguments = false;
  readonly fn: AnyFunction;

  constructor(fn: AnyFunction) {
    this.fn = fn;
    this.root = new Scope(fn, null, null, true);
    this.of.set(fn, this.root);
    for (const param of fn.params)
      for (const { name } of namesIn(param)) this.root.declare(name, "param", -1);
    this.hoistVars(fn.body, this.root);
    if (fn.body.type === "BlockStatement") this.declareLexical(fn.body.body, this.root);
    for (const param of fn.params) this.pattern(param, this.root, null, true);
    if (fn.body.type === "BlockStatement")
      for (const each of fn.body.body) this.visit(each, this.root, null, true);
    else this.visit(fn.body, this.root, null, true);
  }

  /** Whether a scope's variables have to outlast a suspend: it is the coroutine's own, and something in it suspends. */
  isFlattened(scope: Scope): boolean {
    if (scope.closure !== null) return false;
    return scope === this.root || suspends(scope.node) || this.handlers.has(scope.node);
  }

  /** The `catch` clauses of statements that suspend: what they catch comes to them through the machine. */
  private readonly handlers = new Set<AnyNode>();

  private hoistVars(node: AnyNode, scope: Scope): void {
    if (node.type === "VariableDeclaration" && node.kind === "var") {
      for (const each of node.declarations) {
        for (const { name } of namesIn(each.id)) scope.declare(name, "var", -1);
      }
    }
    if (!isFunction(node) && node.type !== "ClassBody")
      eachChild(node, (child) => this.hoistVars(child, scope));
  }

  private declareLexical(statements: readonly AnyNode[], scope: Scope): void {
    for (const each of statements) {
      const node = each.type === "ExportNamedDeclaration" && each.declaration ? each.declaration : each;
      if (node.type === "VariableDeclaration" && node.kind !== "var") {
        const kind = node.kind === "let" ? "let" : "const";
        for (const declarator of node.declarations) {
          for (const { name } of namesIn(declarator.id)) scope.declare(name, kind, declarator.end);
        }
      } else if (node.type === "FunctionDeclaration") {
        if (node.id) scope.declare(node.id.name, "function", -1).declared = node;
      } else if (node.type === "ClassDeclaration" && node.id) scope.declare(node.id.name, "class", node.end);
    }
  }

  private enter(node: AnyNode, scope: Scope, closure: AnyNode | null, isFunctionScope = false): Scope {
    const inner = new Scope(node, scope, closure, isFunctionScope);
    this.of.set(node, inner);
    return inner;
  }

  /** @param own - whether `this` and `arguments` are the coroutine's here */
  private visit(node: AnyNode, scope: Scope, closure: AnyNode | null, own: boolean): void {
    switch (node.type) {
      case "Identifier":
        this.refer(node, scope, closure, false, own);
        return;
      case "ThisExpression":
        if (own) this.usesThis = true;
        return;
      case "MemberExpression":
        this.visit(node.object, scope, closure, own);
        if (node.computed) this.visit(node.property, scope, closure, own);
        return;
      case "Property":
        if (node.computed) this.visit(node.key, scope, closure, own);
        this.visit(node.value, scope, closure, own);
        return;
      case "MethodDefinition":
      case "PropertyDefinition":
        if (node.computed) this.visit(node.key, scope, closure, own);
        // A field's `this` is the object's; the key's is that of the code around the class.
        if (node.value) this.visit(node.value, scope, closure, false);
        return;
      case "StaticBlock": {
        const inner = this.enter(node, scope, closure, true);
        for (const each of node.body) this.hoistVars(each, inner);
        this.declareLexical(node.body, inner);
        for (const each of node.body) this.visit(each, inner, closure, false);
        return;
      }
      case "LabeledStatement":
        this.visit(node.body, scope, closure, own);
        return;
      case "BreakStatement":
      case "ContinueStatement":
      case "MetaProperty":
        return;
      case "AssignmentExpression":
        this.pattern(node.left, scope, closure, own, true);
        this.visit(node.right, scope, closure, own);
        return;
      case "UpdateExpression":
        if (node.argument.type === "Identifier") this.refer(node.argument, scope, closure, true, own);
        else this.visit(node.argument, scope, closure, own);
        return;
      case "VariableDeclaration":
        for (const each of node.declarations) {
          this.pattern(each.id, scope, closure, own, node.kind === "var" && Boolean(each.init));
          if (each.init) this.visit(each.init, scope, closure, own);
        }
        return;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        this.visitFunction(node, scope, closure, own);
        return;
      case "ClassDeclaration":
      case "ClassExpression": {
        const within = closure ?? node;
        const inner = this.enter(node, scope, within);
        if (node.id) {
          if (node.type === "ClassDeclaration") this.refer(node.id, scope, closure, false);
          inner.declare(node.id.name, "name", -1);
        }
        if (node.superClass) this.visit(node.superClass, inner, within, own);
        for (const each of node.body.body) this.visit(each, inner, within, own);
        return;
      }
      case "BlockStatement": {
        const inner = this.enter(node, scope, closure);
        this.declareLexical(node.body, inner);
        for (const each of node.body) this.visit(each, inner, closure, own);
        return;
      }
      case "SwitchStatement": {
        this.visit(node.discriminant, scope, closure, own);
        const inner = this.enter(node, scope, closure);
        this.declareLexical(
          node.cases.flatMap((each) => each.consequent),
          inner,
        );
        for (const each of node.cases) this.visit(each, inner, closure, own);
        return;
      }
      case "TryStatement":
        if (node.handler && suspends(node)) this.handlers.add(node.handler);
        eachChild(node, (child) => this.visit(child, scope, closure, own));
        return;
      case "CatchClause": {
        const inner = this.enter(node, scope, closure);
        if (node.param) {
          for (const { name } of namesIn(node.param)) inner.declare(name, "catch", node.param.end);
          this.pattern(node.param, inner, closure, own);
        }
        this.visit(node.body, inner, closure, own);
        return;
      }
      default:
        if (isLoop(node)) {
          const inner = this.enter(node, scope, closure);
          if (node.type === "ForStatement" && node.init?.type === "VariableDeclaration") {
            this.declareLexical([node.init], inner);
          }
          if (node.type === "ForInStatement" || node.type === "ForOfStatement") {
            if (node.left.type === "VariableDeclaration") this.declareLexical([node.left], inner);
            this.pattern(
              node.left.type === "VariableDeclaration"
                ? (node.left.declarations[0]?.id ?? node.left)
                : node.left,
              inner,
              closure,
              own,
              node.left.type !== "VariableDeclaration" || node.left.kind === "var",
            );
            this.visit(node.right, inner, closure, own);
            this.visit(node.body, inner, closure, own);
            return;
          }
          eachChild(node, (child) => this.visit(child, inner, closure, own));
          return;
        }
        eachChild(node, (child) => this.visit(child, scope, closure, own));
    }
  }

  private visitFunction(fn: AnyFunction, scope: Scope, closure: AnyNode | null, own: boolean): void {
    const within = closure ?? fn;
    let outer = scope;
    if (fn.type === "FunctionDeclaration") {
      if (fn.id) this.refer(fn.id, scope, closure, false);
    } else if (fn.id) {
      outer = this.enter(fn.id, scope, within);
      outer.declare(fn.id.name, "name", -1);
    }
    const inner = this.enter(fn, outer, within, true);
    const ownThis = own && fn.type === "ArrowFunctionExpression";
    if (!ownThis) inner.declare("arguments", "param", -1);
    for (const param of fn.params) for (const { name } of namesIn(param)) inner.declare(name, "param", -1);
    this.hoistVars(fn.body, inner);
    if (fn.body.type === "BlockStatement") this.declareLexical(fn.body.body, inner);
    for (const param of fn.params) this.pattern(param, inner, within, ownThis);
    if (fn.body.type === "BlockStatement")
      for (const each of fn.body.body) this.visit(each, inner, within, ownThis);
    else this.visit(fn.body, inner, within, ownThis);
  }

  /** The target of a declaration (`write` unset) or of an assignment, with the expressions in it. */
  private pattern(node: AnyNode, scope: Scope, closure: AnyNode | null, own: boolean, write = false): void {
    switch (node.type) {
      case "Identifier":
        this.refer(node, scope, closure, write, own);
        return;
      case "ObjectPattern":
        for (const each of node.properties) {
          if (each.type === "Property") {
            if (each.computed) this.visit(each.key, scope, closure, own);
            this.pattern(each.value, scope, closure, own, write);
          } else this.pattern(each.argument, scope, closure, own, write);
        }
        return;
      case "ArrayPattern":
        for (const each of node.elements) if (each) this.pattern(each, scope, closure, own, write);
        return;
      case "RestElement":
        this.pattern(node.argument, scope, closure, own, write);
        return;
      case "AssignmentPattern":
        this.pattern(node.left, scope, closure, own, write);
        this.visit(node.right, scope, closure, own);
        return;
      default:
        this.visit(node, scope, closure, own);
    }
  }

  private refer(
    identifier: Identifier,
    scope: Scope,
    closure: AnyNode | null,
    write: boolean,
    own = false,
  ): void {
    const binding = scope.find(identifier.name);
    if (binding === undefined) {
      if (own && identifier.name === "arguments") this.usesArguments = true;
      this.free.add(identifier.name);
      return;
    }
    this.bound.set(identifier, binding);
    if (write) binding.writes++;
    binding.references.push({ identifier, closure });
  }
}
