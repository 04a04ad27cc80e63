import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadNative } from "./epoll/native.ts";

/** Opens a listener and says which reactor did so, and why. */
const PROGRAM = `
  const { Runtime, TcpListener } = await import("pollux");
  const runtime = new Runtime({ reactor: process.env.REACTOR });
  const listener = await runtime.spawn(TcpListener.bind("127.0.0.1:0"));
  listener.close();
  console.log(runtime.reactor + ": " + (runtime.handle.reactor.why ?? ""));
`;

function run(reactor: string, ...flags: string[]): ReturnType<typeof spawnSync> {
  return spawnSync(process.execPath, [...flags, "--input-type=module", "-e", PROGRAM], {
    // Below the package, so that it resolves its own name.
    cwd: fileURLToPath(new URL("../../../../examples", import.meta.url)),
    env: { ...process.env, REACTOR: reactor },
    encoding: "utf8",
  });
}

test.runIf("native" in loadNative())("reactor: auto is epoll", () => {
  expect(run("auto").stdout).toBe("epoll: \n");
});

test("reactor: where addons are refused, auto is node, without a word on stderr, and says why", () => {
  const { stdout, stderr, status } = run("auto", "--no-addons");
  expect(stdout).toMatch(/^node: .*(?:no addons|epoll is Linux's)/);
  expect(stderr).toBe("");
  expect(status).toBe(0);
});

test("reactor: where addons are refused, epoll is an error that says why", () => {
  const { stdout, stderr, status } = run("epoll", "--no-addons");
  expect(stdout).toBe("");
  expect(stderr).toContain("POLLUX_UNSUPPORTED");
  expect(status).toBe(1);
});
