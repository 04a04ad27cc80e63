import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { startServer } from "./programs.ts";

const has = (command: string): boolean => spawnSync(command, ["--version"]).error === undefined;
const missing = ["cc", "taskset"].filter((command) => !has(command));

// A server that stays keeps the pipes open that it was given: whoever reads what the benchmark prints would wait for ever.
test.skipIf(missing.length > 0)("the server in C ends with its input", async () => {
  const server = await startServer("c-epoll", "echo", 64);
  expect(server.cpu()).toBeGreaterThanOrEqual(0);
  server.close();
  const isGone = (): boolean => {
    try {
      server.cpu();
      return false;
    } catch {
      return true;
    }
  };
  while (!isGone()) await new Promise((resolve) => setTimeout(resolve, 5));
});
