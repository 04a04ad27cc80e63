import { type AnyFunction, type AnyNode, eachChild, isFunction, isLoop, namesIn } from "./ast.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { Scopes } from "./scopes.ts";

/** Reports what a coroutine has that cannot be compiled, and what will probably not do what was meant. */
export function check(fn: AnyFunction, scopes: Scopes, diagnostics: Diagnostics, isSloppy: boolean): void {
  const visit = (node: AnyNode): void => {
    switch (node.type) {
      case "WithStatement":
        diagnostics.error(
          "POLLUX_COMPILE_WITH",
          "a coroutine with a `with` statement cannot be compiled: which variables its code means is not known before it runs. Name the object instead.",
          node,
        );
        break;
      case "CallExpression":
        if (node.callee.type === "Identifier" && node.callee.name === "eval") {
          diagnostics.error(
            "POLLUX_COMPILE_EVAL",
            "a coroutine with a direct `eval` cannot be compiled: the code in it could mean any variable. Call it as `(0, eval)(code)`, or outside of the coroutine.",
            node,
          );
        }
        break;
      case "AwaitExpression":
        if (node.argument.type === "CallExpression" && isPlainAsync(node.argument.callee)) {
          diagnostics.warn(
            "POLLUX_COMPILE_NESTED_ASYNC",
            "this awaits a plain `async` function, and a cancel cannot reach into it: make it a coroutine, `co(async …)`.",
            node,
          );
        }
        break;
      case "TryStatement":
        if (node.finalizer) checkFinally(node.finalizer, diagnostics);
        break;
      default:
    }
    if (!isFunction(node)) eachChild(node, visit);
  };
  visit(fn.body);
  for (const param of fn.params) visit(param);
  checkNestedAsync(fn, scopes, diagnostics);
  const isSimple = fn.params.every((each) => each.type === "Identifier");
  if (
    isSloppy &&
    isSimple &&
    scopes.usesArguments &&
    [...scopes.root.bindings.values()].some((each) => each.kind === "param" && each.writes > 0)
  ) {
    diagnostics.error(
      "POLLUX_COMPILE_ARGUMENTS",
      'in sloppy code `arguments` follows the parameters when they are assigned, and compiled code cannot do that. Write "use strict", or use a rest parameter.',
      fn,
    );
  }
  checkParameters(fn, scopes, diagnostics);
}

function isPlainAsync(node: AnyNode): boolean {
  return isFunction(node) && node.async;
}

/** Calls of `async` functions that are declared in the coroutine. */
function checkNestedAsync(fn: AnyFunction, scopes: Scopes, diagnostics: Diagnostics): void {
  const plain = new Set<unknown>();
  const declare = (node: AnyNode): void => {
    if (node.type === "FunctionDeclaration" && node.async && node.id) plain.add(scopes.bound.get(node.id));
    if (
      node.type === "VariableDeclarator" &&
      node.init &&
      isPlainAsync(node.init) &&
      node.id.type === "Identifier"
    ) {
      plain.add(scopes.bound.get(node.id));
    }
    if (!isFunction(node) || node === fn) eachChild(node, declare);
  };
  declare(fn);
  plain.delete(undefined);
  if (plain.size === 0) return;
  const visit = (node: AnyNode): void => {
    if (node.type === "AwaitExpression" && node.argument.type === "CallExpression") {
      const { callee } = node.argument;
      if (callee.type === "Identifier" && plain.has(scopes.bound.get(callee))) {
        diagnostics.warn(
          "POLLUX_COMPILE_NESTED_ASYNC",
          `this awaits the plain \`async\` function ${callee.name}, and a cancel cannot reach into it: make it a coroutine, \`co(async …)\`.`,
          node,
        );
      }
    }
    if (!isFunction(node)) eachChild(node, visit);
  };
  visit(fn.body);
}

/** A `finally` that is left by a jump, which would take a cancel back. */
function checkFinally(finalizer: AnyNode, diagnostics: Diagnostics): void {
  const visit = (node: AnyNode, loops: number, breakables: number, labels: readonly string[]): void => {
    if (isFunction(node)) return;
    if (node.type === "BreakStatement" || node.type === "ContinueStatement") {
      const isInside = node.label
        ? labels.includes(node.label.name)
        : (node.type === "BreakStatement" ? breakables : loops) > 0;
      if (!isInside) {
        const word = node.type === "BreakStatement" ? "break" : "continue";
        diagnostics.warn(
          "POLLUX_COMPILE_FINALLY_LEAVES",
          `this \`finally\` is left by \`${word}\`: a cancel that goes through it is taken back.`,
          node,
        );
      }
      return;
    }
    const loop = isLoop(node) ? 1 : 0;
    const breakable = loop || node.type === "SwitchStatement" ? 1 : 0;
    const inner = node.type === "LabeledStatement" ? [...labels, node.label.name] : labels;
    eachChild(node, (child) => visit(child, loops + loop, breakables + breakable, inner));
  };
  visit(finalizer, 0, 0, []);
}

/** A function in a default value that captures a parameter which the body assigns: compiled they are two variables. */
function checkParameters(fn: AnyFunction, scopes: Scopes, diagnostics: Diagnostics): void {
  const names = new Set(fn.params.flatMap((each) => namesIn(each).map(({ name }) => name)));
  for (const param of fn.params) {
    const visit = (node: AnyNode): void => {
      if (isFunction(node) || node.type === "ClassExpression") {
        for (const name of new Set(capturedBy(node))) {
          const binding = scopes.root.bindings.get(name);
          if (!names.has(name) || binding === undefined || binding.writes === 0) continue;
          diagnostics.error(
            "POLLUX_COMPILE_PARAMETER_CAPTURE",
            `a function in a parameter's default value captures \`${name}\`, which is assigned later: this cannot be compiled. Copy the parameter into a variable of the body, and assign that.`,
            node,
          );
        }
        return;
      }
      eachChild(node, visit);
    };
    visit(param);
  }
}

function capturedBy(node: AnyNode, found: string[] = []): string[] {
  if (node.type === "Identifier") found.push(node.name);
  eachChild(node, (child) => capturedBy(child, found));
  return found;
}
