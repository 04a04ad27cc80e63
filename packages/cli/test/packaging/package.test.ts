import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { describe, expect, test } from "vitest";

const folder = fileURLToPath(new URL("../..", import.meta.url));

/** The files that `npm pack` takes. */
function packed(): string[] {
  const text = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [tarball] = JSON.parse(text) as { files: { path: string }[] }[];
  return tarball?.files.map(({ path }) => path) ?? [];
}

describe("package: the tarball of the command", () => {
  test("holds the licence, the build and its sources, and nothing else", () => {
    const files = packed();
    expect(files).toEqual(
      expect.arrayContaining(["LICENSE", "README.md", "package.json", "dist/bin.js", "src/bin.ts"]),
    );
    const allowed = /^(?:LICENSE|README\.md|package\.json|dist\/.+\.(?:js|d\.ts)(?:\.map)?|src\/.+\.ts)$/;
    expect(files.filter((path) => !allowed.test(path) || /\.test\./.test(path))).toEqual([]);
  });

  test("has a command that a shell can start", () => {
    expect(readFileSync(`${folder}/dist/bin.js`, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test("has a manifest without mistakes", async () => {
    const { messages } = await publint({ pkgDir: folder, strict: true });
    expect(messages).toEqual([]);
  });
});
