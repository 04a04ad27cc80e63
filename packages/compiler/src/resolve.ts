import {
  type AnyFunction,
  type AnyNode,
  type BlockStatement,
  b,
  type Expression,
  eachChild,
  type Identifier,
  isFunction,
  isIdentifierName,
  isLoop,
  located,
  mapChildren,
  namesIn,
  type Pattern,
  type Statement,
} from "./ast.ts";
import type { Names } from "./names.ts";
import { type Binding, type Scope, Scopes } from "./scopes.ts";

/** The coroutine's code with its variables made plain: what the graph is made of. */
export interface Resolved {
  readonly body: Statement[];
  /** What the code's function is given: the parameters that it uses, and `self` and `args` if it uses `this` or `arguments`. */
  readonly params: readonly string[];
  /** All variables that may have to outlast a suspend; each has one name, and no other has it. */
  readonly locals: Locals;
}

/** The variables of the generated function, and the identifiers in its code that stand for them. */
export class Locals {
  readonly names: string[] = [];
  private readonly nodes = new WeakSet<AnyNode>();

  add(name: string): string {
    this.names.push(name);
    return name;
  }

  use(name: string): Identifier {
    const identifier = b.id(name);
    this.nodes.add(identifier);
    return identifier;
  }

  has(node: AnyNode): node is Identifier {
    return this.nodes.has(node);
  }
}

/** Where a variable lives. */
type Home =
  /** In a variable of the generated function. */
  | { readonly kind: "local"; readonly name: string }
  /** In a record that closures share with the coroutine. */
  | { readonly kind: "record"; readonly record: string };

/**
 * Gives each variable of a coroutine that has to outlast a suspend one name, and turns its declaration into an
 * assignment. A variable that a closure captures stays a plain one if it gets its value once, before the closure is made;
 * else it lives in a record, one for each time its block is entered.
 */
export function resolve(fn: AnyFunction, names: Names, ownThis: boolean): Resolved {
  return new Resolver(fn, names, ownThis).resolve();
}

class Resolver {
  private readonly fn: AnyFunction;
  private readonly names: Names;
  private readonly scopes: Scopes;
  private readonly locals = new Locals();
  private readonly homes = new Map<Binding, Home>();
  private readonly records = new Map<Scope, { name: string; bindings: Binding[] }>();
  private readonly uninitialized = new Set<Binding>();
  private readonly self: string | null;
  private readonly args: string | null;
  /** Blocks that stand for one statement of the source: they are dissolved in the list that has them. */
  private readonly groups = new WeakSet<AnyNode>();
  /** Where the walk is: the scopes around, and the function inside of the coroutine. */
  private scope: Scope;
  private closure: AnyNode | null = null;

  constructor(fn: AnyFunction, names: Names, ownThis: boolean) {
    this.fn = fn;
    this.names = names;
    this.scopes = new Scopes(fn);
    this.scope = this.scopes.root;
    this.self = ownThis && this.scopes.usesThis ? this.locals.add(names.fresh("self")) : null;
    this.args = ownThis && this.scopes.usesArguments ? this.locals.add(names.fresh("args")) : null;
  }

  resolve(): Resolved {
    for (const scope of this.scopes.of.values()) if (this.scopes.isFlattened(scope)) this.settle(scope);
    const params = this.fn.params.flatMap((param) => namesIn(param).map(({ name }) => name));
    const given = params.map((name) => {
      const binding = this.scopes.root.bindings.get(name);
      const home = binding && this.homes.get(binding);
      return home?.kind === "local" ? home.name : this.locals.add(this.names.fresh(name));
    });
    const { body } = this.fn;
    const statements = body.type === "BlockStatement" ? body.body : [located(b.return(body), body)];
    const moved = params.flatMap((name, i): Statement[] => {
      const binding = this.scopes.root.bindings.get(name);
      const home = binding && this.homes.get(binding);
      const from = given[i];
      if (home?.kind !== "record" || from === undefined) return [];
      return [b.statement(b.assign(b.member(this.locals.use(home.record), name), this.locals.use(from)))];
    });
    const first = this.entry(this.scopes.root);
    const [record, ...functions] = this.records.has(this.scopes.root) ? first : [undefined, ...first];
    return {
      body: [
        ...(record ? [record] : []),
        ...moved,
        ...functions.flatMap((each) => (each ? [each] : [])),
        ...this.list(statements),
      ],
      params: [...(this.self ? [this.self] : []), ...(this.args ? [this.args] : []), ...given],
      locals: this.locals,
    };
  }

  /** Decides where the variables of a scope live. */
  private settle(scope: Scope): void {
    for (const binding of scope.bindings.values()) {
      if (binding.kind === "name") continue;
      if (this.mayBeUninitialized(binding)) this.uninitialized.add(binding);
      if (this.needsRecord(binding)) {
        let record = this.records.get(scope);
        if (record === undefined) {
          record = { name: this.locals.add(this.names.fresh("scope")), bindings: [] };
          this.records.set(scope, record);
        }
        record.bindings.push(binding);
        this.homes.set(binding, { kind: "record", record: record.name });
      } else this.homes.set(binding, { kind: "local", name: this.locals.add(this.nameFor(binding)) });
    }
  }

  private readonly given = new Set<string>();

  /** Its own name, unless another variable has it, or code uses it that means one outside of the coroutine. */
  private nameFor(binding: Binding): string {
    const { name } = binding;
    if (this.given.has(name) || this.scopes.free.has(name)) return this.names.fresh(name);
    this.given.add(name);
    return name;
  }

  private needsRecord(binding: Binding): boolean {
    const captures = binding.references.filter(
      ({ closure }) => closure !== null && closure !== binding.declared,
    );
    if (captures.length === 0) return false;
    if (this.uninitialized.has(binding)) return true;
    switch (binding.kind) {
      case "param":
        if (this.scopes.root.bindings.get(binding.name) === binding && binding.declared !== undefined)
          return true;
        return binding.writes > 0;
      case "catch":
      case "function":
        return binding.writes > 0;
      case "const":
      case "let":
      case "class":
        return (
          binding.writes > 0 ||
          captures.some(({ closure }) => closure === null || this.madeAt(closure) < binding.declaredAt)
        );
      default:
        return true;
    }
  }

  /** Where in the source a closure comes into being: a declared function with its block, any other where it stands. */
  private madeAt(closure: AnyNode): number {
    return closure.type === "FunctionDeclaration" ? -1 : closure.start;
  }

  /** Whether code may come to a `let`, `const` or `class` before its declaration was executed. */
  private mayBeUninitialized(binding: Binding): boolean {
    if (!binding.isLexical) return false;
    const { declaredAt } = binding;
    const { node } = binding.scope;
    const declaringCase =
      node.type === "SwitchStatement" &&
      node.cases.find((each) => each.start <= declaredAt && declaredAt <= each.end);
    return binding.references.some(({ identifier, closure }) => {
      if (identifier.end === 0) return false; // Made by the compiler.
      if (closure !== null) return !this.isMadeAfter(binding, closure);
      if (declaringCase && (identifier.start < declaringCase.start || identifier.end > declaringCase.end))
        return true;
      return identifier.end < declaredAt && !this.isDeclaration(binding, identifier);
    });
  }

  /** Whether a closure can run only when a variable has its value. */
  private isMadeAfter(binding: Binding, closure: AnyNode): boolean {
    const { declaredAt } = binding;
    if (closure.type !== "FunctionDeclaration" || !closure.id) {
      return closure.start > declaredAt || this.isOwnValue(binding, closure);
    }
    const itself = this.scopes.bound.get(closure.id);
    return (
      itself?.declared === closure &&
      itself.references.every(
        (each) =>
          each.identifier === closure.id ||
          each.closure === closure ||
          (each.closure === null
            ? each.identifier.start > declaredAt
            : each.closure.type !== "FunctionDeclaration" && each.closure.start > declaredAt),
      )
    );
  }

  private isDeclaration(binding: Binding, identifier: Identifier): boolean {
    return binding.references[0]?.identifier === identifier;
  }

  /** `const f = () => … f() …`: it runs only when `f` has its value. */
  private isOwnValue(binding: Binding, closure: AnyNode): boolean {
    return (
      isFunction(closure) && closure.type !== "FunctionDeclaration" && closure.end === binding.declaredAt
    );
  }

  /** Whether one activation of the generated function may come to a scope more than once. */
  private isInLoop(scope: Scope): boolean {
    for (let at: Scope | null = scope; at !== null; at = at.parent) if (isLoop(at.node)) return true;
    return false;
  }

  /** What is executed when a scope is entered: its record, and the functions that it declares. */
  private entry(scope: Scope): Statement[] {
    const statements: Statement[] = [];
    const record = this.records.get(scope);
    if (record !== undefined) {
      const fields = record.bindings.map((binding): [string, Expression] => [
        binding.name,
        this.initial(binding),
      ]);
      statements.push(b.statement(b.assign(this.locals.use(record.name), b.object(fields))));
    }
    for (const binding of scope.bindings.values()) {
      const home = this.homes.get(binding);
      if (home === undefined) continue;
      if (home.kind === "local" && this.uninitialized.has(binding)) {
        statements.push(b.statement(b.assign(this.locals.use(home.name), this.initial(binding))));
      }
      const { declared } = binding;
      if (declared !== undefined) {
        const expression: Expression = this.inScope(scope, () =>
          this.closureExpression({ ...declared, type: "FunctionExpression" } as Expression, declared),
        );
        statements.push(located(b.statement(b.assign(this.place(binding), expression)), declared));
      }
    }
    return statements;
  }

  private initial(binding: Binding): Expression {
    return this.uninitialized.has(binding) ? this.names.runtime("Uninitialized") : b.undefined();
  }

  private inScope<R>(scope: Scope, run: () => R): R {
    const outer = this.scope;
    this.scope = scope;
    try {
      return run();
    } finally {
      this.scope = outer;
    }
  }

  /** The variable itself, to read or to assign. */
  private place(binding: Binding): Identifier | Extract<AnyNode, { type: "MemberExpression" }> {
    const home = this.homes.get(binding);
    if (home === undefined) return b.id(binding.name);
    if (home.kind === "local") return this.locals.use(home.name);
    return b.member(this.locals.use(home.record), binding.name);
  }

  private list(statements: readonly Statement[]): Statement[] {
    return statements.flatMap((each) => {
      const statement = this.statement(each);
      if (statement.type === "EmptyStatement") return [];
      return statement.type === "BlockStatement" && this.groups.has(statement) ? statement.body : [statement];
    });
  }

  private group(statements: Statement[], at: AnyNode): Statement {
    const [only] = statements;
    if (statements.length === 0) return empty(at);
    if (statements.length === 1 && only !== undefined) return only;
    const block = b.block(statements);
    this.groups.add(block);
    return block;
  }

  // The walk maps statements to statements, expressions to expressions and patterns to patterns.
  private readonly statement = (node: Statement): Statement => this.map(node) as Statement;
  private readonly expression = (node: Expression): Expression => this.map(node) as Expression;

  private readonly map = (node: AnyNode): AnyNode => {
    switch (node.type) {
      case "Identifier":
        return this.identifier(node);
      case "ThisExpression":
        return this.self !== null && this.ownThis ? located(this.locals.use(this.self), node) : node;
      case "MemberExpression":
      case "Property":
      case "PropertyDefinition":
      case "MethodDefinition":
        return this.keyed(node);
      case "LabeledStatement":
        return this.labeled(node);
      case "BreakStatement":
      case "ContinueStatement":
        return node;
      case "MetaProperty":
        // A coroutine is never called by `new`.
        return this.ownThis && this.fn.type !== "ArrowFunctionExpression" && node.meta.name === "new"
          ? b.undefined()
          : node;
      case "AssignmentExpression":
        return this.assignment(node);
      case "UpdateExpression": {
        const { argument } = node;
        const binding = argument.type === "Identifier" ? this.scopes.bound.get(argument) : undefined;
        if (binding?.kind === "const" && this.homes.has(binding)) {
          return this.names.callRuntime("assignToConst", this.expression(argument));
        }
        return mapChildren(node, this.map);
      }
      case "VariableDeclaration":
        return this.declaration(node);
      case "FunctionDeclaration":
        // In a scope that is flattened it was made when that was entered.
        return this.homeOf(this.bindingOf(node.id)) ? empty(node) : this.function(node);
      case "ClassDeclaration": {
        const binding = this.bindingOf(node.id);
        if (binding === undefined || !this.homes.has(binding)) return this.class(node);
        const value = this.closureExpression({ ...node, type: "ClassExpression" } as Expression, node);
        return located(b.statement(b.assign(this.place(binding), value)), node);
      }
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "ClassExpression":
        return this.closureExpression(node, node);
      case "BlockStatement":
        return this.block(node);
      case "SwitchStatement": {
        const scope = this.scopes.of.get(node);
        const discriminant = this.expression(node.discriminant);
        if (scope === undefined) return node;
        return this.inScope(scope, () => {
          const entry = this.homesIn(scope) ? this.entry(scope) : [];
          const cases = node.cases.map((each) => mapChildren(each, this.map));
          return this.group([...entry, { ...node, discriminant, cases }], node);
        });
      }
      case "CatchClause":
        return this.catch(node);
      case "ForStatement":
        return this.forLoop(node);
      case "ForInStatement":
      case "ForOfStatement":
        return this.forEach(node);
      default:
        return mapChildren(node, this.map);
    }
  };

  private bindingOf(identifier: Identifier | null | undefined): Binding | undefined {
    return identifier ? this.scopes.bound.get(identifier) : undefined;
  }

  private homeOf(binding: Binding | undefined): Home | undefined {
    return binding && this.homes.get(binding);
  }

  private homesIn(scope: Scope): boolean {
    return this.scopes.isFlattened(scope);
  }

  private get ownThis(): boolean {
    return this.thisDepth === 0;
  }
  /** How many functions (or classes) with a `this` of their own are around. */
  private thisDepth = 0;

  private identifier(node: Identifier): Expression {
    const binding = this.scopes.bound.get(node);
    if (binding === undefined) {
      if (node.name === "arguments" && this.args !== null && this.ownThis)
        return located(this.locals.use(this.args), node);
      return node;
    }
    if (!this.homes.has(binding)) return node;
    const place = located(this.place(binding), node);
    if (!this.uninitialized.has(binding)) return place;
    return this.names.callRuntime("initialized", place, b.literal(binding.name));
  }

  /** Nodes with a name that is no variable. */
  private keyed(
    node: Extract<
      AnyNode,
      { type: "MemberExpression" | "Property" | "PropertyDefinition" | "MethodDefinition" }
    >,
  ): AnyNode {
    if (node.type === "MemberExpression") {
      const object = this.map(node.object);
      const property = node.computed ? this.map(node.property) : node.property;
      if (object === node.object && property === node.property) return node;
      // An object maps to an object, a name or expression to one.
      return { ...node, object, property } as AnyNode;
    }
    const key = node.computed ? this.map(node.key) : node.key;
    let value = node.value;
    if (node.type === "Property")
      value = this.value(node.value, node.computed ? null : keyName(node.key)) as never;
    else if (node.value) {
      this.thisDepth++;
      value = this.inside(node.value);
      this.thisDepth--;
    }
    if (key === node.key && value === node.value) return node;
    return { ...node, key, value, ...(node.type === "Property" ? { shorthand: false } : {}) } as AnyNode;
  }

  /** A method's function, or a field's value: never an expression of its own that would have to be wrapped. */
  private inside(node: AnyNode): never {
    // The caller puts it where it took `node` from.
    return (isFunction(node) ? this.function(node) : this.map(node)) as never;
  }

  /** The value of a property: a function without a name gets the property's. */
  private value(node: AnyNode, name: string | null): AnyNode {
    if (name === "__proto__" || !isAnonymous(node)) return this.map(node);
    return this.closureExpression(node, node, name, true);
  }

  private assignment(node: Extract<AnyNode, { type: "AssignmentExpression" }>): AnyNode {
    const target = node.left;
    if (target.type === "Identifier") {
      const binding = this.scopes.bound.get(target);
      const home = binding && this.homes.get(binding);
      if (binding === undefined || home === undefined) return mapChildren(node, this.map);
      const kept = home.kind === "local" && home.name === binding.name;
      const right = this.named(node.right, kept ? null : binding.name, binding.name);
      if (binding.kind === "const") {
        return this.names.callRuntime("assignToConst", right);
      }
      const place = located(this.place(binding), target);
      if (!this.uninitialized.has(binding)) return { ...node, left: place, right };
      // The check comes when the value is stored, after it was computed.
      const check = this.names.callRuntime("initialized", this.place(binding), b.literal(binding.name));
      if (node.operator !== "=") return b.sequence([check, { ...node, left: place, right }]);
      const value = this.locals.add(this.names.fresh("value"));
      return b.sequence([
        b.assign(this.locals.use(value), right),
        check,
        { ...node, left: place, right: this.locals.use(value) },
      ]);
    }
    const left = this.target(target);
    const right = this.expression(node.right);
    // A pattern maps to a pattern.
    return { ...node, left: left as Pattern, right } as AnyNode;
  }

  /** A pattern that is assigned: like any node, but for names, which are places. */
  private target(node: AnyNode): AnyNode {
    switch (node.type) {
      case "Identifier": {
        const binding = this.scopes.bound.get(node);
        if (binding === undefined) return this.identifier(node);
        return this.homes.has(binding) ? located(this.place(binding), node) : node;
      }
      case "ObjectPattern": {
        const properties = node.properties.map((each) => {
          if (each.type !== "Property") return { ...each, argument: this.target(each.argument) };
          const key = each.computed ? this.map(each.key) : each.key;
          const value = this.target(each.value);
          return { ...each, key, value, shorthand: each.shorthand && value === each.value };
        });
        return { ...node, properties } as AnyNode;
      }
      case "ArrayPattern":
        return { ...node, elements: node.elements.map((each) => each && this.target(each)) } as AnyNode;
      case "RestElement":
        return { ...node, argument: this.target(node.argument) } as AnyNode;
      case "AssignmentPattern": {
        const name = node.left.type === "Identifier" ? node.left.name : null;
        const left = this.target(node.left);
        const renamed = !(left.type === "Identifier" && left.name === name);
        return { ...node, left, right: this.named(node.right, renamed ? name : null, name) } as AnyNode;
      }
      default:
        return this.map(node);
    }
  }

  /** A value that is put where a function without a name would be named `name`; `null` where the language still does it. */
  private named(node: Expression, name: string | null, original: string | null = name): Expression {
    if (!isAnonymous(node)) return this.expression(node);
    return this.closureExpression(node, node, original, name === null);
  }

  private declaration(node: Extract<AnyNode, { type: "VariableDeclaration" }>): AnyNode {
    const [first] = node.declarations.flatMap((each) => namesIn(each.id));
    const binding = first && this.scopes.bound.get(first);
    const isMoved =
      binding === undefined ? this.isOwnCode && this.homesIn(this.scope) : this.homes.has(binding);
    if (!isMoved) return mapChildren(node, this.map);
    const assignments = node.declarations.flatMap((each): Expression[] => {
      if (!each.init) {
        if (node.kind === "var") return [];
        return [located(b.assign(this.target(each.id) as Pattern, b.undefined()), each)];
      }
      const name = each.id.type === "Identifier" ? each.id.name : null;
      const target = this.target(each.id) as Pattern;
      const renamed = !(target.type === "Identifier" && target.name === name);
      return [located(b.assign(target, this.named(each.init, renamed ? name : null, name)), each)];
    });
    return this.group(
      assignments.map((each) => located(b.statement(each), each)),
      node,
    );
  }

  private get isOwnCode(): boolean {
    return this.closure === null;
  }

  /** The label of a loop stays with the loop, behind what its head has become. */
  private labeled(node: Extract<AnyNode, { type: "LabeledStatement" }>): Statement {
    const body = this.statement(node.body);
    if (body.type !== "BlockStatement" || !this.groups.has(body)) return { ...node, body };
    const last = body.body.at(-1);
    if (last === undefined) return { ...node, body };
    return this.group([...body.body.slice(0, -1), { ...node, body: last }], node);
  }

  private block(node: BlockStatement): AnyNode {
    const scope = this.scopes.of.get(node);
    if (scope === undefined) return mapChildren(node, this.map);
    return this.inScope(scope, () => {
      const entry = this.homesIn(scope) ? this.entry(scope) : [];
      return { ...node, body: [...entry, ...this.list(node.body)] };
    });
  }

  private catch(node: Extract<AnyNode, { type: "CatchClause" }>): AnyNode {
    const scope = this.scopes.of.get(node);
    if (scope === undefined || !this.homesIn(scope)) {
      return scope === undefined ? node : this.inScope(scope, () => mapChildren(node, this.map));
    }
    return this.inScope(scope, () => {
      const param = node.param ? (this.target(node.param) as Pattern) : null;
      const entry = this.entry(scope);
      const body = this.statement(node.body);
      if (param === null || entry.length === 0) return { ...node, param, body: b.block([...entry, body]) };
      // The record that the parameter lives in comes first.
      const caught = this.locals.add(this.names.fresh("caught"));
      const assign = located(b.statement(b.assign(param, this.locals.use(caught))), node.param ?? node);
      return { ...node, param: this.locals.use(caught), body: b.block([...entry, assign, body]) };
    });
  }

  private forLoop(node: Extract<AnyNode, { type: "ForStatement" }>): AnyNode {
    const scope = this.scopes.of.get(node);
    if (scope === undefined) return node;
    return this.inScope(scope, () => {
      if (!this.homesIn(scope)) {
        if (node.init?.type !== "VariableDeclaration") return mapChildren(node, this.map);
        const init = this.declaration(node.init);
        const rest = mapChildren({ ...node, init: null }, this.map);
        return { ...rest, init: asInit(init) };
      }
      const entry = this.entry(scope);
      const record = this.records.get(scope);
      const init = node.init ? this.map(node.init) : null;
      const test = node.test ? this.expression(node.test) : null;
      let update = node.update ? this.expression(node.update) : null;
      const body = this.statement(node.body);
      const before: Statement[] = [...entry];
      if (init !== null) before.push(...asStatements(init));
      if (record !== undefined) {
        // Each iteration has variables of its own, which start with the values of the one before.
        const renew = (): Expression =>
          b.assign(
            this.locals.use(record.name),
            b.object(
              record.bindings.map(({ name }): [string, Expression] => [
                name,
                b.member(this.locals.use(record.name), name),
              ]),
            ),
          );
        if (node.init && containsFunction(node.init)) before.push(b.statement(renew()));
        update = update === null ? renew() : b.sequence([renew(), update]);
      }
      const loop: Statement = { ...node, init: null, test, update, body };
      return this.group([...before, loop], node);
    });
  }

  /** A loop over an iterable in which nothing suspends. */
  private forEach(node: Extract<AnyNode, { type: "ForInStatement" | "ForOfStatement" }>): AnyNode {
    const scope = this.scopes.of.get(node);
    if (scope === undefined) return node;
    return this.inScope(scope, () => {
      let left: AnyNode = node.left;
      if (left.type === "VariableDeclaration") {
        const [declarator] = left.declarations;
        const [first] = declarator ? namesIn(declarator.id) : [];
        const binding = first && this.scopes.bound.get(first);
        const isMoved = binding !== undefined && this.homes.has(binding);
        left = isMoved && declarator ? this.target(declarator.id) : mapChildren(left, this.map);
      } else left = this.target(left);
      // What was mapped is what it was.
      return {
        ...node,
        left,
        right: this.expression(node.right),
        body: this.statement(node.body),
      } as AnyNode;
    });
  }

  private function(fn: AnyFunction): AnyNode {
    const scope = this.scopes.of.get(fn);
    if (scope === undefined) return fn;
    const outerClosure = this.closure;
    this.closure ??= fn;
    const hasThis = fn.type !== "ArrowFunctionExpression";
    if (hasThis) this.thisDepth++;
    try {
      return this.inScope(scope, () => {
        const params = fn.params.map((each) => this.map(each));
        const body =
          fn.body.type === "BlockStatement"
            ? { ...fn.body, body: this.list(fn.body.body) }
            : this.map(fn.body);
        return { ...fn, params, body } as AnyNode;
      });
    } finally {
      if (hasThis) this.thisDepth--;
      this.closure = outerClosure;
    }
  }

  private class(node: Extract<AnyNode, { type: "ClassDeclaration" | "ClassExpression" }>): AnyNode {
    const outerClosure = this.closure;
    this.closure ??= node;
    try {
      const superClass = node.superClass ? this.expression(node.superClass) : node.superClass;
      const body = {
        ...node.body,
        body: node.body.body.map((each) => {
          if (each.type !== "StaticBlock") return this.map(each);
          this.thisDepth++;
          try {
            return { ...each, body: this.list(each.body) };
          } finally {
            this.thisDepth--;
          }
        }),
      };
      return { ...node, superClass, body } as AnyNode;
    } finally {
      this.closure = outerClosure;
    }
  }

  /**
   * A function or class that is made in the coroutine's own code. Where it captures variables of a loop's iteration, it
   * is made in a function that gets those as its own: in the generated function they are the same variables in each
   * iteration.
   */
  private closureExpression(
    node: Expression,
    original: AnyNode,
    name: string | null = null,
    namedByPlace = true,
  ): Expression {
    const wasOwn = this.isOwnCode;
    let value = (
      isFunction(node) ? this.functionAs(node, original) : this.classAs(node, original)
    ) as Expression;
    const captured = wasOwn ? this.capturedInLoops(original) : [];
    if (name !== null && (captured.length > 0 || !namedByPlace))
      value = b.index(b.object([[name, value]]), b.literal(name));
    if (name !== null && value.type === "MemberExpression" && isIdentifierName(name))
      value = b.member(value.object, name);
    if (captured.length === 0) return value;
    const params = captured.map((each) => b.id(each));
    const args = captured.map((each) => this.locals.use(each));
    return b.call(b.arrow(params, value), ...args);
  }

  private classAs(node: Expression, original: AnyNode): AnyNode {
    if (node.type !== "ClassExpression") return this.map(node);
    const scope = this.scopes.of.get(original);
    return scope === undefined ? this.class(node) : this.inScope(scope, () => this.class(node));
  }

  private functionAs(node: AnyFunction, original: AnyNode): AnyNode {
    const scope = this.scopes.of.get(original);
    if (scope !== undefined) this.scopes.of.set(node, scope);
    return this.function(node);
  }

  /** Variables of the generated function that a closure captures and that a loop sets anew. */
  private capturedInLoops(closure: AnyNode): string[] {
    const found = new Set<string>();
    for (const [binding, home] of this.homes) {
      if (!this.isInLoop(binding.scope)) continue;
      if (!binding.references.some((each) => each.closure === closure)) continue;
      if (binding.declared === closure && home.kind === "local") continue;
      found.add(home.kind === "local" ? home.name : home.record);
    }
    return [...found];
  }
}

function isAnonymous(node: AnyNode): node is Expression {
  return (
    (node.type === "FunctionExpression" ||
      node.type === "ArrowFunctionExpression" ||
      node.type === "ClassExpression") &&
    !node.id
  );
}

function keyName(key: AnyNode): string | null {
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" ? String(key.value) : null;
}

function containsFunction(node: AnyNode): boolean {
  if (isFunction(node)) return true;
  let found = false;
  eachChild(node, (child) => {
    found ||= containsFunction(child);
  });
  return found;
}

function empty(at: AnyNode): Statement {
  return located({ type: "EmptyStatement", start: 0, end: 0 } satisfies Statement, at);
}

/** The statements that a declaration has become. */
function asStatements(node: AnyNode): Statement[] {
  if (node.type === "EmptyStatement") return [];
  if (node.type === "BlockStatement") return node.body;
  if (node.type === "ExpressionStatement") return [node];
  return node.type === "VariableDeclaration" ? [node] : [b.statement(node as Expression)];
}

/** A declaration in the head of a loop, or the expression that it has become. */
function asInit(node: AnyNode): Expression | null {
  if (node.type === "VariableDeclaration") return node as unknown as Expression;
  const expressions = asStatements(node).flatMap((each) =>
    each.type === "ExpressionStatement" ? [each.expression] : [],
  );
  return expressions.length === 0 ? null : b.sequence(expressions);
}
