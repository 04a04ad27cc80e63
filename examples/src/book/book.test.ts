import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EventQueue } from "pollux/reactor";
import { expect, test } from "vitest";

// Each program of this folder, as built, prints what the README says.

const sources = new URL("./", import.meta.url);
const built = new URL("../../dist/book/", import.meta.url);
const readme = readFileSync(new URL("README.md", sources), "utf8");

const programs = readdirSync(sources)
  .filter((name) => /^\d.*\.ts$/.test(name))
  .map((name) => name.slice(0, -".ts".length));

function hasNative(): boolean {
  try {
    new EventQueue().close();
    return true;
  } catch (error) {
    // "POLLUX_UNSUPPORTED": anything else is a failure.
    if ((error as { code?: string }).code !== "POLLUX_UNSUPPORTED") throw error;
    return false;
  }
}

test("book: the README lists each program, in order", () => {
  const rows = [...readme.matchAll(/^\| \[([\w-]+)\]\(\1\.ts\) \|.*\| (yes|no) \|$/gm)].map(
    ([, name]) => name,
  );
  expect(programs.length).toBe(7);
  expect(rows).toEqual(programs);
});

for (const name of programs) {
  const needsNative = new RegExp(`^\\| \\[${name}\\].*\\| yes \\|$`, "m").test(readme);
  test(`book: ${name} prints what the README says`, async (context) => {
    if (needsNative && !hasNative()) context.skip("the native layer is not there");
    const path = fileURLToPath(new URL(`${name}.js`, built));
    if (!existsSync(path)) throw new Error(`${path} is missing: run npm run build first`);
    const [, output] = new RegExp(`${name}\\.js\` prints:\n\n\`\`\`text\n([^]*?)\`\`\``).exec(readme) ?? [];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [path], { timeout: 14_000 });
    expect(stderr).toBe("");
    expect(stdout).toBe(output);
  });
}
