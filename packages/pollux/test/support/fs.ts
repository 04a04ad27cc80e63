import { mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";

/** A directory of its own for each test, by a function that gives the path of a name in it. */
export function testDirectory(): (name?: string) => string {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "pollux-test-"));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });
  return (name = "") => join(directory, name);
}

/** What the descriptors of this process lead to below a path. */
export function openBelow(path: string): string[] {
  const found: string[] = [];
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      if (target.startsWith(path)) found.push(target);
    } catch {
      // The one that has listed the others.
    }
  }
  return found;
}
