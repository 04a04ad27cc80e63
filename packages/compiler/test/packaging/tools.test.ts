import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { rolldown } from "rolldown";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const app = `import { co, run, sleep } from "pollux";

interface Greeting {
  readonly text: string;
}

const fail = co(async () => {
  await sleep(1);
  throw new Error("on line 9");
});

const greet = co(async (name: string): Promise<Greeting> => {
  await sleep(1);
  return { text: "Hello, ".concat(name) };
});

console.log((await run(greet("Castor"))).text);
await run(fail()).catch((error: Error) => console.log(error.stack));
`;

let folder: string;

beforeAll(async () => {
  // The tools load the packages as they are built.
  await run("npx", ["tsc", "-b", "tsconfig.build.json"], { cwd: root });
  folder = mkdtempSync(`${root}dist/.tools-`);
  writeFileSync(`${folder}/app.ts`, app);
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

  test("node --import @pollux/compiler/register runs TypeScript", async () => {
    await check("--import", pathToFileURL(`${root}dist/register.js`).href, "app.ts");
  });
});
