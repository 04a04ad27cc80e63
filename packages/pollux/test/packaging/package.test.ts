import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attw, node, type Packed, pack, tsc, workspace } from "../support/packed.ts";

let packed: Packed;

beforeAll(() => {
  packed = pack();
});

afterAll(() => packed?.remove());

/** A program that a user might write: it uses the package by its name, as values and as types. */
const program = `
  import { co, type Future, sleep, spawn } from "pollux";

  const double = co(function* (n: number) {
    yield* sleep(1);
    return 2 * n;
  });

  const main = co(function* () {
    const handle = spawn(double(20));
    const sum: number = (yield* double(1)) + (yield* handle);
    return sum;
  });

  const future: Future<number> = main();
  const result: number = await future;
  console.log(result);
`;

function files(): string[] {
  return readdirSync(packed.installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(packed.installed.length + 1)
        .replaceAll("\\", "/"),
    );
}

describe("package: the tarball", () => {
  test("holds the licence, the build and its sources, and nothing else", () => {
    const found = files();
    expect(found).toEqual(
      expect.arrayContaining(["LICENSE", "package.json", "dist/index.js", "dist/index.d.ts", "src/index.ts"]),
    );
    const allowed =
      /^(?:LICENSE|README\.md|package\.json|dist\/.+\.(?:js|d\.ts)(?:\.map)?|src\/.+\.ts|native\/bin\/linux-(?:x64|arm64)\.node)$/;
    expect(found.filter((path) => !allowed.test(path))).toEqual([]);
    expect(found.filter((path) => /\.test\.|\btest\/|\bsupport\//.test(path))).toEqual([]);
  });

  // Others come and go while the tests of the binaries build them.
  test("holds the binary that was built for this machine", () => {
    const name = `native/bin/linux-${process.arch}.node`;
    const isBuilt = existsSync(new URL(`../../${name}`, import.meta.url));
    expect(files().includes(name)).toBe(isBuilt);
  });

  test("has for each built file the source that its map names", () => {
    const found = new Set(files());
    for (const path of found) {
      if (!path.endsWith(".map")) continue;
      const { sources } = JSON.parse(readFileSync(join(packed.installed, path), "utf8"));
      for (const source of sources) {
        const url = new URL(source, `file:///${path}`);
        expect(found, `${path} names ${source}`).toContain(url.pathname.slice(1));
      }
    }
  });

  test("names no path of the machine that built it", () => {
    const paths = [workspace, join(packed.project, ".."), `${homedir()}/`];
    for (const file of files()) {
      const content = readFileSync(join(packed.installed, file), "utf8");
      for (const path of paths) expect(content.includes(path), `${file} names ${path}`).toBe(false);
    }
  });

  test("has no dependencies and no install scripts", () => {
    const manifest = JSON.parse(readFileSync(join(packed.installed, "package.json"), "utf8"));
    const asks = Object.keys(manifest).filter((key) => /dependencies$/i.test(key));
    expect(asks).toEqual([]);
    expect(Object.keys(manifest.scripts ?? {}).filter((name) => /install|^prepare$/.test(name))).toEqual([]);
  });

  test("passes publint", async () => {
    const { messages } = await publint({ pkgDir: packed.installed, pack: false, strict: true });
    expect(messages).toEqual([]);
  });

  test("has types that resolve as its code does", () => {
    const report = attw(
      packed.project,
      packed.tarball,
      "--profile",
      "esm-only",
      "--no-definitely-typed",
      "--format",
      "ascii",
      "--no-emoji",
    );
    expect(report).toContain("node16 (from ESM): OK (ESM)");
    expect(report).toContain("bundler: OK");
  });
});

describe("package: installed", () => {
  test.runIf(existsSync(new URL("../../native/bin", import.meta.url)))(
    "has the native layer that was built, and finds it",
    () => {
      const script = `import { Runtime, TcpListener } from "pollux";
        const runtime = new Runtime({ reactor: "epoll" });
        (await runtime.spawn(TcpListener.bind("127.0.0.1:0"))).close();
        console.log(runtime.reactor);`;
      writeFileSync(join(packed.project, "reactor.mjs"), script);
      expect(node(packed.project, "reactor.mjs")).toBe("epoll\n");
    },
  );

  test("has the low level of the reactor as an entry of its own, with types", () => {
    const source = `
      import { AsyncFd, OwnedFd } from "pollux/reactor";
      const read: (buf: Uint8Array) => number = OwnedFd.prototype.read;
      console.log(typeof AsyncFd.register, typeof read);`;
    writeFileSync(join(packed.project, "main.ts"), source);
    compile("reactor", {
      module: "nodenext",
      outDir: "out",
      types: [],
      lib: ["ES2022", "ESNext.Disposable", "DOM"],
    });
    expect(node(packed.project, "out/main.js")).toBe("function function\n");
  });

  test("runs a program under Node", () => {
    writeFileSync(join(packed.project, "main.ts"), program);
    compile("nodenext", { module: "nodenext", outDir: "out" });
    expect(node(packed.project, "out/main.js")).toBe("42\n");
  });

  test("runs a program from a bundle for the Web, which imports nothing of Node", async () => {
    writeFileSync(join(packed.project, "web.ts"), program);
    const bundle = await rolldown({
      input: join(packed.project, "web.ts"),
      platform: "browser",
      external: /^node:/,
      logLevel: "silent",
    });
    const { output } = await bundle.write({ file: join(packed.project, "web.mjs"), format: "esm" });
    expect(output[0].imports).toEqual([]);
    expect(output[0].dynamicImports).toEqual([]);
    expect(node(packed.project, "web.mjs")).toBe("42\n");
  });

  test("keeps its internals closed", () => {
    for (const path of ["pollux/dist/index.js", "pollux/src/index.ts", "pollux/core"]) {
      const attempt = `await import(${JSON.stringify(path)}).then(() => "open", (error) => error.code)`;
      const printed = node(packed.project, "--input-type=module", "--eval", `console.log(${attempt})`);
      expect(printed).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED\n");
    }
    const manifest = `(await import("pollux/package.json", { with: { type: "json" } })).default.name`;
    expect(node(packed.project, "--input-type=module", "--eval", `console.log(${manifest})`)).toContain(
      "pollux\n",
    );
  });

  const consumers: [name: string, options: object][] = [
    ["nodenext", { module: "nodenext", moduleResolution: "nodenext" }],
    ["bundler", { module: "esnext", moduleResolution: "bundler" }],
  ];
  for (const [name, options] of consumers) {
    test(`type-checks under ${name} with Node's types`, () => {
      writeFileSync(join(packed.project, "main.ts"), program);
      compile(`${name}-node`, { ...options, noEmit: true });
    });

    test(`type-checks under ${name} with the Web's types alone`, () => {
      writeFileSync(join(packed.project, "main.ts"), program);
      compile(`${name}-web`, {
        ...options,
        noEmit: true,
        types: [],
        lib: ["ES2022", "ESNext.Disposable", "DOM"],
      });
    });
  }

  test("does not type-check a program that misuses it", () => {
    writeFileSync(join(packed.project, "main.ts"), program.replace("result: number", "result: string"));
    expect(() => compile("misuse", { module: "nodenext", noEmit: true })).toThrow(
      "Type 'number' is not assignable to type 'string'",
    );
  });
});

/** Compiles main.ts in the project as a strict user's compiler would, the package's own declarations included. */
function compile(name: string, options: object): void {
  for (const dependency of ["@types/node", "undici-types"]) {
    const target = join(packed.project, "node_modules", dependency);
    if (existsSync(target)) continue;
    mkdirSync(join(target, ".."), { recursive: true });
    cpSync(join(workspace, "node_modules", dependency), target, { recursive: true });
  }
  const config = {
    compilerOptions: { target: "ES2022", strict: true, skipLibCheck: false, types: ["node"], ...options },
    files: ["main.ts"],
  };
  writeFileSync(join(packed.project, `tsconfig.${name}.json`), JSON.stringify(config));
  tsc(packed.project, "-p", `tsconfig.${name}.json`);
}
