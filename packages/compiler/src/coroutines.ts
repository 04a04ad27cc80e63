import {
  type AnyFunction,
  type AnyNode,
  type BlockStatement,
  b,
  type Expression,
  eachChild,
  type Identifier,
  isFunction,
  isLoop,
  located,
  mapChildren,
  namesIn,
  type Pattern,
  type Program,
  type Statement,
} from "./ast.ts";
import type { Machine } from "./builder.ts";
import { check } from "./check.ts";
import type { Comments } from "./comments.ts";
import { desugar } from "./desugar.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { type Emitted, type EmittedState, emit, slotName } from "./emit.ts";
import { flatten } from "./flatten.ts";
import { Form, type Known } from "./form.ts";
import { Liveness } from "./liveness.ts";
import type { Names } from "./names.ts";
import { isPreemptive, preempt } from "./preempt.ts";
import { type Resolved, resolve } from "./resolve.ts";
import { Scopes } from "./scopes.ts";

/** The slots that the frames of the runtime have: `Frame1`, `Frame3` and `Frame8`. */
const SHARED_SIZES = [1, 3, 8];

type Call = Extract<Expression, { type: "CallExpression" }>;
type Body = Program["body"][number];

/** What is known of a compiled coroutine. */
export interface Compiled {
  /** Its name, or that of the variable it is assigned to. */
  readonly name: string;
  readonly fn: AnyFunction;
  readonly slots: number;
  readonly states: readonly EmittedState[];
}

export interface CompileContext {
  readonly program: Program;
  readonly names: Names;
  readonly comments: Comments;
  readonly diagnostics: Diagnostics;
  readonly explain: boolean;
  readonly text: (node: AnyNode) => string;
  /** How often each name occurs in the source. */
  readonly occurrences: ReadonlyMap<string, number>;
  /** Gives every node of a statement its lines and columns, if they are needed. */
  readonly locate: (statement: AnyNode) => void;
  readonly lineOf: (node: AnyNode) => number;
  /** Line from 1, column from 0, in the source. */
  readonly placeOf: (node: AnyNode) => { readonly line: number; readonly column: number };
  readonly filename: string;
  /** Names that mean `co` without an import. */
  readonly assumed: readonly string[];
  /** Whether an import from this module is one from Pollux. */
  readonly isPollux: (module: string) => boolean;
}

/** A statement of a module's own level, and what it becomes: itself, where it has no coroutine. */
export interface CompiledStatement {
  readonly original: Body;
  readonly becomes: readonly Body[];
}

/** A compiled module. */
export interface CompiledModule {
  /** The import of what the generated code needs. */
  readonly imports: Body;
  /** What comes before all statements but the imports that the module begins with. */
  readonly before: readonly Statement[];
  readonly body: readonly CompiledStatement[];
}

/** Compiles every `co(async …)` and `co(function* …)` of a module. */
export class Coroutines {
  readonly compiled: Compiled[] = [];
  private readonly context: CompileContext;
  /** What `co` is called in this module, and what the whole of Pollux is. */
  private readonly coNames = new Set<string>();
  private readonly namespaces = new Set<string>();
  /** Names declared in the functions and blocks around, innermost last. */
  private readonly around: Set<string>[] = [];
  private hoisted: Statement[] = [];
  /** The same, of functions that the module may call before it comes to them. */
  private readonly early: Statement[] = [];
  /** Coroutines of the module's own level that can be called directly, by their names. */
  private readonly known = new Map<string, { run: string; params: number; end: number }>();
  /** Where the names that lead to `co` are, in the text. */
  private mentions: readonly number[] = [];
  /** How many calls of `co`, by what it is called there, have been compiled. */
  private readonly calls = new Map<string, number>();
  private readonly scopes = new Map<AnyNode, Scopes>();
  private readonly runNames = new Map<AnyNode, string>();

  constructor(context: CompileContext) {
    this.context = context;
  }

  /** The compiled module; `null` if it has no coroutines. */
  compile(): CompiledModule | null {
    this.findImports();
    for (const each of this.context.assumed) this.coNames.add(each);
    if (this.coNames.size === 0 && this.namespaces.size === 0) return null;
    this.findKnown();
    this.mentions = this.offsetsOf([...this.coNames, ...this.namespaces]);
    const body = this.context.program.body.map((original): CompiledStatement => {
      if (original.type === "ImportDeclaration" || !this.mayHaveCoroutine(original))
        return { original, becomes: [original] };
      this.context.locate(original);
      // A statement stays a statement.
      const statement = this.map(original) as Body;
      const before = this.hoisted;
      this.hoisted = [];
      if (!isHoisted(original)) return { original, becomes: [...before, statement] };
      this.early.push(...before);
      return { original, becomes: [statement] };
    });
    this.context.diagnostics.check();
    if (this.compiled.length === 0) return null;
    return { imports: this.runtimeImport(), before: this.before(), body: this.withoutUnused(body) };
  }

  /** The module without its imports of `co` that nothing needs any more. The module they are from is still loaded. */
  private withoutUnused(body: readonly CompiledStatement[]): CompiledStatement[] {
    // All others are the one in the import.
    const isUnused = (name: string): boolean =>
      this.context.occurrences.get(name) === (this.calls.get(name) ?? 0) + 1;
    return body.map((each) => {
      const { original } = each;
      if (original.type !== "ImportDeclaration" || !this.context.isPollux(String(original.source.value)))
        return each;
      const specifiers = original.specifiers.filter(
        (specifier) => !(isCo(specifier) && isUnused(specifier.local.name)),
      );
      if (specifiers.length === original.specifiers.length) return each;
      this.context.locate(original);
      return { original, becomes: [{ ...original, specifiers }] };
    });
  }

  /** Where names are in the text, in order. */
  private offsetsOf(names: readonly string[]): number[] {
    const { program } = this.context;
    const text = this.context.text(program);
    const offsets: number[] = [];
    for (const name of names) {
      for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1))
        offsets.push(program.start + at);
    }
    return offsets.sort((a, b) => a - b);
  }

  /** What the code of all coroutines takes as constant, and what a function needs that may be called before its place. */
  private before(): Statement[] {
    const { names } = this.context;
    if (names.pendingName === null) return this.early;
    const pending = b.declare("const", b.id(names.pendingName), names.runtime("Pending"));
    return [pending, ...this.early];
  }

  private findImports(): void {
    for (const each of this.context.program.body) {
      if (each.type !== "ImportDeclaration" || !this.context.isPollux(String(each.source.value))) continue;
      for (const specifier of each.specifiers) {
        if (specifier.type === "ImportNamespaceSpecifier") this.namespaces.add(specifier.local.name);
        else if (isCo(specifier)) this.coNames.add(specifier.local.name);
      }
    }
  }

  private runtimeImport(): Body {
    const specifiers = [...this.context.names.imports]
      .sort(([a], [c]) => (a < c ? -1 : 1))
      .map(([imported, local]) => ({
        type: "ImportSpecifier" as const,
        imported: b.id(imported),
        local: b.id(local),
        start: 0,
        end: 0,
      }));
    return {
      type: "ImportDeclaration",
      specifiers,
      source: {
        type: "Literal",
        value: "pollux/compiler-runtime",
        raw: '"pollux/compiler-runtime"',
        start: 0,
        end: 0,
      },
      attributes: [],
      start: 0,
      end: 0,
    };
  }

  /** `const f = co(…)` of the module's own level, where a call of `f` can only mean this one. */
  private findKnown(): void {
    for (const each of this.context.program.body) {
      const node = each.type === "ExportNamedDeclaration" ? each.declaration : each;
      if (node?.type !== "VariableDeclaration" || node.kind !== "const") continue;
      for (const { id, init } of node.declarations) {
        if (id.type !== "Identifier" || init?.type !== "CallExpression") continue;
        const fn = this.coroutineOf(init);
        if (fn === null || (fn.async && fn.generator)) continue; // A call of a stream's is not awaited.
        if (!fn.params.every((param) => param.type === "Identifier")) continue;
        const scopes = this.scopesOf(fn);
        if (scopes.usesThis || scopes.usesArguments) continue;
        if (fn.type === "ArrowFunctionExpression" && usesLexical(fn)) continue;
        const run = this.context.names.fresh(`${id.name}$run`);
        this.known.set(id.name, { run, params: fn.params.length, end: node.end });
        this.runNames.set(fn, run);
      }
    }
  }

  /** The function that a call of `co` is given, if the call is one. */
  private coroutineOf(call: Call): AnyFunction | null {
    const { callee } = call;
    const isCo =
      callee.type === "Identifier"
        ? this.coNames.has(callee.name) && !this.isShadowed(callee.name)
        : callee.type === "MemberExpression" &&
          !callee.computed &&
          callee.object.type === "Identifier" &&
          this.namespaces.has(callee.object.name) &&
          !this.isShadowed(callee.object.name) &&
          callee.property.type === "Identifier" &&
          callee.property.name === "co";
    const [fn] = call.arguments;
    if (!isCo || fn === undefined || !isFunction(fn)) return null;
    return fn.async || fn.generator ? fn : null;
  }

  private scopesOf(fn: AnyFunction): Scopes {
    let scopes = this.scopes.get(fn);
    if (scopes === undefined) {
      scopes = new Scopes(fn);
      this.scopes.set(fn, scopes);
    }
    return scopes;
  }

  private isShadowed(name: string): boolean {
    return this.around.some((each) => each.has(name));
  }

  private readonly map = (node: AnyNode): AnyNode => {
    if (node.type === "CallExpression") {
      const fn = this.coroutineOf(node);
      if (fn !== null) return this.coroutine(node, fn, null);
    }
    if (
      node.type === "VariableDeclarator" &&
      node.init?.type === "CallExpression" &&
      node.id.type === "Identifier"
    ) {
      const fn = this.coroutineOf(node.init);
      if (fn !== null) return { ...node, init: this.coroutine(node.init, fn, node.id.name) };
    }
    if (
      (node.type === "PropertyDefinition" || node.type === "Property") &&
      node.value?.type === "CallExpression" &&
      !node.computed &&
      node.key.type === "Identifier"
    ) {
      const fn = this.coroutineOf(node.value);
      if (fn !== null) {
        const value = this.within(node, () =>
          this.coroutine(node.value as Call, fn, (node.key as Identifier).name),
        );
        return { ...node, value, ...(node.type === "Property" ? { shorthand: false } : {}) } as AnyNode;
      }
    }
    return this.mayHaveCoroutine(node) ? this.within(node, () => mapChildren(node, this.map)) : node;
  };

  /** Whether one of the names that lead to `co` is in a node of the source. */
  private mayHaveCoroutine(node: AnyNode): boolean {
    let low = 0;
    let high = this.mentions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.mentions[middle] ?? 0) < node.start) low = middle + 1;
      else high = middle;
    }
    return (this.mentions[low] ?? Number.POSITIVE_INFINITY) < node.end;
  }

  private classes = 0;

  private get isInClass(): boolean {
    return this.classes > 0;
  }

  private within<R>(node: AnyNode, run: () => R): R {
    const names = declaredBy(node);
    const isClass = node.type === "ClassExpression" || node.type === "ClassDeclaration";
    if (isClass) this.classes++;
    if (names !== null) this.around.push(names);
    try {
      return run();
    } finally {
      if (isClass) this.classes--;
      if (names !== null) this.around.pop();
    }
  }

  /** What the call of `co` becomes. */
  private coroutine(call: Call, original: AnyFunction, assignedTo: string | null): Expression {
    const { context } = this;
    const isStream = original.async && original.generator;
    if (call.callee.type === "Identifier") {
      const { name } = call.callee;
      this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
    }
    check(
      original,
      this.scopesOf(original),
      context.diagnostics,
      context.program.sourceType === "script" && !isStrict(original),
    );
    // Coroutines inside are compiled first: then they are functions as any other.
    const fn = this.within(original, () => mapChildren(original, this.map));
    const displayName = original.id?.name ?? assignedTo ?? "(anonymous)";
    const names = context.names.within(fn, fn === original);
    const ownThis = fn.type !== "ArrowFunctionExpression";
    const baseName = original.id?.name ?? assignedTo ?? "anonymous";
    const scopes = this.scopesOf(fn);
    const ownName =
      fn.type === "FunctionExpression" && fn.id && scopes.free.has(fn.id.name) ? fn.id.name : null;
    // The code of a stream is called with its frame alone, as that of a closure.
    const isClosure = isStream || ownName !== null || this.isClosure(fn, scopes, ownThis);
    let ownClass: string | null = null;
    const frameClass = (slots: number): Identifier => {
      const shared = isStream ? undefined : SHARED_SIZES.find((size) => slots <= size);
      if (shared !== undefined) return names.runtime(`Frame${shared}`);
      ownClass ??= context.names.fresh(`${baseName}$Frame`);
      return b.id(ownClass);
    };
    const codeName = isClosure ? names.fresh("code") : context.names.fresh(`${baseName}$code`);
    const runName = isClosure
      ? names.fresh("run")
      : (this.runNames.get(original) ?? context.names.fresh(`${baseName}$run`));
    const machine: Machine = {
      cx: names.fresh("cx"),
      frame: names.fresh("frame"),
      at: names.fresh("at"),
      value: names.fresh("value"),
    };
    const body: BlockStatement =
      fn.body.type === "BlockStatement" ? fn.body : b.block([located(b.return(fn.body), fn.body)]);
    const code = isStream ? (awaitReturns(body) as BlockStatement) : body;
    const whole = isPreemptive(original, call.arguments[1]) ? preempt(code, names) : code;
    const desugared: AnyFunction = { ...fn, body: desugar(whole, names) } as AnyFunction;
    const resolved = resolve(desugared, names, ownThis);
    const form = new Form(
      isStream ? "stream" : fn.async ? "async" : "generator",
      names,
      machine,
      (callee) => (resolved.locals.has(callee) ? undefined : this.knownCall(callee)),
      displayName,
    );
    const graph = flatten(resolved, names, machine, form);
    const liveness = new Liveness(graph, resolved.locals, resolved.params);
    const emitted = emit({
      graph,
      liveness,
      locals: resolved.locals,
      names,
      machine,
      params: resolved.params,
      frameClass,
      code: codeName,
      isClosure,
      comments: context.comments,
      explain: context.explain,
      text: context.text,
      lineOf: context.lineOf,
    });
    this.compiled.push({ name: displayName, fn: original, slots: emitted.slots, states: emitted.states });
    const runParams = [machine.cx, machine.frame, ...resolved.params].map((name) => b.id(name));
    const { startSlots } = emitted;
    const frame = frameClass(emitted.slots);
    if (ownClass !== null) {
      const base = isStream ? "StreamFrame" : "CompiledFrame";
      const own = frameClassOf(ownClass, base, emitted.slots, startSlots, context.names, names);
      this.hoisted.push(located(own, original));
    }
    const about = this.about(displayName, emitted);
    const start = this.start(fn, resolved, frame, codeName, startSlots, original);
    const guarded = !fn.params.every(isPlain);
    const wrapper = isStream ? "streaming" : guarded ? "guarded" : "coroutine";
    const entry = context.names.callRuntime(wrapper, start);
    if (!isClosure) {
      this.hoisted.push(
        located(
          { ...b.function(b.id(runName), runParams, emitted.body), type: "FunctionDeclaration" } as Statement,
          original,
        ),
      );
      this.hoisted.push(
        b.declare("const", b.id(codeName), b.new(context.names.runtime("Code"), b.id(runName), about)),
      );
      return located(entry, call);
    }
    const aboutName = context.names.fresh(`${baseName}$about`);
    this.hoisted.push(b.declare("const", b.id(aboutName), about));
    // A name, for stacks; an arrow function, which has none, only where the code needs the `this` around it.
    const run: Expression =
      ownThis || !usesLexical(fn)
        ? b.function(b.id(names.fresh(`${baseName}$run`)), runParams, emitted.body)
        : b.arrow(runParams, b.block(emitted.body));
    const made = located(
      context.names.callRuntime(
        "closure",
        b.id(aboutName),
        located(run, original),
        b.arrow([b.id(codeName)], entry),
      ),
      call,
    );
    if (ownName === null) return made;
    // Its name means the coroutine itself, in its own code.
    const named = [b.declare("const", b.id(ownName), made), b.return(b.id(ownName))];
    return b.call(b.arrow([], b.block(named)));
  }

  /** What the runtime is told of a coroutine: its name, and where its frames can wait, for dumps. */
  private about(name: string, emitted: Emitted): Expression {
    const { context } = this;
    const states = emitted.states.map((each): [string, Expression] => {
      const { line, column } = context.placeOf(each.at);
      const slots: string[] = [];
      for (const [i, variable] of each.live.entries()) slots[each.slots[i] ?? 0] = variable;
      const elements = [line, column + 1, ...Array.from(slots, (variable) => variable ?? "")].map((value) =>
        b.literal(value),
      );
      return [String(each.label), { type: "ArrayExpression", elements, start: 0, end: 0 }];
    });
    return b.object([
      ["name", b.literal(name)],
      ["file", b.literal(context.filename)],
      ["states", b.object(states)],
      ...(emitted.hasFinally ? [["hasFinally", b.literal(true)] as [string, Expression]] : []),
    ]);
  }

  private knownCall(callee: Identifier): Known | undefined {
    if (this.isShadowed(callee.name)) return undefined;
    const known = this.known.get(callee.name);
    if (known === undefined) return undefined;
    return {
      run: known.run,
      params: known.params,
      check: callee.start < known.end && callee.end !== 0 && !this.isWithin(callee, known),
    };
  }

  /** Whether a call stands in the coroutine that it calls: that runs only once it has been declared. */
  private isWithin(callee: Identifier, known: { readonly run: string }): boolean {
    for (const [fn, run] of this.runNames)
      if (run === known.run) return fn.start <= callee.start && callee.end <= fn.end;
    return false;
  }

  /** The function that is called as the coroutine: it makes a frame. */
  private start(
    fn: AnyFunction,
    resolved: Resolved,
    frameClass: Identifier,
    code: string,
    startSlots: readonly (string | null)[],
    original: AnyFunction,
  ): Expression {
    const sources = this.sources(fn, resolved);
    const args = startSlots.map((name) =>
      name === null ? b.undefined() : (sources.get(name) ?? b.undefined()),
    );
    const frame = b.new(frameClass, b.id(code), ...args);
    const params: Pattern[] = fn.params;
    const needsLexical = fn.type === "ArrowFunctionExpression" && params.some((each) => usesLexical(each));
    const start = needsLexical
      ? b.arrow(params, frame)
      : b.function(original.id ? b.id(original.id.name) : null, params, [b.return(frame)]);
    return located(start, original);
  }

  /** Where the start function has what the code's function is given. */
  private sources(fn: AnyFunction, resolved: Resolved): Map<string, Expression> {
    const names = fn.params.flatMap((param) => namesIn(param).map(({ name }) => name));
    const special = resolved.params.length - names.length;
    const sources = new Map<string, Expression>();
    for (const [i, name] of resolved.params.entries()) {
      const own = names[i - special];
      if (own !== undefined) sources.set(name, b.id(own));
      else sources.set(name, name.startsWith("self") ? b.this() : b.id("arguments"));
    }
    return sources;
  }

  /** Whether a coroutine's code means variables, or a `this`, of a function or block around it. */
  private isClosure(fn: AnyFunction, scopes: Scopes, ownThis: boolean): boolean {
    if (!ownThis && (scopes.usesThis || scopes.usesArguments || usesLexical(fn))) return true;
    if (this.around.some((names) => [...scopes.free].some((name) => names.has(name)))) return true;
    return this.isInClass && usesPrivate(fn);
  }
}

/** Whether a statement declares a function, which is there from the start. */
function isHoisted(node: AnyNode): boolean {
  if (node.type === "ExportNamedDeclaration" || node.type === "ExportDefaultDeclaration")
    return node.declaration?.type === "FunctionDeclaration";
  return node.type === "FunctionDeclaration";
}

function isCo(specifier: AnyNode): boolean {
  return specifier.type === "ImportSpecifier" && exportedName(specifier.imported) === "co";
}

function exportedName(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : "";
}

/** A parameter that cannot throw. */
function isPlain(param: Pattern): boolean {
  return (
    param.type === "Identifier" || (param.type === "RestElement" && param.argument.type === "Identifier")
  );
}

/** An async generator awaits what it returns where it returns it: in a `try`, its `catch` sees what that fails with. */
function awaitReturns(node: AnyNode): AnyNode {
  if (isFunction(node)) return node;
  const mapped = mapChildren(node, awaitReturns);
  if (mapped.type !== "ReturnStatement" || !mapped.argument) return mapped;
  const argument: Expression = {
    type: "AwaitExpression",
    argument: mapped.argument,
    start: mapped.start,
    end: mapped.end,
  };
  return { ...mapped, argument: located(argument, mapped.argument) };
}

function isStrict(fn: AnyFunction): boolean {
  const first = fn.body.type === "BlockStatement" ? fn.body.body[0] : undefined;
  return first?.type === "ExpressionStatement" && first.directive === "use strict";
}

/** Whether code uses a `this`, `arguments`, `super` or `new.target` that is not its own. */
function usesLexical(node: AnyNode): boolean {
  if (node.type === "ThisExpression" || node.type === "Super" || node.type === "MetaProperty") {
    return node.type !== "MetaProperty" || node.meta.name === "new";
  }
  if (node.type === "Identifier" && node.name === "arguments") return true;
  if (isFunction(node) && node.type !== "ArrowFunctionExpression") return false;
  let found = false;
  eachChild(node, (child) => {
    found ||= usesLexical(child);
  });
  return found;
}

/** Whether code uses a `#name`, which only code within its class may. */
function usesPrivate(node: AnyNode): boolean {
  if (node.type === "PrivateIdentifier") return true;
  let found = false;
  eachChild(node, (child) => {
    found ||= usesPrivate(child);
  });
  return found;
}

/** The names that a node declares for the code in it; `null` if it declares none. */
function declaredBy(node: AnyNode): Set<string> | null {
  const names = new Set<string>();
  const lexical = (statements: readonly AnyNode[]): void => {
    for (const each of statements) {
      if (each.type === "VariableDeclaration" && each.kind !== "var") {
        for (const { id } of each.declarations) for (const { name } of namesIn(id)) names.add(name);
      } else if ((each.type === "FunctionDeclaration" || each.type === "ClassDeclaration") && each.id) {
        names.add(each.id.name);
      }
    }
  };
  const vars = (inner: AnyNode): void => {
    if (inner.type === "VariableDeclaration" && inner.kind === "var") {
      for (const { id } of inner.declarations) for (const { name } of namesIn(id)) names.add(name);
    }
    if (!isFunction(inner)) eachChild(inner, vars);
  };
  if (isFunction(node)) {
    if (node.id && node.type === "FunctionExpression") names.add(node.id.name);
    for (const param of node.params) for (const { name } of namesIn(param)) names.add(name);
    vars(node.body);
    return names;
  }
  switch (node.type) {
    case "BlockStatement":
    case "StaticBlock":
      lexical(node.body);
      break;
    case "SwitchStatement":
      lexical(node.cases.flatMap((each) => each.consequent));
      break;
    case "CatchClause":
      if (node.param) for (const { name } of namesIn(node.param)) names.add(name);
      break;
    case "ClassExpression":
    case "ClassDeclaration":
      if (node.id && node.type === "ClassExpression") names.add(node.id.name);
      break;
    default:
      if (!isLoop(node)) return null;
      if (node.type === "ForStatement" && node.init) lexical([node.init]);
      if (node.type === "ForInStatement" || node.type === "ForOfStatement") lexical([node.left]);
  }
  return names.size === 0 ? null : names;
}

function method(
  kind: "method" | "constructor",
  name: string,
  params: Pattern[],
  body: Statement[],
): Extract<AnyNode, { type: "MethodDefinition" }> {
  return {
    type: "MethodDefinition",
    kind,
    key: b.id(name),
    value: b.function(null, params, body) as Extract<AnyNode, { type: "MethodDefinition" }>["value"],
    computed: false,
    static: false,
    start: 0,
    end: 0,
  };
}

/**
 * The class of the frames of a coroutine that needs more slots than the classes of the runtime have. Where it can, a
 * coroutine shares those: V8 then sees few classes of frames.
 */
function frameClassOf(
  className: string,
  base: "StreamFrame" | "CompiledFrame",
  slots: number,
  startSlots: readonly (string | null)[],
  moduleNames: Names,
  names: Names,
): Statement {
  const place = (slot: number): Extract<AnyNode, { type: "MemberExpression" }> =>
    b.member(b.this(), slotName(slot));
  const all = Array.from({ length: slots }, (_, slot) => slot);
  const params = startSlots.map((each) => each ?? names.fresh("unused"));
  const code = b.id(names.fresh("code"));
  const create = method(
    "constructor",
    "constructor",
    [code, ...params.map((each) => b.id(each))],
    [
      b.statement({
        type: "CallExpression",
        callee: { type: "Super", start: 0, end: 0 },
        arguments: [code],
        optional: false,
        start: 0,
        end: 0,
      }),
      ...all.map((slot) => {
        const given = params[slot];
        return b.statement(b.assign(place(slot), given === undefined ? b.undefined() : b.id(given)));
      }),
    ],
  );
  const drop = method(
    "method",
    "drop",
    [],
    all.map((slot) => b.statement(b.assign(place(slot), b.undefined()))),
  );
  return {
    type: "ClassDeclaration",
    id: b.id(className),
    superClass: moduleNames.runtime(base),
    body: { type: "ClassBody", body: [create, drop], start: 0, end: 0 },
    start: 0,
    end: 0,
  };
}
