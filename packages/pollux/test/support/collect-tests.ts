import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rolldown } from "rolldown";

/** What files of tests find in place of Vitest: it notes what the tests are called and runs none. */
const vitest = `
  export const found = {};
  let names = [];
  export const begin = (file) => (found[file] = names = []);
  const groups = [];
  export const test = (title) => void names.push([...groups, title].join(" > "));
  test.each = test.for = () => test;
  test.runIf = () => test;
  test.concurrent = test;
  export const describe = (title, block) => {
    groups.push(title);
    block();
    groups.pop();
  };
  // Whatever else a file does with Vitest while it is loaded comes to nothing.
  const nothing = new Proxy(() => nothing, { get: (_, key) => (key === "then" ? undefined : nothing) });
  export { nothing as expect, nothing as expectTypeOf, nothing as vi };
  export { nothing as beforeAll, nothing as beforeEach, nothing as afterAll, nothing as afterEach };
`;

/**
 * The names of the tests in some files, each with those of its groups before it, as `group > test`. The files are run,
 * so that tests that a loop makes are among them; the tests are not.
 *
 * @param files - paths of the files, by the names that they have in the result
 */
export async function collectTests(
  files: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string[]>> {
  const directory = mkdtempSync(join(tmpdir(), "pollux-tests-"));
  const steps = [...files].map(
    ([name, path]) => `begin(${JSON.stringify(name)});\nawait import(${JSON.stringify(path)});`,
  );
  const modules: Record<string, string> = {
    "\0main": `import { begin, found } from "vitest";\n${steps.join("\n")}\nconsole.log(JSON.stringify(found));`,
    "\0vitest": vitest,
  };
  const bundle = await rolldown({
    input: "main",
    platform: "node",
    // The package says that its modules do nothing but export: those that are imported for what they do are kept.
    treeshake: false,
    external: /^node:/,
    resolve: { conditionNames: ["pollux-source", "node", "import", "default"] },
    plugins: [
      {
        name: "titles-only",
        resolveId: (id) => (`\0${id}` in modules ? `\0${id}` : null),
        load: (id) => modules[id] ?? null,
      },
    ],
  });
  try {
    await bundle.write({
      dir: directory,
      format: "esm",
      entryFileNames: "main.mjs",
      chunkFileNames: "[hash].mjs",
    });
    const found = execFileSync(process.execPath, [join(directory, "main.mjs")], { encoding: "utf8" });
    return new Map(Object.entries(JSON.parse(found)));
  } finally {
    await bundle.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
