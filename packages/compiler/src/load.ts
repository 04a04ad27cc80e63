import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile, eraseTypes } from "./compile.ts";
import { formatDiagnostic } from "./diagnostics.ts";

/** What a load hook of Node's gives. */
export interface Loaded {
  readonly format: "module";
  readonly source: string;
  readonly shortCircuit: true;
}

const TYPESCRIPT = /\.m?ts$/;
const JAVASCRIPT = /\.m?js$/;

/**
 * A module as Node is to run it: coroutines compiled, types erased, with its source map. `null` for what Node loads as it
 * is: files below `node_modules`, JavaScript without coroutines, CommonJS, and what is no file.
 */
export function loadModule(url: string, format: string | null | undefined): Loaded | null {
  if (!url.startsWith("file:") || url.includes("/node_modules/")) return null;
  const path = fileURLToPath(url.replace(/[?#].*$/, ""));
  const isTypeScript = TYPESCRIPT.test(path);
  if (!isTypeScript && !(JAVASCRIPT.test(path) && format !== "commonjs")) return null;
  const source = readFileSync(path, "utf8");
  const result = compile(source, { filename: path });
  if (result === null) {
    if (!isTypeScript) return null;
    const { code, map } = eraseTypes(source, path);
    return loaded(code, map);
  }
  for (const each of result.diagnostics) process.emitWarning(formatDiagnostic(each), "PolluxCompileWarning");
  return loaded(result.code, result.map);
}

function loaded(code: string, map: object | null): Loaded {
  const encoded = map === null ? "" : Buffer.from(JSON.stringify(map)).toString("base64");
  const comment = map === null ? "" : `\n//# sourceMappingURL=data:application/json;base64,${encoded}`;
  return { format: "module", source: `${code}${comment}\n`, shortCircuit: true };
}
