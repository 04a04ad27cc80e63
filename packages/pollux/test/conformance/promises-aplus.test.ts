import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleSources } from "../support/bundle.ts";

const child = fileURLToPath(new URL("promises-aplus-child.mjs", import.meta.url));

/** The cases of the suite, version 2.1.2. */
const CASES = 872;

let directory: string;
let bundle: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "pollux-aplus-"));
  bundle = await bundleSources(directory);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("Promises/A+ 2.1.2", () => {
  const adapters = [
    ["join-handle", "a JoinHandle is a promise"],
    ["future", "a future is one by its `then`"],
    ["coroutine", "so is a coroutine"],
  ] as const;

  test.concurrent.for(adapters)("%s: %s", async ([adapter]) => {
    const { stdout } = await promisify(execFile)(execPath, [child, bundle, adapter], { timeout: 60_000 });
    const { passed, failed, sections } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    const counts = Object.entries(sections).map(([section, count]) => `${section}: ${count}`);
    console.log(
      `promises-aplus-tests on ${adapter}: ${passed} passed, ${failed.length} failed (${counts.join(", ")})`,
    );
    expect(failed).toEqual([]);
    expect(passed).toBe(CASES);
  });
});
