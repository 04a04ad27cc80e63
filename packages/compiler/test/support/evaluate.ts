import * as pollux from "pollux";
import * as runtime from "pollux/compiler-runtime";
import { type CompileOptions, compile } from "../../src/compile.ts";

const modules: Record<string, object> = { pollux, "pollux/compiler-runtime": runtime };

/**
 * Runs a module's code, compiled or not, and gives what it exports: `import` and `export` become plain declarations.
 *
 * @param globals - further names that the code may use
 */
export function evaluate(code: string, globals: Record<string, unknown> = {}): Record<string, unknown> {
  const names: string[] = [];
  const body = code
    .replace(
      /^import\s*\{([^}]*)\}\s*from\s*"([^"]+)";?/gm,
      (_, list: string, from: string) => `const {${list.replaceAll(" as ", ": ")}} = modules["${from}"];`,
    )
    .replace(/^import\s*"[^"]*";?/gm, "")
    .replace(/^import\s*\*\s*as\s*(\w+)\s*from\s*"([^"]+)";?/gm, 'const $1 = modules["$2"];')
    .replace(
      /^export (const|let|class|function\*?|async function) (\w+)/gm,
      (_, kind: string, name: string) => {
        names.push(name);
        return `${kind} ${name}`;
      },
    );
  const run = new Function(
    "modules",
    ...Object.keys(globals),
    `"use strict";\n${body}\nreturn { ${names.join(", ")} };`,
  ) as (...args: unknown[]) => Record<string, unknown>;
  return run(modules, ...Object.values(globals));
}

/** Compiles a module and runs it. */
export function compiled(
  source: string,
  globals: Record<string, unknown> = {},
  options: Partial<CompileOptions> = {},
): Record<string, unknown> {
  const result = compile(source, { filename: "test.js", ...options });
  if (result === null) throw new Error("there was nothing to compile");
  return evaluate(result.code, globals);
}
