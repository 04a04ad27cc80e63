import { dirname, isAbsolute, join } from "node:path";
import remapping, { type SourceMapInput } from "@jridgewell/remapping";
import type { Program } from "acorn";
import { type JsxOptions, transformSync } from "oxc-transform";
import type { AnyNode } from "./ast.ts";
import { Comments } from "./comments.ts";
import { type CompiledModule, Coroutines } from "./coroutines.ts";
import { type Diagnostic, Diagnostics } from "./diagnostics.ts";
import { Lines } from "./lines.ts";
import type { CoroutineManifest } from "./manifest.ts";
import { manifestOf } from "./manifest.ts";
import { Names } from "./names.ts";
import { parseModule, syntaxError } from "./parse.ts";
import { Positions } from "./positions.ts";
import { Printer } from "./printer.ts";
import { Splice, type Spot } from "./splice.ts";

export interface CompileOptions {
  /** Where the source is from: for diagnostics, the source map, and what language it is in. */
  readonly filename: string;
  /** The source's own map, if a program has written it. */
  readonly map?: SourceMapInput | null;
  /** Says at each state which variables are live, for people to read. */
  readonly explain?: boolean;
  /** Modules that `co` may be imported from, besides `"pollux"`. */
  readonly modules?: readonly (string | RegExp)[];
  /** Names that mean `co` without an import: for code that another tool has put together. */
  readonly assumed?: readonly string[];
  /**
   * What JSX becomes; by default calls of `react/jsx-runtime`, unless a comment in the file says otherwise. `"preserve"`
   * leaves it to the next tool.
   */
  readonly jsx?: JsxOptions | "preserve";
  /** Whether a source map is made; by default it is. */
  readonly sourceMap?: boolean;
}

/** Line from 1, column from 0. */
type Place = { readonly line: number; readonly column: number };

/** A source map, version 3. */
export interface CompiledMap {
  readonly version: 3;
  readonly file?: string | null;
  readonly sources: (string | null)[];
  readonly sourcesContent?: (string | null)[];
  readonly names: string[];
  readonly mappings: string;
}

export interface CompileResult {
  readonly code: string;
  /** `null` if none was wanted. */
  readonly map: CompiledMap | null;
  /** What the compiled coroutines wait at. */
  readonly manifest: readonly CoroutineManifest[];
  /** Warnings; errors are thrown. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What a source that has coroutines has to mention. */
const MENTIONS = /\bco\b/;

/** Whether a source may have coroutines to compile: quick, and sometimes yes where there are none. */
export function mayHaveCoroutines(source: string): boolean {
  return MENTIONS.test(source) && /\basync\b|\bfunction\s*\*/.test(source);
}

/**
 * Compiles the coroutines of a module, in TypeScript or JavaScript, with JSX or without it: `co(async …)` and
 * `co(function* …)` become state machines. Types are erased. Gives `null` for a module without coroutines.
 *
 * @throws CompileError for what cannot be compiled, or parsed
 */
export function compile(source: string, options: CompileOptions): CompileResult | null {
  if (options.assumed === undefined && !mayHaveCoroutines(source)) return null;
  const { filename } = options;
  const plain = eraseTypes(source, filename, options.jsx);
  const needsMap = options.sourceMap ?? true;
  const {
    program,
    comments,
    names: given,
  } = parseModule(plain.code, filename, source, options.jsx === "preserve");
  const positions = new Positions(plain.map);
  const places = new Lines(plain.code);
  const place = (offset: number): Place => {
    const { line, column } = places.spot(offset);
    return positions.original(line, column);
  };
  const diagnostics = new Diagnostics(filename, source, place);
  const ours = new Comments();
  const names = new Names(given.keys());
  // What another tool has emitted is told of as it was written.
  const written = options.map && plain.map === null ? new Positions(options.map) : positions;
  const placeOf = (node: AnyNode): Place => {
    const { line, column } = places.spot(node.start);
    return written.original(line, column);
  };
  const coroutines = new Coroutines({
    program,
    names,
    comments: ours,
    diagnostics,
    explain: options.explain ?? false,
    text: (node) => plain.code.slice(node.start, node.end),
    occurrences: given,
    locate: (statement) => {
      // A printer needs the lines of nodes for a map, and to know where comments belong.
      if (needsMap || comments.some((each) => statement.start <= each.start && each.end <= statement.end))
        places.locate(statement);
    },
    lineOf: (node) => placeOf(node).line,
    placeOf,
    filename: written.source !== null && written !== positions ? beside(filename, written.source) : filename,
    assumed: options.assumed ?? [],
    isPollux: (module) => isPollux(module, options.modules),
  });
  const compiled = coroutines.compile();
  if (compiled === null) return null;
  const printed = assemble(
    compiled,
    program,
    new Printer(program, comments, ours, names),
    plain.code,
    needsMap ? positions : null,
    places,
  );
  const lines = source.split("\n");
  return {
    code: printed.code.endsWith("\n") ? printed.code : `${printed.code}\n`,
    map: needsMap ? mapOf(printed, plain.map, source, options) : null,
    manifest: coroutines.compiled.map((each) => manifestOf(each, filename, lines, place)),
    diagnostics: diagnostics.found,
  };
}

/** The map of a module's new code, which leads to what was written. */
function mapOf(
  printed: Splice,
  plain: SourceMapInput | null,
  source: string,
  options: CompileOptions,
): CompiledMap {
  const own = { version: 3 as const, names: [], sources: [options.filename], mappings: printed.lines };
  const maps = [own, ...(plain ? [plain] : []), ...(options.map ? [options.map] : [])];
  const map = remapping(maps as SourceMapInput[], () => null);
  return {
    version: 3,
    sources: map.sources,
    sourcesContent: options.map ? (map.sourcesContent ?? []) : [source],
    names: map.names,
    // Encoded, since that was not asked to be otherwise.
    mappings: map.mappings as string,
  };
}

/** A module's text with what its coroutines became; what has none stays to the letter. */
function assemble(
  compiled: CompiledModule,
  program: Program,
  printer: Printer,
  text: string,
  /** Unset where no map is wanted. */
  positions: Positions | null,
  places: Lines,
): Splice {
  const splice = new Splice(text, positions === null ? [] : positions.lines);
  const start: Spot = { offset: 0, line: 1, column: 0 };
  const first = program.body.find((each) => !isDirective(each));
  // Behind what has to come first in a file.
  let at = start;
  const directive = program.body.findLast(
    (each) => isDirective(each) && each.start < (first?.start ?? Number.POSITIVE_INFINITY),
  );
  if (directive !== undefined) at = places.spot(directive.end);
  else if (text.startsWith("#!")) {
    const length = text.indexOf("\n");
    if (length !== -1) at = { offset: length, line: 1, column: length };
  }
  splice.keep(start, at);
  const { code } = printer.print([compiled.imports], null);
  splice.put(at.offset === 0 ? `${code}\n` : `\n${code}`);
  const { before, body } = compiled;
  const rest = body.findIndex(
    ({ original }) => original.type !== "ImportDeclaration" && !isDirective(original),
  );
  for (const [i, { original, becomes }] of body.entries()) {
    if (i === rest && before.length > 0) {
      const end = body[i - 1]?.original.end;
      if (end !== undefined && end > at.offset) {
        splice.keep(at, places.spot(end));
        at = places.spot(end);
      }
      const { code } = printer.print([...before], null);
      splice.put(at.offset === 0 ? `${code}\n` : `\n\n${code}\n`);
    }
    if (becomes.length === 1 && becomes[0] === original) continue;
    splice.keep(at, places.spot(original.start));
    const printed = printer.print([...becomes], original);
    splice.put(printed.code, positions === null ? [] : printed.mappings);
    at = places.spot(original.end);
  }
  splice.keep(at, { offset: text.length, line: 0, column: 0 });
  return splice;
}

function isDirective(node: AnyNode): boolean {
  return node.type === "ExpressionStatement" && node.directive !== undefined;
}

/** The path of what the map of a file calls its source. */
function beside(filename: string, source: string): string {
  return isAbsolute(source) || /^[a-z][\w+.-]+:/i.test(source) ? source : join(dirname(filename), source);
}

/** As {@link compile}, with comments in the code that say which variables are live at each state. */
export function expand(source: string, options: CompileOptions): CompileResult | null {
  return compile(source, { ...options, explain: true });
}

function isPollux(module: string, more: readonly (string | RegExp)[] = []): boolean {
  if (module === "pollux") return true;
  return more.some((each) => (typeof each === "string" ? each === module : each.test(module)));
}

/** A module without its types, and without JSX unless that is to stay. */
export function eraseTypes(
  source: string,
  filename: string,
  jsx: JsxOptions | "preserve" = { runtime: "automatic" },
): { code: string; map: (SourceMapInput & object) | null } {
  const isJsx = jsx !== "preserve" && /\.jsx$/.test(filename);
  if (!/\.[cm]?tsx?$/.test(filename) && !isJsx) return { code: source, map: null };
  const result = transformSync(filename, source, {
    sourcemap: true,
    target: "esnext",
    jsx,
    typescript: { onlyRemoveTypeImports: false },
  });
  const [error] = result.errors;
  if (error !== undefined) {
    const offset = error.labels[0]?.start ?? 0;
    const before = source.slice(0, offset).split("\n");
    throw syntaxError(filename, source, error.message, before.length, (before.at(-1)?.length ?? 0) + 1);
  }
  return { code: result.code, map: (result.map as (SourceMapInput & object) | undefined) ?? null };
}
