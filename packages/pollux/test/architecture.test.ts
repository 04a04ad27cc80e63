import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { breaches, cycles, type Rules, readSource } from "./support/architecture.ts";

/** The house, from the ground up: a folder imports from its own floor and from those below. */
const rules: Rules = {
  floors: [
    ["core"],
    ["task"],
    ["combine"],
    ["time"],
    ["sync"],
    ["stream"],
    ["io"],
    ["reactor"],
    ["node"],
    ["net", "fs", "process", "signal"],
    ["blocking"],
    ["interop"],
    ["tls"],
    ["runtime"],
  ],
  node: ["reactor", "node", "fs", "process", "signal", "blocking", "interop", "tls", "runtime"],
  native: "reactor/epoll/",
  portable: ["runtime/host/web.ts", ...portableFiles()],
  aliases: aliases(),
};

const packageRoot = new URL("../", import.meta.url);

/** The files, of folders that may import Node, that tsconfig.portable.json names: they run where Node does not. */
function portableFiles(): string[] {
  const config = readFileSync(new URL("../tsconfig.portable.json", import.meta.url), "utf8");
  return [...config.matchAll(/"src\/(\w+\/[\w/-]+\.ts)"/g)].map(([, path = ""]) => path);
}

/** What the `#names` in package.json stand for among the sources. */
function aliases(): Record<string, string[]> {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const found: Record<string, string[]> = {};
  for (const [name, target] of entries(entries(manifest).find(([key]) => key === "imports")?.[1])) {
    found[name] = leaves(target)
      .filter((path) => path.startsWith("./src/"))
      .map((path) => path.slice("./src/".length));
  }
  return found;
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function leaves(value: unknown): string[] {
  return typeof value === "string" ? [value] : entries(value).flatMap(([, inner]) => leaves(inner));
}

function packageSources(): Map<string, string> {
  const root = fileURLToPath(new URL("src/", packageRoot));
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"));
  return new Map(paths.map((path) => [path, readFileSync(`${root}${path}`, "utf8")]));
}

test("architecture: the sources keep the rules of the house", () => {
  const sources = packageSources();
  expect(sources.size).toBeGreaterThan(0);
  expect(breaches(sources, rules)).toEqual([]);
});

test("architecture: #host stands for a file of each host", () => {
  expect(rules.aliases).toEqual({ "#host": ["runtime/host/node.ts", "runtime/host/web.ts"] });
});

describe("architecture: a breach is found", () => {
  const house = {
    "index.ts": `export { x } from "./core/x.ts";`,
    "core/x.ts": "export const x = 1;",
    "core/y.ts": "export const y = 1;",
    "time/sleep.ts": `import { x } from "../core/x.ts"; export const sleep = x;`,
    "net/tcp.ts": "export const tcp = 1;",
    "fs/file.ts": `import { open } from "node:fs"; export const file = open;`,
    "reactor/epoll/load.ts": `import { createRequire } from "node:module"; createRequire("")("./pollux.node");`,
    "runtime/run.ts": `import { host } from "#host"; export const run = host;`,
    "runtime/host/node.ts": `import process from "node:process"; export const host = process;`,
    "runtime/host/web.ts": "export const host = 1;",
  };
  const withFiles = (files: Record<string, string>): string[] =>
    breaches(new Map(Object.entries({ ...house, ...files })), rules);

  test("but none in a sound house", () => {
    expect(withFiles({})).toEqual([]);
  });

  const cases: [rule: string, path: string, source: string, expected: string][] = [
    [
      "upward import",
      "core/z.ts",
      `import { sleep } from "../time/sleep.ts";`,
      `core/z.ts:1: imports "../time/sleep.ts", upward from core/ to time/`,
    ],
    [
      "upward import of a type",
      "core/z.ts",
      `\nimport type { S } from "../time/sleep.ts";`,
      `core/z.ts:2: imports "../time/sleep.ts", upward from core/ to time/`,
    ],
    [
      "upward re-export",
      "core/z.ts",
      `export * from "../time/sleep.ts";`,
      `core/z.ts:1: imports "../time/sleep.ts", upward from core/ to time/`,
    ],
    [
      "upward re-export by name",
      "core/z.ts",
      `export { sleep } from "../time/sleep.ts";`,
      `core/z.ts:1: imports "../time/sleep.ts", upward from core/ to time/`,
    ],
    [
      "upward dynamic import",
      "core/z.ts",
      `export const f = () => import("../time/sleep.ts");`,
      `core/z.ts:1: imports "../time/sleep.ts", upward from core/ to time/`,
    ],
    [
      "upward import inside a type",
      "core/z.ts",
      `export type S = import("../time/sleep.ts").S;`,
      `core/z.ts:1: imports "../time/sleep.ts", upward from core/ to time/`,
    ],
    [
      "import of the entry point",
      "runtime/z.ts",
      `import { x } from "../index.ts";`,
      `runtime/z.ts:1: imports "../index.ts", upward from runtime/ to index.ts`,
    ],
    [
      "upward import by alias",
      "task/z.ts",
      `import { host } from "#host";`,
      `task/z.ts:1: imports "#host", upward from task/ to runtime/`,
    ],
    [
      "Node on a portable floor",
      "core/z.ts",
      `import { readFile } from "node:fs";`,
      `core/z.ts:1: imports "node:fs", but only reactor, node, fs`,
    ],
    [
      "Node's types on a portable floor",
      "stream/z.ts",
      `import type { Readable } from "node:stream";`,
      `stream/z.ts:1: imports "node:stream", but only reactor, node, fs`,
    ],
    [
      "Node in net",
      "net/z.ts",
      `import "node:net";`,
      `net/z.ts:1: imports "node:net", but only reactor, node, fs`,
    ],
    [
      "Node in the entry point",
      "index.ts",
      `export * from "node:fs";`,
      `index.ts:1: imports "node:fs", but only reactor, node, fs`,
    ],
    [
      "Node in the web host",
      "runtime/host/web.ts",
      `import "node:fs";`,
      `runtime/host/web.ts:1: imports "node:fs", but only reactor, node, fs`,
    ],
    [
      "Node without its prefix",
      "fs/z.ts",
      `import "fs";`,
      `fs/z.ts:1: imports "fs", which is neither a file of this package nor node:*`,
    ],
    [
      "dependency",
      "core/z.ts",
      `import "left-pad";`,
      `core/z.ts:1: imports "left-pad", which is neither a file of this package nor node:*`,
    ],
    [
      "computed import",
      "core/z.ts",
      "export const f = (p: string) => import(p);",
      `core/z.ts:1: imports "(computed)", which is neither a file of this package nor node:*`,
    ],
    [
      "missing file",
      "core/z.ts",
      `import "./nothing.ts";`,
      `core/z.ts:1: imports "./nothing.ts", but there is no source file core/nothing.ts`,
    ],
    [
      "import of a test",
      "core/z.ts",
      `import "./x.test.ts";`,
      `core/z.ts:1: imports "./x.test.ts", but there is no source file core/x.test.ts`,
    ],
    [
      "import outside of src",
      "core/z.ts",
      `import "../../package.json";`,
      `core/z.ts:1: imports "../../package.json", but there is no source file ../package.json`,
    ],
    [
      "dlopen outside of epoll",
      "reactor/node/z.ts",
      `import process from "node:process"; process.dlopen(m, "x");`,
      "reactor/node/z.ts:1: uses dlopen, but only reactor/epoll/ may load native code",
    ],
    [
      "require outside of epoll",
      "fs/z.ts",
      `import { createRequire } from "node:module";`,
      "fs/z.ts:1: uses createRequire, but only reactor/epoll/ may load native code",
    ],
    [
      "addon outside of epoll",
      "fs/z.ts",
      `export const addon = "../pollux.node";`,
      `fs/z.ts:1: uses "../pollux.node", but only reactor/epoll/ may load native code`,
    ],
    ["file on no floor", "util/z.ts", "export {};", "util/z.ts: stands on no floor"],
    ["file outside of any folder", "z.ts", "export {};", "z.ts: stands on no floor"],
    [
      "definition in the entry point",
      "index.ts",
      "export const x = 1;",
      "index.ts:1: defines something; it only re-exports",
    ],
    ["cycle of one", "core/z.ts", `import "./z.ts";`, "import cycle: core/z.ts -> core/z.ts"],
  ];
  for (const [rule, path, source, expected] of cases) {
    test(rule, () => {
      expect(withFiles({ [path]: source })).toContainEqual(expect.stringContaining(expected));
    });
  }

  test("cycle of two files", () => {
    const found = withFiles({ "core/a.ts": `import "./b.ts";`, "core/b.ts": `export * from "./a.ts";` });
    expect(found).toEqual(["import cycle: core/a.ts -> core/b.ts -> core/a.ts"]);
  });

  test("cycle by an import that names only types but is not erased", () => {
    const found = withFiles({
      "core/a.ts": `import { type B } from "./b.ts";`,
      "core/b.ts": `import { type A } from "./a.ts";`,
    });
    expect(found).toEqual(["import cycle: core/a.ts -> core/b.ts -> core/a.ts"]);
  });

  test("cycle of folders on one floor, of types alone", () => {
    const found = withFiles({
      "net/a.ts": `import type { B } from "../signal/b.ts";`,
      "signal/b.ts": `import type { A } from "../net/a.ts";`,
    });
    expect(found).toEqual(["import cycle of folders: net -> signal -> net"]);
  });

  test("but not two files of one folder that name each other's types", () => {
    const found = withFiles({
      "core/a.ts": `import type { B } from "./b.ts";`,
      "core/b.ts": `import { A } from "./a.ts";`,
    });
    expect(found).toEqual([]);
  });
});

test("architecture: a file that does not parse is an error, not a file without imports", () => {
  expect(() => readSource("core/z.ts", "import {{ from;")).toThrow(SyntaxError);
});

test("architecture: text that only looks like an import is none", () => {
  const file = readSource("core/z.ts", `// import "./a.ts"\nexport const s = 'import "./b.ts"';`);
  expect(file.imports).toEqual([]);
});

test("architecture: the shortest cycle is named", () => {
  const edges = new Map([
    ["a", ["b", "c"]],
    ["b", ["c"]],
    ["c", ["a", "d"]],
    ["d", []],
  ]);
  expect(cycles(edges)).toEqual([
    ["a", "c", "a"],
    ["b", "c", "a", "b"],
  ]);
});
