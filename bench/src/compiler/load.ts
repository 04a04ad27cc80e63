import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "@pollux/compiler";

/**
 * Gives what compiles a module, once, when it is first asked for, and loads that.
 *
 * @typeParam M - the module: `typeof import("./programs.ts")`
 */
export function compiledOnce<M>(file: URL): () => Promise<M> {
  let loading: Promise<M> | undefined;
  return () => {
    loading ??= load(file);
    return loading;
  };
}

async function load<M>(file: URL): Promise<M> {
  const path = fileURLToPath(file);
  const result = compile(readFileSync(path, "utf8"), { filename: path });
  if (result === null) throw new Error(`${path} has no coroutines`);
  const compiled = new URL(file.href.replace(/\.js$/, ".compiled.js"));
  writeFileSync(compiled, result.code);
  // It has what the source has.
  return (await import(compiled.href)) as M;
}
