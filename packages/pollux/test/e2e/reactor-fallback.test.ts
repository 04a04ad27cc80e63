import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadNative } from "../../src/reactor/epoll/native.ts";
import { compileC, hasCommand } from "../support/compile-c.ts";
import { workspace } from "../support/packed.ts";

// A program in a process of its own, on the package as built and copied: whatever keeps the epoll reactor from running, the
// node reactor serves, nothing is on stderr, and the runtime says which one it is and why.

const onLinux = process.platform === "linux";
const built = "native" in loadNative();
const binary = `linux-${process.arch}.node`;

/** Where the header of a binary says which CPU it is for, and a CPU that we build none for. */
const [E_MACHINE, EM_RISCV] = [18, 243];

/** Has bytes go through a connection and back, and says what it runs on. */
const PROGRAM = `
  import { createRequire } from "node:module";
  if (process.env.SANDBOX !== undefined) createRequire(import.meta.url)(process.env.SANDBOX);
  const { co, Runtime, snapshot, spawn, TcpListener, TcpStream } = await import("pollux");
  const runtime = new Runtime({ reactor: process.env.REACTOR ?? "auto" });
  const echo = co(function* (listener) {
    const stream = yield* listener.accept();
    const buf = new Uint8Array(100);
    for (let n; (n = yield* stream.read(buf)) > 0; ) yield* stream.writeAll(buf.subarray(0, n));
    stream.close();
  });
  const main = co(function* main() {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const server = spawn(echo(listener));
    const stream = yield* TcpStream.connect(listener.localAddress);
    yield* stream.writeAll(new TextEncoder().encode("hello"));
    const buf = new Uint8Array(100);
    const size = yield* stream.read(buf);
    const { reactor, reactorReason: reason } = runtime;
    const [dumped] = runtime.dump().split("\\n");
    const answer = new TextDecoder().decode(buf.subarray(0, size));
    console.log(JSON.stringify({ answer, reactor, reason, dumped, data: snapshot(runtime).reactor }));
    stream.close();
    yield* server;
    listener.close();
  });
  await runtime.run(main());
`;

let directory: string;
let installed: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "pollux-fallback-"));
  installed = install("whole");
});

afterAll(() => rmSync(directory, { recursive: true }));

/** A project with the package as it is built. */
function install(name: string): string {
  const project = join(directory, name);
  const to = join(project, "node_modules", "pollux");
  mkdirSync(to, { recursive: true });
  for (const part of ["package.json", "dist", ...(built ? ["native"] : [])])
    cpSync(join(workspace, "packages", "pollux", part), join(to, part), { recursive: true });
  writeFileSync(join(project, "main.mjs"), PROGRAM);
  // What Node itself says with these flags, an experimental feature for example, is none of our words.
  writeFileSync(join(project, "empty.mjs"), "");
  return project;
}

function run(project: string, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const start = (file: string) =>
    spawnSync(process.execPath, [...flags, join(project, file)], {
      cwd: project,
      env: { ...process.env, ...env },
      encoding: "utf8",
      timeout: 14_000,
    });
  const { stdout, stderr, status } = start("main.mjs");
  const withoutPid = (text: string): string => text.replaceAll(/\(node:\d+\)/g, "(node)");
  expect(withoutPid(stderr)).toBe(withoutPid(start("empty.mjs").stderr));
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

function expectNode(said: unknown, why: RegExp): void {
  expect(said).toMatchObject({ answer: "hello", reactor: "node", reason: expect.stringMatching(why) });
  const { reason, dumped, data } = said as Record<string, unknown>; // as PROGRAM says it
  expect(dumped).toBe(`reactor: node (${reason})`);
  expect(data).toEqual({ name: "node", why: reason });
}

const epoll = { answer: "hello", reactor: "epoll", dumped: "reactor: epoll", data: { name: "epoll" } };

test.runIf(built)("reactor: where nothing is missing it is epoll, and there is no reason to tell", () => {
  expect(run(installed)).toEqual(epoll);
});

test("reactor: node, where that was asked for, and there is no reason to tell", () => {
  const said = run(installed, [], { REACTOR: "node" });
  expect(said).toEqual({ answer: "hello", reactor: "node", dumped: "reactor: node", data: { name: "node" } });
});

describe.runIf(onLinux)("reactor: auto is node, without a word on stderr, and says why", () => {
  const binaryOf = (project: string): string => join(project, "node_modules/pollux/native/bin", binary);

  test("where there is no binary", () => {
    const project = install("none");
    rmSync(join(project, "node_modules/pollux/native"), { recursive: true, force: true });
    expectNode(run(project), new RegExp(`there is no binary for ${process.arch}`));
  });

  test("where the binary is not one", () => {
    const project = install("broken");
    mkdirSync(join(project, "node_modules/pollux/native/bin"), { recursive: true });
    writeFileSync(binaryOf(project), "no binary");
    expectNode(run(project), /the native layer was not loaded: .*(?:file too short|invalid ELF header)/);
  });

  test.runIf(built)("where the binary is another CPU's", () => {
    const project = install("foreign");
    const bytes = readFileSync(binaryOf(project));
    bytes.writeUInt16LE(EM_RISCV, E_MACHINE);
    writeFileSync(binaryOf(project), bytes);
    expectNode(run(project), /the native layer was not loaded: ./);
  });

  test("with --no-addons", () => {
    expectNode(run(installed, ["--no-addons"]), /Node was told to load no addons/);
  });

  const permission = process.allowedNodeEnvironmentFlags.has("--permission")
    ? "--permission"
    : "--experimental-permission";
  const flags = [permission, "--allow-fs-read=*"];
  // Newer Nodes ask for it too.
  if (process.allowedNodeEnvironmentFlags.has("--allow-net")) flags.push("--allow-net");

  test("under Node's permission model", () => {
    expectNode(run(installed, flags), /the native layer was not loaded: ./);
  });

  test.runIf(built && process.allowedNodeEnvironmentFlags.has("--allow-addons"))(
    "but it is epoll where the permission model allows addons",
    () => {
      expect(run(installed, [...flags, "--allow-addons"])).toEqual(epoll);
    },
  );

  // Node needs these calls too, to start: what refuses them is a sandbox that a process shuts once it runs.
  describe.runIf(built)("in a sandbox", () => {
    test.for([
      ["epoll_create1", /epoll_create1 is refused here \(errno 1\)/],
      ["eventfd2", /eventfd is refused here \(errno 1\)/],
    ] as const)("that refuses %s", ([call, why], { skip }) => {
      skip(!hasCommand("cc"), "there is no C compiler to build the sandbox with");
      const sandbox = join(directory, `${call}.node`);
      compileC("cc", "refuse", sandbox, "-shared", "-fPIC", `-DREFUSED=SYS_${call}`);
      expectNode(run(installed, [], { SANDBOX: sandbox }), why);
    });
  });
});
