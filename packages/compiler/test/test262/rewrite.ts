import { parse } from "acorn";
import { type AnyFunction, type AnyNode, eachChild, isFunction } from "../../src/ast.ts";

export const CO = "$co";

/**
 * A script with each `async` function written as `$async($co(async …), name)`, and each async generator as
 * `$generator($co(async function* …), name)`. A method calls such a function that stands in it; an async generator with a
 * `super`, which only a method may have, stays as it is. Gives `null` for a script without any.
 */
export function rewrite(source: string, strict: boolean): string | null {
  const program = parse(source, { ecmaVersion: "latest", sourceType: "script", allowHashBang: true });
  let count = 0;
  const edits: { readonly at: number; readonly end: number; readonly text: () => string }[] = [];
  /** Text with the edits inside of a range applied. */
  const textOf = (from: number, to: number, skip?: object): string => {
    let text = "";
    let at = from;
    // What is put before a statement is not a part of it.
    const contains = (outer: { at: number; end: number }, each: { at: number; end: number }): boolean =>
      outer.at <= each.at && each.end <= outer.end && !(each.end === outer.at);
    const inside = edits.filter(
      (each) =>
        each !== skip && each.at >= from && each.end <= to && !(skip !== undefined && each.end === from),
    );
    const outermost = inside
      .filter((each) => !inside.some((other) => other !== each && contains(other, each)))
      .sort((x, y) => x.at - y.at || x.end - y.end);
    for (const edit of outermost) {
      text += source.slice(at, edit.at) + edit.text();
      at = edit.end;
    }
    return text + source.slice(at, to);
  };
  const visit = (
    node: AnyNode,
    name: string | null,
    body: readonly AnyNode[] | null,
    isMethod = false,
  ): void => {
    if (isFunction(node) && node.async && !isMethod) replace(node, name, body);
    if (hasMethodValue(node) && node.value.async && !(node.value.generator && usesSuper(node.value)))
      replaceMethod(node);
    const statements =
      node.type === "Program" || node.type === "BlockStatement" || node.type === "StaticBlock"
        ? node.body
        : null;
    const hasMethod =
      node.type === "MethodDefinition" || (node.type === "Property" && (node.method || node.kind !== "init"));
    eachChild(node, (child) =>
      visit(
        child,
        nameFor(node, child),
        statements ?? (isFunction(node) ? null : body),
        hasMethod && child === node.value,
      ),
    );
  };
  const replaceMethod = (node: Method): void => {
    count++;
    const { key, value } = node;
    const head = source.slice(node.start, key.start);
    edits.push({
      at: node.start,
      end: key.start,
      text: () => head.replace(/\basync\b/, "").replace("*", ""),
    });
    const length = value.params.findIndex(
      (each) => each.type === "AssignmentPattern" || each.type === "RestElement",
    );
    const plain = value.params.slice(0, length === -1 ? undefined : length).map((_, i) => `$p${i}`);
    const edit = {
      at: value.start,
      end: value.end,
      text: (): string => {
        const params = textOf(value.start, value.body.start, edit);
        const body = textOf(value.body.start, value.end, edit);
        const code = value.generator ? `async function* ${params}${body}` : `async ${params} => ${body}`;
        return `(${plain.join(", ")}) { return ${wrapper(value)}(${CO}(${code}), null).apply(this, arguments); }`;
      },
    };
    edits.push(edit);
  };
  const replace = (fn: AnyFunction, name: string | null, body: readonly AnyNode[] | null): void => {
    count++;
    if (fn.type !== "FunctionDeclaration") {
      const edit = {
        at: fn.start,
        end: fn.end,
        text: (): string =>
          `${wrapper(fn)}(${CO}(${textOf(fn.start, fn.end, edit)}), ${JSON.stringify(fn.id?.name ?? name)})`,
      };
      edits.push(edit);
      return;
    }
    const first = body?.find((each) => !(each.type === "ExpressionStatement" && each.directive));
    const id = fn.id;
    if (first === undefined || !id) return;
    const isOuter = body === program.body;
    const head = source.slice(fn.start, id.start);
    const code = (): string => `${head}${textOf(id.end, fn.end)}`;
    const declaration = (): string =>
      `${isOuter ? "var" : "let"} ${id.name} = ${wrapper(fn)}(${CO}(${code()}), ${JSON.stringify(id.name)});`;
    edits.push({ at: first.start, end: first.start, text: declaration });
    edits.push({ at: fn.start, end: fn.end, text: () => "" });
  };
  visit(program, null, null);
  if (count === 0) return null;
  return `${strict ? '"use strict";\n' : ""}${textOf(0, source.length)}`;
}

interface Method {
  readonly start: number;
  readonly key: AnyNode;
  readonly value: AnyFunction;
}

function hasMethodValue(node: AnyNode): node is AnyNode & Method {
  return (
    (node.type === "MethodDefinition" || (node.type === "Property" && node.method)) &&
    node.value !== null &&
    isFunction(node.value)
  );
}

function wrapper(fn: AnyFunction): string {
  return fn.generator ? "$generator" : "$async";
}

function usesSuper(node: AnyNode): boolean {
  let found = node.type === "Super";
  eachChild(node, (child) => {
    found ||= usesSuper(child);
  });
  return found;
}

/** What the language would name a function without a name that stands there. */
function nameFor(parent: AnyNode, child: AnyNode): string | null {
  switch (parent.type) {
    case "VariableDeclarator":
      return parent.init === child && parent.id.type === "Identifier" ? parent.id.name : null;
    case "AssignmentExpression":
    case "AssignmentPattern":
      return parent.right === child && parent.left.type === "Identifier" ? parent.left.name : null;
    case "Property":
      return parent.value === child && !parent.computed && parent.key.type === "Identifier"
        ? parent.key.name
        : null;
    default:
      return null;
  }
}
