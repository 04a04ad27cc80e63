import { type ESTree, parseSync, Visitor } from "rolldown/utils";
import type { DocBlock } from "./doc-blocks.ts";
import { printedBy, tells } from "./doc-recorder.ts";
import type { PublicNames } from "./public-names.ts";

/** A block as a module that can be checked and run. Line `n` of the block is line `n + 1` of the module. */
export interface DocProgram {
  readonly block: DocBlock;
  readonly id: string;
  readonly text: string;
  /** What the comments say that the calls of `console.log` print, in the order in which they are written. */
  readonly expected: readonly { readonly call: number; readonly line: number; readonly comment: string }[];
}

/** Where generated modules find what they are made with. */
export interface Surroundings {
  /** The package's own name, or a path to its entry. */
  readonly package: string;
  /** What of it a block finds in scope. */
  readonly names: PublicNames;
  /** The path to `doc-recorder.ts`. */
  readonly recorder: string;
}

/**
 * Makes a module of a block.
 *
 * - A block that imports or exports is a module already.
 * - One that uses `yield*` outside of any function of its own is the body of a coroutine, and runs with a paused clock.
 * - Any other one is the body of an async function.
 *
 * The latter two find every public name in scope. In all, `console` is one that remembers what was printed.
 *
 * @throws SyntaxError, with file and line, if the block does not parse
 */
export function docProgram(block: DocBlock, id: string, around: Surroundings): DocProgram {
  const console = `import { recorder as $recorder } from ${quote(around.recorder)}; const console = $recorder(${quote(id)});`;
  const forms = isModule(block.code)
    ? [[console, ""]]
    : [
        [`${importAll(around)} ${console} export default async () => {`, "};"],
        [
          `${importAll(around)} import { Runtime as $Runtime, co as $co } from ${quote(around.package)}; ${console} ` +
            `export default () => new $Runtime({ clock: "paused" }).run($co(function* () {`,
          "})());",
        ],
      ];
  let failure: { message: string; line: number } | undefined;
  for (const [head, tail] of forms) {
    const text = `${head}\n${block.code}\n${tail}\n`;
    const { program, comments, errors } = parseSync(`${id}.ts`, text);
    const [error] = errors;
    if (error !== undefined) {
      // The first form is what most blocks are: its error says more.
      failure ??= { message: error.message, line: lineAt(text, error.labels[0]?.start ?? 0) - 1 };
    } else if (!yieldsOutside(program)) return record(block, id, text, program, comments);
  }
  const { message, line } = failure ?? { message: "yield stands outside of any generator function", line: 1 };
  throw new SyntaxError(`${block.path}:${block.line + line - 1}: ${message}`);
}

/** Whether `yield` stands outside of any generator function: the parser takes it for a name there. */
function yieldsOutside(program: ESTree.Program): boolean {
  let found = false;
  new Visitor({
    Identifier(node) {
      if (node.name === "yield") found = true;
    },
  }).visit(program);
  return found;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function isModule(code: string): boolean {
  return /^(?:import|export)\b(?!\s*\()/m.test(code);
}

function importAll({ package: name, names }: Surroundings): string {
  const all = [...names].map(([each, kind]) => (kind === "type" ? `type ${each}` : each));
  return `import { ${all.join(", ")} } from ${quote(name)};`;
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** Gives each `console.log` a number, and finds the comment behind it, or in the line below with a `=>`. */
function record(
  block: DocBlock,
  id: string,
  text: string,
  program: ESTree.Program,
  comments: ReturnType<typeof parseSync>["comments"],
): DocProgram {
  const calls: { start: number; end: number }[] = [];
  new Visitor({
    CallExpression(node) {
      const { callee } = node;
      if (callee.type !== "MemberExpression" || callee.computed) return;
      if (callee.object.type !== "Identifier" || callee.object.name !== "console") return;
      if (callee.property.name === "log") calls.push({ start: callee.object.end, end: node.end });
    },
  }).visit(program);
  calls.sort((a, b) => a.start - b.start);

  const expected: { call: number; line: number; comment: string }[] = [];
  for (const { type, value, start } of comments) {
    if (type !== "Line") continue;
    const line = lineAt(text, start);
    const before = calls.findLastIndex(({ end }) => end <= start);
    const callLine = before < 0 ? 0 : lineAt(text, calls[before]?.end ?? 0);
    const result = value.trimStart().startsWith("=>");
    if (callLine === line || (result && callLine > 0 && isComment(text, callLine + 1, line))) {
      expected.push({ call: before, line: block.line + line - 2, comment: value.trim() });
    } else if (result) {
      const where = `${block.path}:${block.line + line - 2}`;
      throw new SyntaxError(`${where}: "${value.trim()}" stands behind no console.log, so nothing checks it`);
    }
  }

  let instrumented = text;
  for (let call = calls.length - 1; call >= 0; call--) {
    const at = calls[call]?.start ?? 0;
    instrumented = `${instrumented.slice(0, at)}.at(${call})${instrumented.slice(at)}`;
  }
  return { block, id, text: instrumented, expected };
}

function isComment(text: string, from: number, to: number): boolean {
  return text
    .split("\n")
    .slice(from - 1, to)
    .every((line) => line.trim().startsWith("//"));
}

/** What the comments of a program promise and its latest run has not printed: a sentence for each, with file and line. */
export function brokenPromises(program: DocProgram): string[] {
  return program.expected.flatMap(({ call, line, comment }) => {
    const texts = printedBy(program.id, call);
    if (tells(comment, texts)) return [];
    const what = texts.length === 0 ? "nothing" : texts.join(", ");
    return `${program.block.path}:${line}: the comment says "${comment}", and what is printed is: ${what}`;
  });
}
