import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Runtime, run } from "pollux";
import { afterAll, beforeAll, expect, test } from "vitest";
import { grepOutput } from "./pipeline.ts";

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "pollux-pipeline-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Descriptors of this process that lead into the directory. */
function open(): number {
  let count = 0;
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)) count++;
    } catch {
      // The one that has listed the others.
    }
  }
  return count;
}

const children = (): string => readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");

test("pipeline: the lines with the word are in the file", async () => {
  const path = join(directory, "lines");
  expect(await run(grepOutput("seq 1 100", "7", path))).toBe(19);
  expect(readFileSync(path, "utf8").split("\n").slice(0, 3)).toEqual(["7", "17", "27"]);
});

test("pipeline: a script that fails is an error, and what it has written is there", async () => {
  const path = join(directory, "failed");
  await expect(run(grepOutput("echo a7; exit 3", "7", path))).rejects.toThrow(
    "the script has failed: exit code 3",
  );
  expect(readFileSync(path, "utf8")).toBe("a7\n");
});

test("pipeline: a full disk ends the script", async () => {
  const before = children();
  await expect(run(grepOutput("yes 7", "7", "/dev/full"))).rejects.toMatchObject({ code: "ENOSPC" });
  expect(children()).toBe(before);
});

test("pipeline: a cancel ends the script and all that it has started, and closes the file", async () => {
  const before = children();
  const runtime = new Runtime();
  const path = join(directory, "cut");
  const task = runtime.spawn(grepOutput("yes 7 | head -9999; sleep 60 & sleep 60; wait", "7", path));
  while (!existsSync(path) || statSync(path).size === 0)
    await new Promise((resolve) => setImmediate(resolve));
  expect(open()).toBe(1);
  task.abort();
  await expect(task).rejects.toMatchObject({ code: "POLLUX_CANCELLED" });
  expect([children(), open()]).toEqual([before, 0]);
});
