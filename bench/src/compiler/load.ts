import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compile } from "@pollux/compiler";

type Programs = typeof import("./programs.ts");

let loading: Promise<Programs> | undefined;

/** The coroutines of programs.ts, compiled. */
export function programs(): Promise<Programs> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Programs> {
  const file = new URL("./programs.js", import.meta.url);
  const path = fileURLToPath(file);
  const result = compile(readFileSync(path, "utf8"), { filename: path });
  if (result === null) throw new Error(`${path} has no coroutines`);
  const compiled = new URL("./programs.compiled.js", import.meta.url);
  writeFileSync(compiled, result.code);
  // It has what the source has.
  return (await import(compiled.href)) as Programs;
}
