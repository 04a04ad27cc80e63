import { describe, expect, test } from "vitest";
import { CompileError, compile } from "../src/index.ts";

const wrap = (body: string): string =>
  `import { co } from "pollux";\nexport const f = co(async (p) => {\n${body}\n});\n`;

function errorOf(source: string, filename = "src/app.ts"): CompileError {
  try {
    compile(source, { filename });
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error("it compiled");
}

function warningsOf(body: string): string[] {
  return (compile(wrap(body), { filename: "a.ts" })?.diagnostics ?? []).map(
    ({ code, line }) => `${line} ${code}`,
  );
}

describe("diagnostics", () => {
  test("an error has a stable code, the file, the place in the source that was written, and a code frame", () => {
    const error = errorOf(wrap(`  const type: string = "x";\n  eval("p");`));
    expect(error.code).toBe("POLLUX_COMPILE_EVAL");
    expect(error.diagnostics).toMatchObject([{ severity: "error", file: "src/app.ts", line: 4, column: 3 }]);
    expect(error.message).toContain('> 4 |   eval("p");\n    |   ^');
  });

  test("all errors of a file are reported together", () => {
    const error = errorOf(`${wrap(`eval("1");`)}export const g = co(async () => { eval("2"); });`);
    expect(error.diagnostics.map(({ line }) => line)).toEqual([3, 5]);
  });

  test("`with` is refused", () => {
    expect(
      errorOf(
        wrap("with (p) { x; }")
          .replace(/^import.*\n/, "")
          .replace("export ", ""),
        "a.js",
      ).code,
    ).toBe("POLLUX_COMPILE_SYNTAX");
  });

  test("a syntax error has its place, in TypeScript and in JavaScript", () => {
    expect(errorOf(wrap("const = 1;")).diagnostics[0]).toMatchObject({
      code: "POLLUX_COMPILE_SYNTAX",
      line: 3,
    });
    expect(errorOf(wrap("const = 1;"), "a.js").diagnostics[0]).toMatchObject({
      code: "POLLUX_COMPILE_SYNTAX",
      line: 3,
    });
  });

  test("a function in a default value that captures a parameter which is assigned later is refused", () => {
    const source = `import { co } from "pollux";\nco(async (a, f = () => a) => { a = 2; return f(); });`;
    expect(errorOf(source).code).toBe("POLLUX_COMPILE_PARAMETER_CAPTURE");
  });

  test("awaiting a plain nested async function is warned of", () => {
    expect(warningsOf("async function inner() {}\nawait inner();")).toEqual([
      "4 POLLUX_COMPILE_NESTED_ASYNC",
    ]);
    expect(warningsOf("await (async () => {})();")).toEqual(["3 POLLUX_COMPILE_NESTED_ASYNC"]);
    expect(warningsOf("const inner = co(async () => {});\nawait inner();")).toEqual([]);
  });

  test("a `finally` that leaves by a jump is warned of, one that jumps within itself is not", () => {
    expect(warningsOf("while (p) try { await p; } finally { break; }")).toEqual([
      "3 POLLUX_COMPILE_FINALLY_LEAVES",
    ]);
    expect(warningsOf("try { await p; } finally { while (p) break; }")).toEqual([]);
  });
});

describe("what is compiled", () => {
  test("a module without coroutines is left as it is", () => {
    expect(compile("export const co = async () => 1;", { filename: "a.ts" })).toBeNull();
    expect(compile(`import { co } from "elsewhere"; co(async () => {});`, { filename: "a.ts" })).toBeNull();
  });

  test("a `co` that is another one is left as it is", () => {
    const source = `import { co } from "pollux"; export const f = (co) => co(async () => { await 1; });`;
    expect(compile(source, { filename: "a.js" })).toBeNull();
  });

  test("JSX is compiled with the runtime that is asked for", () => {
    const source = `import { co } from "pollux";\nexport const view = co(async (n: number) => <p title="x">{await n}</p>);`;
    const code = compile(source, {
      filename: "a.tsx",
      jsx: { runtime: "automatic", importSource: "preact" },
    })?.code;
    expect(code).toContain('from "preact/jsx-runtime"');
    expect(code).toMatch(/children: value\b/);
  });

  test("the manifest has each state's line, column and live variables", () => {
    const source = wrap("  const a: number = await p;\n  const b = await p(a);\n  return a + b;");
    const manifest = compile(source, { filename: "src/app.ts" })?.manifest;
    expect(manifest).toMatchObject([
      {
        id: "src/app.ts:2:21",
        name: "f",
        source: "src/app.ts",
        slots: 1,
        states: [
          { line: 3, column: 21, live: ["p"] },
          { line: 4, column: 13, live: ["a"] },
        ],
      },
    ]);
    expect(manifest?.[0]?.hash).toMatch(/^[0-9a-f]{16}$/);
  });

  test("comments of the source stay", () => {
    expect(compile(`// first\n${wrap("await 1;")}`, { filename: "a.ts" })?.code).toContain("// first");
  });
});

describe("what is not a coroutine", () => {
  test("stays to the letter, and directives and `#!` stay first", () => {
    const rest = "function f( a ){ return   a /* as it was */ }\n\nexport   { f } // end\n";
    const code = compile(
      `#!/usr/bin/env node\n"use client"\nimport { co } from "pollux"\n${rest}co(async () => {})`,
      {
        filename: "a.js",
      },
    )?.code;
    expect(code).toMatch(
      /^#!\/usr\/bin\/env node\n"use client"\nimport \{.*\} from "pollux\/compiler-runtime";\n/,
    );
    expect(code).toContain(rest);
  });
});

describe("the import of `co`", () => {
  const imports = (source: string): string[] =>
    (compile(source, { filename: "a.ts" })?.code ?? "")
      .split("\n")
      .filter(
        (line) =>
          /^(?:import|export) .*;$/.test(line) &&
          !/^export const/.test(line) &&
          !line.includes("compiler-runtime"),
      );
  const use = "export const f = co(async (p: unknown) => { await p; });";

  test("goes once nothing needs it, and the module is still loaded", () => {
    expect(imports(`import { co } from "pollux";\n${use}`)).toEqual(['import "pollux";']);
    expect(
      imports(`import { co as go, run, type Future } from "pollux";\nrun(go(async () => {})());`),
    ).toEqual(['import { run } from "pollux";']);
  });

  test("stays where `co` is used for something else, or passed on", () => {
    const kept = 'import { co } from "pollux";';
    expect(imports(`${kept}\n${use}\nexport const g = (f: never) => co(f);`)).toEqual([kept]);
    expect(imports(`${kept}\n${use}\nexport { co };`)).toEqual([kept, "export { co };"]);
    expect(imports(`${kept}\nexport const f = co(async () => co);`)).toEqual([kept]);
  });

  test("of a namespace stays", () => {
    const kept = 'import * as pollux from "pollux";';
    expect(imports(`${kept}\nexport const f = pollux.co(async () => {});`)).toEqual([kept]);
  });
});
