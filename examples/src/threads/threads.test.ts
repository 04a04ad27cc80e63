import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../../dist/threads/main.js", import.meta.url));
const binaries = fileURLToPath(new URL("../../../packages/pollux/native/bin", import.meta.url));
const hasEpoll = process.platform === "linux" && readdirSync(binaries).includes(`linux-${process.arch}.node`);

test.runIf(hasEpoll)(
  "threads: the example serves on two cores, replaces both threads, and ends",
  async () => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { timeout: 50_000 });
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      "both threads answer",
      "both of their successors do",
      "2 listeners are open, 0 threads are silent",
      "",
    ]);
  },
  60_000,
);
