import { readFileSync } from "node:fs";
import * as pollux from "pollux";
import * as runtime from "pollux/compiler-runtime";
import { expect, test, vi } from "vitest";
import { compile } from "../src/compile.ts";

// Elsewhere examples are run as they are; those with `co(async …)` have to be compiled.
const pages = ["../README.md", "../../../docs/guide/compiler.md"];

interface Example {
  readonly at: string;
  readonly code: string;
}

function examplesOf(page: string): Example[] {
  const text = readFileSync(new URL(page, import.meta.url), "utf8");
  return [...text.matchAll(/^```ts no-run\n(.*?)^```$/gms)]
    .map(({ index, 1: code = "" }) => ({ at: `${page}:${text.slice(0, index).split("\n").length}`, code }))
    .filter(({ code }) => code.includes("console.log"));
}

const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<void>;

for (const { at, code } of pages.flatMap(examplesOf)) {
  test(`${at} prints what its comments say`, async () => {
    const expected = [...code.matchAll(/; \/\/ (.*)$/gm)].map((each) => each[1]);
    expect(expected).not.toEqual([]);
    const result = compile(code.replace(/^import .*\n/gm, ""), { filename: "example.ts", assumed: ["co"] });
    // It has the import of the runtime alone.
    const body = (result?.code ?? "").replace(
      /^import\s*\{([^}]*)\}.*$/m,
      (_, list: string) => `const {${list.replaceAll(" as ", ": ")}} = runtime;`,
    );
    const printed: string[] = [];
    const log = vi.spyOn(console, "log").mockImplementation((value) => {
      printed.push(typeof value === "string" ? value : JSON.stringify(value).replaceAll(",", ", "));
    });
    try {
      const { run, sleep } = pollux;
      await new AsyncFunction("runtime", "run", "sleep", body)(runtime, run, sleep);
    } finally {
      log.mockRestore();
    }
    expect(printed).toEqual(expected);
  });
}
