import { readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { CompileError, type CompileResult, compile } from "@pollux/compiler";
import { counted } from "./counted.ts";
import { diagnosticText } from "./diagnostic-text.ts";
import { ExitCode } from "./failure.ts";
import { readSource, sourceFiles } from "./source-file.ts";
import { styleFor } from "./style.ts";

const JAVASCRIPT = /\.(?:[cm]?js|jsx)$/;
const MAP_COMMENT = /^\/\/[#@] sourceMappingURL=(\S+)\s*$/m;
const INLINE = /^data:application\/json;(?:charset=utf-?8;)?base64,/;

/** What JSX becomes: it stays, or it becomes calls of a runtime that is imported, or of `React.createElement`. */
export type Jsx = "preserve" | "automatic" | "classic";

/** A source map as it is written down. */
type RawMap = NonNullable<Parameters<typeof compile>[1]["map"]>;

/** A file without the comment that names its map. */
interface Emitted {
  readonly code: string;
  readonly map: RawMap | null;
  /** Where the map is, or was said to be; `null` if it is within the file. */
  readonly mapPath: string | null;
}

/**
 * Compiles the coroutines of emitted JavaScript in place, with the source maps. The exit code is 1 if there are errors.
 *
 * @throws Failure if there is no such file
 */
export function compileFiles(files: readonly string[], { jsx }: { readonly jsx: Jsx }): void {
  const style = styleFor(process.stderr);
  const paths = sourceFiles(files).filter((path) => JAVASCRIPT.test(path));
  let coroutines = 0;
  let written = 0;
  for (const path of paths) {
    const result = compileFile(path, jsx);
    for (const each of result.diagnostics) process.stderr.write(`${diagnosticText(each, style)}\n\n`);
    if (result.failed) process.exitCode = ExitCode.Failed;
    coroutines += result.coroutines;
    if (result.coroutines > 0) written++;
  }
  process.stdout.write(
    `${counted(coroutines, "coroutine")} compiled in ${written} of ${counted(paths.length, "file")}\n`,
  );
}

function compileFile(
  path: string,
  jsx: Jsx,
): {
  readonly diagnostics: CompileError["diagnostics"] | CompileResult["diagnostics"];
  readonly failed: boolean;
  readonly coroutines: number;
} {
  const { code, map, mapPath } = emitted(path);
  let result: CompileResult | null;
  try {
    result = compile(code, {
      filename: path,
      map,
      jsx: jsx === "preserve" ? jsx : { runtime: jsx },
    });
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return { diagnostics: error.diagnostics, failed: true, coroutines: 0 };
  }
  if (result === null) return { diagnostics: [], failed: false, coroutines: 0 };
  write(path, result, mapPath);
  return { diagnostics: result.diagnostics, failed: false, coroutines: result.manifest.length };
}

function emitted(path: string): Emitted {
  const text = readSource(path);
  const url = MAP_COMMENT.exec(text)?.[1];
  if (url === undefined) return { code: text, map: null, mapPath: `${path}.map` };
  const code = text.replace(MAP_COMMENT, "");
  if (INLINE.test(url)) {
    const json = Buffer.from(url.replace(INLINE, ""), "base64").toString("utf8");
    return { code, map: parsed(json), mapPath: null };
  }
  const mapPath = join(dirname(path), decodeURIComponent(url));
  return { code, map: parsed(readFileSync(mapPath, "utf8")), mapPath };
}

function parsed(json: string): RawMap {
  // What other tools write as a source map is one.
  return JSON.parse(json) as RawMap;
}

function write(path: string, { code, map }: CompileResult, mapPath: string | null): void {
  const json = JSON.stringify({ ...map, file: basename(path) });
  const url =
    mapPath === null
      ? `data:application/json;base64,${Buffer.from(json).toString("base64")}`
      : encodeURI(basename(mapPath));
  if (mapPath !== null) writeFileSync(join(dirname(path), basename(mapPath)), json);
  writeFileSync(path, `${code}//# sourceMappingURL=${url}\n`);
}
