import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { reactors } from "../support/reactors.ts";

// Both ends are processes of their own, on the package as built: each has a descriptor for each connection.

const PROGRAM = fileURLToPath(new URL("../support/idle-program.mjs", import.meta.url));
const CONNECTIONS = 10_000;
const OTHERS = 100;

let children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
});

function start(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ["--expose-gc", PROGRAM, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

function limit(): number {
  if (process.platform === "win32") return 0;
  const text = execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
  return text === "unlimited" ? Number.POSITIVE_INFINITY : Number(text);
}

describe.each(reactors)("idle connections on the %s reactor", (name) => {
  test("10,000 at a time: all are held, and none is open once they have gone", { timeout: 240_000 }, async ({
    skip,
  }) => {
    skip(limit() < CONNECTIONS + OTHERS, `a process may have ${limit()} descriptors here: ulimit -n`);
    const server = start(name, "server", String(CONNECTIONS));
    if (server.stdout === null) throw new Error("no output");
    const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
    const next = async (): Promise<number> => Number((await lines.next()).value);
    const port = await next();
    const client = start(name, "client", String(CONNECTIONS), String(port));
    const bytes = await next();
    console.log(`${name}: ${bytes} bytes of resident memory for an idle connection, of ${CONNECTIONS}`);
    expect(bytes).toBeGreaterThan(0);
    client.stdin?.end();
    expect(await next()).toBe(0);
    if (server.exitCode === null) await once(server, "exit");
    expect(server.exitCode).toBe(0);
  });
});
