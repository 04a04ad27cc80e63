import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pollux } from "./support/pollux.ts";

const run = promisify(execFile);
const packageRoot = fileURLToPath(new URL("../", import.meta.url));
const tsc = fileURLToPath(new URL("../../../node_modules/typescript/bin/tsc", import.meta.url));

const app = `import { co, run, sleep } from "pollux";

interface Greeting {
  readonly text: string;
}

export const fail = co(async (greeting: Greeting): Promise<void> => {
  await sleep(1);
  throw new Error(greeting.text);
});

await run(fail({ text: "on line 9" })).catch((error: Error) => console.log(error.stack));
`;

let folder: string;

beforeEach(() => {
  // Below the package, so that `pollux` is found.
  folder = mkdtempSync(join(packageRoot, "dist/.compile-"));
  write("src/app.ts", app);
  write("src/plain.ts", "export const plain: number = 1;\n");
});

afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function read(name: string): string {
  return readFileSync(join(folder, name), "utf8");
}

async function emit(...options: string[]): Promise<void> {
  const args = ["src/app.ts", "src/plain.ts", "--outDir", "dist", "--rootDir", "src", "--target", "es2022"];
  const types = ["--module", "nodenext", "--skipLibCheck", "--types", "node", "--ignoreConfig"];
  write("package.json", '{ "type": "module" }');
  await run(process.execPath, [tsc, ...args, ...types, ...options], { cwd: folder });
}

describe("compile", () => {
  for (const option of ["--sourceMap", "--inlineSourceMap"]) {
    test(`compiles what tsc ${option} has emitted, with the lines of the TypeScript`, async () => {
      await emit(option);
      const plain = read("dist/plain.js");
      const { code, stdout } = await pollux("compile", join(folder, "dist"));
      expect([code, stdout]).toEqual([0, "1 coroutine compiled in 1 of 2 files\n"]);
      expect(read("dist/app.js")).toContain("pollux/compiler-runtime");
      expect(read("dist/plain.js")).toBe(plain);
      const { stdout: printed } = await run(process.execPath, ["--enable-source-maps", "dist/app.js"], {
        cwd: folder,
      });
      expect(printed).toContain("Error: on line 9");
      expect(printed).toMatch(/at fail\S* \(.*src\/app\.ts:9:9\)/);
      // What dumps tell is the line that was written, too.
      expect(read("dist/app.js")).toMatch(/file: ".*src\/app\.ts",\s+states: \{ "1": \[8, 3/);
    });
  }

  test("leaves what is compiled already", async () => {
    await emit("--sourceMap");
    await pollux("compile", join(folder, "dist/app.js"));
    const { mtimeMs } = statSync(join(folder, "dist/app.js"));
    const { stdout } = await pollux("compile", join(folder, "dist/app.js"));
    expect(stdout).toBe("0 coroutines compiled in 0 of 1 file\n");
    expect(statSync(join(folder, "dist/app.js")).mtimeMs).toBe(mtimeMs);
  });

  test("prints errors, does not write what has them, and ends with 1", async () => {
    const source = `import { co } from "pollux";\nexport const main = co(async (code) => eval(code));\n`;
    write("dist/bad.js", source);
    const { code, stderr } = await pollux("compile", join(folder, "dist/bad.js"));
    expect(code).toBe(1);
    expect(stderr).toContain("bad.js:2:40 error POLLUX_COMPILE_EVAL");
    expect(read("dist/bad.js")).toBe(source);
  });

  for (const [form, expected] of [
    ["preserve", "<b>{value}</b>"],
    ["automatic", 'from "react/jsx-runtime"'],
    ["classic", "React.createElement"],
  ] as const) {
    test(`--jsx ${form}`, async () => {
      const source = `import { co } from "pollux";\nexport const main = co(async (p) => [<b>{await p}</b>]);\n`;
      write("dist/view.jsx", source);
      const args = form === "preserve" ? [] : ["--jsx", form];
      const { code, stderr } = await pollux("compile", ...args, join(folder, "dist"));
      expect([code, stderr]).toEqual([0, ""]);
      expect(read("dist/view.jsx")).toContain(expected);
    });
  }
});
