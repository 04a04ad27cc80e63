import { parse } from "acorn";
import { print } from "esrap";
import ts from "esrap/languages/ts";
import {
  type AnyFunction,
  type AnyNode,
  allNames,
  type BlockStatement,
  eachChild,
  isFunction,
} from "../../src/ast.ts";
import type { Machine } from "../../src/builder.ts";
import { desugar } from "../../src/desugar.ts";
import { flatten } from "../../src/flatten.ts";
import { Form } from "../../src/form.ts";
import type { Graph } from "../../src/graph.ts";
import { Liveness } from "../../src/liveness.ts";
import { Names } from "../../src/names.ts";
import { type Resolved, resolve } from "../../src/resolve.ts";

const machine: Machine = { cx: "cx", frame: "frame", at: "at", value: "value" };

/** The first function in a program. */
export function functionIn(code: string): AnyFunction & { body: BlockStatement } {
  // A script: what only sloppy code may do is compiled, too.
  const options = { ecmaVersion: "latest", sourceType: "script", locations: true } as const;
  const program = parse(code, options);
  let fn: AnyFunction | undefined;
  const find = (node: AnyNode): void => {
    if (fn === undefined && isFunction(node)) fn = node;
    else eachChild(node, find);
  };
  find(program);
  if (fn === undefined || fn.body.type !== "BlockStatement") throw new Error("there is no function");
  return fn as AnyFunction & { body: BlockStatement };
}

/** The passes up to variables that outlast a wait, for `async (p, q) => { body }`. */
export function resolved(body: string, names?: Names): Resolved {
  const fn = functionIn(`async (p, q) => {\n${body}\n}`);
  const given = names ?? new Names(allNames(fn));
  return resolve({ ...fn, body: desugar(fn.body, given) } as AnyFunction, given, false);
}

/** All passes before the code is made. */
export function analyse(body: string): {
  readonly graph: Graph;
  readonly liveness: Liveness;
  readonly locals: Resolved["locals"];
} {
  const names = new Names(allNames(functionIn(`async (p, q) => {\n${body}\n}`)));
  const code = resolved(body, names);
  const form = new Form("async", names, machine, () => undefined, "test");
  const graph = flatten(code, names, machine, form);
  return { graph, liveness: new Liveness(graph, code.locals, code.params), locals: code.locals };
}

/** What nodes look like, on one line. */
export function textOf(...nodes: readonly AnyNode[]): string {
  // Nodes of acorn's are nodes of esrap's.
  return nodes.map((each) => print(each as never, ts() as never).code.replace(/\s+/g, " ")).join(" ");
}

/** The blocks of a graph that can be reached, each on one line: its statements, and how it ends. */
export function blocksOf({
  graph,
  liveness,
}: Pick<ReturnType<typeof analyse>, "graph" | "liveness">): string[] {
  const { blocks } = liveness;
  const to = (block: Graph["entry"]): string => `-> ${blocks.indexOf(block)}`;
  const end = (block: Graph["entry"]): string => {
    const { end } = block;
    switch (end?.kind) {
      case "jump":
        return to(end.to);
      case "branch":
        return `${textOf(end.test)} ? ${to(end.yes)} : ${to(end.no)}`;
      case "switch":
        return `switch ${textOf(end.discriminant)}: ${[
          ...end.cases.map((each) => `${each.test === null ? "default" : textOf(each.test)} ${to(each.to)}`),
          `else ${to(end.otherwise)}`,
        ].join(", ")}`;
      case "await":
        return `await ${textOf(end.call)} ${to(end.to)}`;
      case "return":
      case "throw":
        return `${end.kind} ${end.argument === null ? "" : textOf(end.argument)}`.trim();
      default:
        return "end";
    }
  };
  if (blocks[0] !== graph.entry) throw new Error("the entry is not the first block");
  return blocks.map((block) => `${textOf(...block.statements)} ${end(block)}`.trim());
}
