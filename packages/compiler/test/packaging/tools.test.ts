import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import { rolldown } from "rolldown";
import { type RollupLog, type RollupWatcher, rollup, watch } from "rollup";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import webpack from "webpack";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const app = `import { co, run, sleep } from "pollux";
import { greeting } from "./words.js";
interface Greeting {
  readonly text: string;
}

const fail = co(async () => {
  await sleep(1);
  throw new Error("on line 9");
});

const greet = co(async (name: string): Promise<Greeting> => {
  await sleep(1);
  return { text: await greeting(name) };
});

console.log((await run(greet("Castor"))).text);
await run(fail()).catch((error: Error) => console.log(error.stack));
`;

const words = (word: string): string => `import { co, sleep } from "pollux";
export const greeting = co(async (name) => {
  await sleep(1);
  return \`${word}, \${name}\`;
});
`;

const page = `import { co, run, sleep } from "pollux";
import type { ReactNode } from "react";

const Bold = ({ children }: { children: ReactNode }) => <b>{children}</b>;
const word = co(async (text: string) => {
  await sleep(1);
  return text;
});
const page = co(async (): Promise<ReactNode> => (
  <p title={await word("t")}>
    Hello, <Bold>{await word("Castor")}</Bold>
  </p>
));
console.log(await run(page()));
`;

/** What takes the place of React: JSX becomes a text. */
const jsxRuntime = `export function jsx(type, { children, ...props }) {
  const inner = [children].flat().join("");
  const attributes = Object.entries(props).map(([name, value]) => \` \${name}="\${value}"\`).join("");
  return typeof type === "function" ? type({ children }) : \`<\${type}\${attributes}>\${inner}</\${type}>\`;
}
export const jsxs = jsx;
export const jsxDEV = jsx;
`;

let folder: string;

beforeAll(async () => {
  // The tools load the packages as they are built.
  await run("npx", ["tsc", "-b", "tsconfig.build.json"], { cwd: root });
  folder = mkdtempSync(`${root}dist/.tools-`);
  writeFileSync(`${folder}/app.ts`, app);
  writeFileSync(`${folder}/words.js`, words("Hello"));
  writeFileSync(`${folder}/page.tsx`, page);
  writeFileSync(
    `${folder}/tsconfig.json`,
    '{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "tiny" } }',
  );
  mkdirSync(`${folder}/node_modules/tiny`, { recursive: true });
  writeFileSync(
    `${folder}/node_modules/tiny/package.json`,
    '{ "exports": { "./*": "./jsx.js" }, "type": "module" }',
  );
  writeFileSync(`${folder}/node_modules/tiny/jsx.js`, jsxRuntime);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function plugin(): Promise<typeof import("../../src/plugin.ts")["pollux"]> {
  const { pollux } = await import(pathToFileURL(`${root}dist/plugin.js`).href);
  return pollux;
}

/** Runs a built program, and checks what it prints. */
async function check(...args: string[]): Promise<void> {
  const { stdout } = await run(process.execPath, args, { cwd: folder });
  expect(stdout).toContain("Hello, Castor\nError: on line 9");
  expect(stdout).toMatch(/at fail\S* \(.*app\.ts:9:9\)/);
}

describe("tools", () => {
  test("Rolldown builds a program with the plugin", async () => {
    const { rolldown: rolldownPlugin } = await plugin();
    const bundle = await rolldown({
      input: `${folder}/app.ts`,
      external: [/^pollux/],
      plugins: [rolldownPlugin()],
    });
    await bundle.write({ file: `${folder}/rolldown.js`, sourcemap: true });
    await check("--enable-source-maps", "rolldown.js");
  });

  test("Vite builds a program with the plugin", async () => {
    const { vite } = await plugin();
    await build({
      root: folder,
      logLevel: "error",
      plugins: [vite()],
      build: {
        outDir: `${folder}/vite`,
        ssr: `${folder}/app.ts`,
        sourcemap: true,
        target: "es2022",
        minify: false,
        rolldownOptions: { external: [/^pollux/] },
      },
    });
    await check("--enable-source-maps", "vite/app.js");
  });

  test("Rollup builds a program with the plugin", async () => {
    const { rollup: rollupPlugin } = await plugin();
    const warnings: RollupLog[] = [];
    const bundle = await rollup({
      input: `${folder}/app.ts`,
      external: [/^pollux/],
      plugins: [rollupPlugin()],
      onwarn: (warning) => warnings.push(warning),
    });
    await bundle.write({ file: `${folder}/rollup.js`, sourcemap: true });
    expect(warnings).toEqual([]);
    await check("--enable-source-maps", "rollup.js");
  });

  test("esbuild builds a program with the plugin", async () => {
    const { esbuild: esbuildPlugin } = await plugin();
    const { warnings } = await esbuild.build({
      entryPoints: [`${folder}/app.ts`],
      outfile: `${folder}/esbuild.js`,
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["pollux", "pollux/*"],
      sourcemap: true,
      logLevel: "error",
      plugins: [esbuildPlugin()],
    });
    expect(warnings).toEqual([]);
    await check("--enable-source-maps", "esbuild.js");
  });

  test("webpack builds a program with the plugin", async () => {
    const { webpack: webpackPlugin } = await plugin();
    const compiler = webpack({
      context: folder,
      entry: "./app.ts",
      mode: "development",
      target: "node20",
      devtool: "source-map",
      output: { path: folder, filename: "webpack.mjs", module: true },
      // Its own way with TypeScript, on newer Nodes, loses the lines that a plugin has told.
      experiments: { outputModule: true, typescript: false },
      externalsType: "module",
      externals: /^pollux/,
      plugins: [webpackPlugin()],
    });
    const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
      compiler?.run((error, result) => (error ? reject(error) : resolve(result)));
    });
    expect(stats?.toJson({ all: false, errors: true, warnings: true })).toMatchObject({
      errors: [],
      warnings: [],
    });
    await check("--enable-source-maps", "webpack.mjs");
  });

  test("node --import @pollux/compiler/register runs TypeScript", async () => {
    await check("--import", pathToFileURL(`${root}dist/register.js`).href, "app.ts");
  });
});

/** JSX is the tool's own affair: it reads from tsconfig.json whose runtime is called. */
describe("JSX in a file with coroutines", () => {
  async function checkPage(file: string): Promise<void> {
    const { stdout } = await run(process.execPath, [file], { cwd: folder });
    expect(stdout).toBe('<p title="t">Hello, <b>Castor</b></p>\n');
  }

  test("is compiled by Vite", async () => {
    const { vite } = await plugin();
    await build({
      root: folder,
      logLevel: "error",
      plugins: [vite()],
      build: {
        outDir: `${folder}/vite-jsx`,
        ssr: `${folder}/page.tsx`,
        target: "es2022",
        rolldownOptions: { external: [/^pollux/] },
      },
    });
    await checkPage("vite-jsx/page.js");
  });

  test("is compiled by Rolldown", async () => {
    const { rolldown: rolldownPlugin } = await plugin();
    const bundle = await rolldown({
      input: `${folder}/page.tsx`,
      tsconfig: `${folder}/tsconfig.json`,
      external: [/^pollux/],
      plugins: [rolldownPlugin()],
    });
    await bundle.write({ file: `${folder}/rolldown-jsx.js` });
    await checkPage("rolldown-jsx.js");
  });

  test("is compiled by esbuild", async () => {
    const { esbuild: esbuildPlugin } = await plugin();
    await esbuild.build({
      entryPoints: [`${folder}/page.tsx`],
      outfile: `${folder}/esbuild-jsx.js`,
      bundle: true,
      format: "esm",
      platform: "node",
      external: ["pollux", "pollux/*"],
      logLevel: "error",
      plugins: [esbuildPlugin()],
    });
    await checkPage("esbuild-jsx.js");
  });

  test("stays for whoever takes Rollup's output", async () => {
    const { rollup: rollupPlugin } = await plugin();
    const bundle = await rollup({
      input: `${folder}/page.tsx`,
      jsx: "preserve",
      external: [/^pollux/],
      plugins: [rollupPlugin()],
    });
    const { output } = await bundle.generate({});
    expect(output[0].code).toMatch(/<(\w+)>\{\w+\}<\/\1>/);
  });
});

describe("an edit", () => {
  const written = (name: string, word: string): string => {
    const path = `${folder}/${name}`;
    writeFileSync(path, words(word));
    return path;
  };

  test("is what Vite's dev server loads from then on", async () => {
    const path = written("edited.js", "before");
    // In a process of its own: here `pollux` means its sources, which Node does not load.
    writeFileSync(
      `${folder}/dev.mjs`,
      `import { writeFileSync } from "node:fs";
import { run } from "pollux";
import { createServer } from "vite";
import { pollux } from ${JSON.stringify(pathToFileURL(`${root}dist/plugin.js`).href)};

let updated;
const update = new Promise((resolve) => (updated = resolve));
const server = await createServer({
  root: ${JSON.stringify(folder)},
  configFile: false,
  logLevel: "error",
  appType: "custom",
  server: { middlewareMode: true, ws: false },
  ssr: { external: ["pollux"] },
  // The hook is called once the modules of the file are out of date.
  plugins: [pollux.vite(), { name: "update", hotUpdate: updated }],
});
const greet = async () => console.log(await run((await server.ssrLoadModule("/edited.js")).greeting("Castor")));
await greet();
writeFileSync(${JSON.stringify(path)}, ${JSON.stringify(words("after"))});
await update;
await greet();
await server.close();
`,
    );
    const { stdout } = await run(process.execPath, ["dev.mjs"], { cwd: folder });
    expect(stdout).toBe("before, Castor\nafter, Castor\n");
  });

  test("is built anew by Rollup's watch", async () => {
    const { rollup: rollupPlugin } = await plugin();
    const input = written("watched.js", "before");
    const watcher = watch({
      input,
      external: [/^pollux/],
      plugins: [rollupPlugin()],
      output: { file: `${folder}/watch/out.js` },
    });
    try {
      expect(await built(watcher)).toContain("before");
      const next = built(watcher);
      written("watched.js", "after");
      const code = await next;
      expect(code).toContain("after");
      expect(code).toContain("pollux/compiler-runtime");
    } finally {
      await watcher.close();
    }
  });

  /** The code of a watcher's next build. */
  function built(watcher: RollupWatcher): Promise<string> {
    return new Promise((resolve, reject) => {
      const listen = (event: { code: string; error?: unknown }): void => {
        if (event.code === "ERROR") reject(event.error);
        if (event.code !== "END" && event.code !== "ERROR") return;
        watcher.off("event", listen);
        if (event.code === "END") resolve(readFileSync(`${folder}/watch/out.js`, "utf8"));
      };
      watcher.on("event", listen);
    });
  }
});
