import { SourceMap, type SourceMapPayload } from "node:module";
import { type CompileResult, type CoroutineManifest, eraseTypes } from "@pollux/compiler";
import { type AnyNode, type Program, parse } from "acorn";
import { shortPath } from "./diagnostic-text.ts";

/** A statement of a module's top level that has coroutines: as written, and compiled. */
export interface Section {
  readonly written: string;
  readonly compiled: string;
  /** Those in it. */
  readonly coroutines: readonly CoroutineManifest[];
}

type Statement = Program["body"][number];

/** Lines of a source, both from 1. */
interface Lines {
  readonly from: number;
  readonly to: number;
}

/**
 * Cuts a module into its coroutines. The compiler leaves the statements of the top level in their order, and puts what it
 * adds right before the statement that it is for.
 */
export function sections(source: string, path: string, result: CompileResult): Section[] {
  const erased = eraseTypes(source, shortPath(path));
  const written = statements(erased.code);
  const lines = source.split("\n");
  const place = placesIn(erased);
  const found: Section[] = [];
  let next = 0;
  let added: Statement | null = null;
  const compiled = statements(result.code);
  const runtime = importsOf(compiled, "pollux/compiler-runtime");
  for (const statement of compiled) {
    if (isConstantOf(statement, runtime)) continue; // For all coroutines of the module.
    const original = written[next];
    if (original === undefined || nameOf(statement) !== nameOf(original)) {
      if (statement.type !== "ImportDeclaration") added ??= statement;
      continue;
    }
    next++;
    if (added !== null) {
      const extent = extentOf(original, erased.code, place, lines);
      found.push({
        written: lines.slice(extent.from - 1, extent.to).join("\n"),
        compiled: result.code.slice(added.start, statement.end),
        // The compiler finishes inner ones first.
        coroutines: result.manifest
          .filter((each) => isIn(extent, lineOf(each)))
          .sort((a, b) => lineOf(a) - lineOf(b)),
      });
    }
    added = null;
  }
  return found;
}

function statements(code: string): Statement[] {
  return parse(code, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true, locations: true })
    .body;
}

/** The names by which a module has the exports of another one. */
function importsOf(statements: readonly Statement[], module: string): ReadonlySet<string> {
  const specifiers = statements.flatMap((each) =>
    each.type === "ImportDeclaration" && each.source.value === module ? each.specifiers : [],
  );
  return new Set(specifiers.map(({ local }) => local.name));
}

/** Whether a statement makes one of these imports a constant of the module. */
function isConstantOf(statement: Statement, names: ReadonlySet<string>): boolean {
  if (statement.type !== "VariableDeclaration") return false;
  const init = statement.declarations[0]?.init;
  return init?.type === "Identifier" && names.has(init.name);
}

/** What tells a statement from those that the compiler adds: its kind, and what it declares or imports. */
function nameOf(statement: Statement): string {
  switch (statement.type) {
    case "ImportDeclaration":
      return `import ${String(statement.source.value)}`;
    case "ExportNamedDeclaration":
      return statement.declaration === null || statement.declaration === undefined
        ? "export"
        : `export ${nameOf(statement.declaration)}`;
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return `${statement.type} ${statement.id?.name}`;
    case "VariableDeclaration": {
      const id: AnyNode | undefined = statement.declarations[0]?.id;
      return `${statement.kind} ${id?.type === "Identifier" ? id.name : ""}`;
    }
    default:
      return statement.type;
  }
}

/** From a line of the code without types to that of the source; `null` where there is none. Both from 1. */
type Place = (line: number, column: number) => number | null;

function placesIn(erased: ReturnType<typeof eraseTypes>): Place {
  if (erased.map === null) return (line) => line;
  // As the compiler has made it: version 3, in one part.
  const map = new SourceMap(erased.map as unknown as SourceMapPayload);
  return (line, column) => {
    const entry = map.findEntry(line - 1, column);
    return "originalLine" in entry && entry.generatedLine === line - 1 ? entry.originalLine + 1 : null;
  };
}

/**
 * The lines that a statement was written in. A source map has nothing for closing brackets: lines that only close, or are
 * further in, belong to the statement above.
 */
function extentOf(statement: Statement, code: string, place: Place, lines: readonly string[]): Lines {
  const { start, end } = statement.loc ?? { start: { line: 1, column: 0 }, end: { line: 1, column: 0 } };
  const from = place(start.line, start.column) ?? 1;
  const codeLines = code.split("\n");
  let to = from;
  for (let line = start.line; line <= end.line; line++) {
    to = Math.max(to, place(line, codeLines[line - 1]?.length ?? 0) ?? from);
  }
  const indent = indentOf(lines[from - 1] ?? "");
  for (let text = lines[to]; text !== undefined; text = lines[to]) {
    if (!(/^\s*[)\]}]/.test(text) || (text.trim() !== "" && indentOf(text) > indent))) break;
    to++;
  }
  return { from, to };
}

function indentOf(line: string): number {
  return line.search(/\S|$/);
}

function isIn({ from, to }: Lines, line: number): boolean {
  return from <= line && line <= to;
}

function lineOf(coroutine: CoroutineManifest): number {
  return Number(coroutine.id.split(":").at(-2));
}
