import { parse } from "acorn";
import { type AnyFunction, type AnyNode, eachChild, isFunction } from "../../src/ast.ts";

export const CO = "$co";
const ASYNC = "$async";

/**
 * A script with each `async` function (generators and methods excepted) written as `$async($co(async …), name)`. Gives
 * `null` for one that has none.
 */
export function rewrite(source: string, strict: boolean): string | null {
  const program = parse(source, { ecmaVersion: "latest", sourceType: "script", allowHashBang: true });
  let count = 0;
  const edits: { readonly at: number; readonly end: number; readonly text: () => string }[] = [];
  /** Text with the edits inside of a range applied. */
  const textOf = (from: number, to: number, skip?: object): string => {
    let text = "";
    let at = from;
    const inside = edits.filter((each) => each !== skip && each.at >= from && each.end <= to);
    const outermost = inside
      .filter(
        (each) => !inside.some((other) => other !== each && other.at <= each.at && each.end <= other.end),
      )
      .sort((x, y) => x.at - y.at);
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
    if (isFunction(node) && node.async && !node.generator && !isMethod) replace(node, name, body);
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
  const replace = (fn: AnyFunction, name: string | null, body: readonly AnyNode[] | null): void => {
    count++;
    if (fn.type !== "FunctionDeclaration") {
      const edit = {
        at: fn.start,
        end: fn.end,
        text: (): string =>
          `${ASYNC}(${CO}(${textOf(fn.start, fn.end, edit)}), ${JSON.stringify(fn.id?.name ?? name)})`,
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
      `${isOuter ? "var" : "let"} ${id.name} = ${ASYNC}(${CO}(${code()}), ${JSON.stringify(id.name)});`;
    if (first === fn) edits.push({ at: fn.start, end: fn.end, text: declaration });
    else {
      edits.push({ at: first.start, end: first.start, text: declaration });
      edits.push({ at: fn.start, end: fn.end, text: () => "" });
    }
  };
  visit(program, null, null);
  if (count === 0) return null;
  return `${strict ? '"use strict";\n' : ""}${textOf(0, source.length)}`;
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
