import { dirname, join } from "node:path/posix";
import { type ESTree, parseSync, Visitor } from "rolldown/utils";

/** One import in a source file, of whatever kind: static, re-export, dynamic or `import("…")` in a type. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Erased by the compiler, so that it loads nothing: `import type`, but not `import { type X }`. */
  readonly typeOnly: boolean;
}

/** What a source file asks of its surroundings, as far as the house rules care. */
export interface SourceFile {
  readonly imports: readonly Import[];
  /** Lines that load, or could load, native code or CommonJS: `dlopen`, `createRequire`, `"….node"`. */
  readonly native: readonly { readonly what: string; readonly line: number }[];
  /** Lines of statements other than imports and re-exports. */
  readonly definitions: readonly number[];
}

export interface Rules {
  /** From the lowest floor to the highest; the folders of one floor are named together. */
  readonly floors: readonly (readonly string[])[];
  /** Folders that may import Node's built-in modules. */
  readonly node: readonly string[];
  /** The one path prefix below which native code may be loaded. */
  readonly native: string;
  /** Files that run where Node does not, although their folder may import it. */
  readonly portable: readonly string[];
  /** What `#names` stand for: every file that some condition maps them to. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
}

const text = (node: ESTree.Node | null | undefined): string | undefined =>
  node?.type === "Literal" && typeof node.value === "string" ? node.value : undefined;

/** Reads one TypeScript file; throws a `SyntaxError` when it does not parse. */
export function readSource(path: string, source: string): SourceFile {
  const { program, errors } = parseSync(path, source);
  const [error] = errors;
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);

  const lineOf = (node: { start: number }): number => source.slice(0, node.start).split("\n").length;
  const imports: Import[] = [];
  const native: { what: string; line: number }[] = [];
  const add = (node: ESTree.Node, specifier: ESTree.Node, typeOnly: boolean): void => {
    const name = text(specifier) ?? "(computed)";
    imports.push({ specifier: name, line: lineOf(node), typeOnly });
  };
  new Visitor({
    ImportDeclaration(node) {
      add(node, node.source, node.importKind === "type");
    },
    ExportNamedDeclaration(node) {
      if (node.source !== null) add(node, node.source, node.exportKind === "type");
    },
    ExportAllDeclaration(node) {
      add(node, node.source, node.exportKind === "type");
    },
    ImportExpression(node) {
      add(node, node.source, false);
    },
    TSImportType(node) {
      add(node, node.source, true);
    },
    TSExternalModuleReference(node) {
      add(node, node.expression, false);
    },
    Identifier(node) {
      if (/^(createRequire|require|dlopen|getBuiltinModule)$/.test(node.name)) {
        native.push({ what: node.name, line: lineOf(node) });
      }
    },
    Literal(node) {
      const value = text(node);
      if (value?.endsWith(".node")) native.push({ what: JSON.stringify(value), line: lineOf(node) });
    },
    TemplateElement(node) {
      if (node.value.cooked?.endsWith(".node")) native.push({ what: "`….node`", line: lineOf(node) });
    },
  }).visit(program);

  const definitions = program.body
    .filter(
      (node) =>
        node.type !== "ImportDeclaration" &&
        node.type !== "ExportAllDeclaration" &&
        !(node.type === "ExportNamedDeclaration" && node.declaration === null),
    )
    .map(lineOf);
  imports.sort((a, b) => a.line - b.line);
  return { imports, native, definitions };
}

/** What the program's entry point, which stands above all floors, is called. */
const entry = "index.ts";

/**
 * Checks the sources of a package, given by their paths below `src`, against the rules. Returns one sentence for each
 * breach, naming file, line and import; none when all is well.
 */
export function breaches(sources: ReadonlyMap<string, string>, rules: Rules): string[] {
  const found: string[] = [];
  const floorOf = (path: string): number => {
    if (path === entry) return rules.floors.length;
    const folder = folderOf(path);
    return rules.floors.findIndex((floor) => floor.includes(folder));
  };

  const fileEdges = new Map<string, string[]>();
  const folderEdges = new Map<string, string[]>();
  for (const [path, source] of sources) {
    const floor = floorOf(path);
    const folder = folderOf(path);
    const floorName = path === entry ? entry : `${folder}/`;
    if (floor < 0)
      found.push(`${path}: stands on no floor; known folders are ${rules.floors.flat().join(", ")}`);

    const file = readSource(path, source);
    const edges: string[] = [];
    fileEdges.set(path, edges);
    for (const { specifier, line, typeOnly } of file.imports) {
      const where = `${path}:${line}: imports "${specifier}"`;
      if (specifier.startsWith("node:")) {
        if (path === entry || !rules.node.includes(folder) || rules.portable.includes(path)) {
          found.push(
            `${where}, but only ${rules.node.join(", ")} may import from Node (and no file that other hosts run)`,
          );
        }
        continue;
      }
      const targets = /^\.\.?\//.test(specifier)
        ? [join(dirname(path), specifier)]
        : (rules.aliases[specifier] ?? undefined);
      if (targets === undefined) {
        found.push(`${where}, which is neither a file of this package nor node:*; it has no dependencies`);
        continue;
      }
      for (const target of targets) {
        if (!sources.has(target)) {
          found.push(`${where}, but there is no source file ${target}`);
          continue;
        }
        if (floor >= 0 && floorOf(target) > floor) {
          const above = target === entry ? entry : `${folderOf(target)}/`;
          found.push(`${where}, upward from ${floorName} to ${above}`);
        }
        if (!typeOnly) edges.push(target);
        if (folderOf(target) !== folder) {
          folderEdges.set(folder, [...(folderEdges.get(folder) ?? []), folderOf(target)]);
        }
      }
    }
    if (!path.startsWith(rules.native)) {
      for (const { what, line } of file.native) {
        found.push(`${path}:${line}: uses ${what}, but only ${rules.native} may load native code`);
      }
    }
    if (path === entry) {
      for (const line of file.definitions)
        found.push(`${path}:${line}: defines something; it only re-exports`);
    }
  }

  // Two files of one folder may name each other's types (a future is polled with a context, whose handle spawns
  // futures): erased imports load nothing. Between folders they count as well.
  for (const cycle of cycles(fileEdges)) found.push(`import cycle: ${cycle.join(" -> ")}`);
  for (const cycle of cycles(folderEdges)) found.push(`import cycle of folders: ${cycle.join(" -> ")}`);
  return found;
}

/** The top folder, or the file itself where it lies in none. */
function folderOf(path: string): string {
  const slash = path.indexOf("/");
  return slash < 0 ? path : path.slice(0, slash);
}

/** A shortest cycle through each node that lies on one, each set of nodes once. */
export function cycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const seen = new Set<string>();
  const found: string[][] = [];
  for (const start of edges.keys()) {
    const cycle = shortestCycle(edges, start);
    if (cycle === undefined) continue;
    const key = [...new Set(cycle)].sort().join("\n");
    if (!seen.has(key)) found.push(cycle);
    seen.add(key);
  }
  return found;
}

function shortestCycle(edges: ReadonlyMap<string, readonly string[]>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (const node of queue) {
    for (const next of edges.get(node) ?? []) {
      if (next === start) {
        const path = [start];
        for (let at: string | undefined = node; at !== undefined && at !== start; at = cameFrom.get(at))
          path.push(at);
        return [...path, start].reverse();
      }
      if (!cameFrom.has(next)) {
        cameFrom.set(next, node);
        queue.push(next);
      }
    }
  }
  return undefined;
}
