import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CompileError, compile } from "../../src/index.ts";
import { Exclusions } from "./exclusions.ts";
import { type Mode, runScript } from "./realm.ts";
import { CO, rewrite } from "./rewrite.ts";

// Runs the tests of tc39/test262 that concern `async` functions, each compiled. TEST262_DIR is a checkout of it.
// node main.js [--mode spec|poll] [--folder language/…] [--verbose]

const FOLDERS = [
  "language/expressions/async-function",
  "language/statements/async-function",
  "language/expressions/async-arrow-function",
  "language/statements/for-await-of",
  "language/expressions/await",
  "language/statements/await-using",
  "language/statements/using",
  "language/expressions/async-generator",
  "language/statements/async-generator",
  "language/expressions/object",
  "language/expressions/class",
  "language/statements/class",
];

interface Counts {
  passed: number;
  notApplicable: number;
  excluded: number;
  /** What the compiler says it cannot compile: direct `eval`, `with`. */
  refused: number;
  failed: string[];
}

interface Meta {
  readonly flags: readonly string[];
  readonly includes: readonly string[];
  readonly features: readonly string[];
  readonly negative: string | null;
}

function metaOf(source: string): Meta {
  const text = /\/\*---([\s\S]*?)---\*\//.exec(source)?.[1] ?? "";
  const list = (name: string): string[] => {
    const inline = new RegExp(`^${name}:\\s*\\[([^\\]]*)\\]`, "m").exec(text)?.[1];
    if (inline !== undefined)
      return inline
        .split(",")
        .map((each) => each.trim())
        .filter(Boolean);
    const block = new RegExp(`^${name}:\\s*\\n((?:\\s+-.*\\n)+)`, "m").exec(`${text}\n`)?.[1];
    return block === undefined
      ? []
      : block
          .split("\n")
          .map((each) => each.replace(/^\s*-\s*/, "").trim())
          .filter(Boolean);
  };
  const negative = /^negative:\s*\n(?:\s+.*\n)*?\s+phase:\s*(\w+)/m.exec(`${text}\n`)?.[1] ?? null;
  return { flags: list("flags"), includes: list("includes"), features: list("features"), negative };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((each) => each.endsWith(".js") && !each.includes("_FIXTURE"))
    .sort();
}

async function runFolder(root: string, folder: string, mode: Mode, verbose: boolean): Promise<Counts> {
  const counts: Counts = { passed: 0, notApplicable: 0, excluded: 0, refused: 0, failed: [] };
  const path = join(root, "test", folder);
  for (const file of existsSync(path) ? filesIn(path) : []) {
    const source = readFileSync(join(path, file), "utf8");
    if (/\/(?:object|class)$/.test(folder) && !/\basync\b|\bawait\b/.test(source)) continue;
    const outcome = await runTest(root, source, mode);
    const isExcluded = exclusions.has(`${folder}/${file}`, mode);
    if (outcome === "passed" && isExcluded) {
      counts.failed.push(`${folder}/${file}: it passes, so it is not to be excluded`);
    } else if (outcome === "passed") counts.passed++;
    else if (outcome === "not applicable") counts.notApplicable++;
    else if (isExcluded) counts.excluded++;
    else if (/POLLUX_COMPILE_(?:EVAL|WITH|ARGUMENTS)/.test(outcome)) counts.refused++;
    else counts.failed.push(`${folder}/${file}: ${outcome.split("\n")[0]}`);
    if (verbose) console.log(`${folder}/${file}: ${outcome}`);
  }
  return counts;
}

async function runTest(root: string, source: string, mode: Mode): Promise<string> {
  const { flags, includes, negative } = metaOf(source);
  if (flags.includes("module") || flags.includes("raw") || /dynamic import/.test(source))
    return "not applicable";
  const isAsync = flags.includes("async");
  const files = ["assert.js", "sta.js", ...(isAsync ? ["doneprintHandle.js"] : []), ...includes];
  const harness = files.map((each) => readFileSync(join(root, "harness", each), "utf8"));
  const modes = flags.includes("onlyStrict") ? [true] : flags.includes("noStrict") ? [false] : [false, true];
  let isApplicable = false;
  for (const strict of modes) {
    if (negative !== null) {
      if (negative !== "parse") return "not applicable";
      isApplicable = true;
      if (!isRefused(source, strict)) return "it was not refused";
      continue;
    }
    let script: string | null;
    try {
      script = rewrite(source, strict);
    } catch {
      return "not applicable"; // Decorators: Node does not take them either.
    }
    if (script === null) continue;
    isApplicable = true;
    const failure = await runScript(harness, script, mode, isAsync);
    if (failure === null) continue;
    if (failure === "nothing was compiled") return "not applicable"; // Awaits at the top level of a module.
    // What this Node does not have, or does otherwise, is no fault of the compiler's.
    const plain = strict ? `"use strict";\n${source}` : source;
    const native = await runScript(harness, plain, "native", isAsync);
    if (native !== null && !/Unexpected (?:identifier|token)/.test(native)) return "not applicable";
    return failure;
  }
  return isApplicable ? "passed" : "not applicable";
}

function isRefused(source: string, strict: boolean): boolean {
  try {
    const mention = `\n${CO}(async () => {});`;
    compile(`${strict ? '"use strict";\n' : ""}${source}${mention}`, { filename: "test.cjs", assumed: [CO] });
    return false;
  } catch (error) {
    return error instanceof CompileError;
  }
}

const { values } = parseArgs({
  options: {
    mode: { type: "string", default: "spec" },
    folder: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});
const exclusions = Exclusions.read();
const root = process.env["TEST262_DIR"];
if (root === undefined || !existsSync(join(root, "harness"))) {
  console.log("test262: skipped. Set TEST262_DIR to a checkout of https://github.com/tc39/test262");
} else {
  process.on("unhandledRejection", () => {
    // A test that failed already may leave promises behind.
  });
  const mode: Mode = values.mode === "poll" ? "poll" : "spec";
  let failed = 0;
  for (const folder of values.folder === undefined ? FOLDERS : [values.folder]) {
    const counts = await runFolder(root, folder, mode, values.verbose);
    failed += counts.failed.length;
    console.log(
      `${mode} ${folder}: ${counts.passed} passed, ${counts.failed.length} failed, ${counts.refused} refused, ${counts.excluded} excluded, ${counts.notApplicable} not applicable`,
    );
    for (const each of counts.failed) console.log(`  ${each}`);
  }
  process.exitCode = failed === 0 ? 0 : 1;
}
