import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docBlocks } from "../support/doc-blocks.ts";
import { type DocProgram, docProgram, type Surroundings } from "../support/doc-program.ts";
import { DocProject } from "../support/doc-project.ts";
import { workspace } from "../support/packed.ts";
import { publicNames } from "../support/public-names.ts";

/*
 * Every block of TypeScript in the documentation is checked and run: those of the docstrings in src, and those of the
 * Markdown files, but for the API reference, which has them from the docstrings. A block is written as a reader would copy it; see `docProgram` for what is put around it. A comment
 * behind a `console.log` says what that prints, and is checked too: what it is to explain instead, a line of its own does.
 *
 * A block marked "ts no-run" is only type-checked. That is for what cannot run here: it needs a network beyond this
 * machine, a signal from outside, or ends the process. One that only takes long is no such case.
 */

const around: Surroundings = {
  package: "pollux",
  names: publicNames(join(workspace, "packages/pollux/src/index.ts")),
  recorder: "../../support/doc-recorder.ts",
};

function documents(): string[] {
  const inFolder = (folder: string, ending: string, recursive: boolean): string[] =>
    readdirSync(join(workspace, folder), { recursive, encoding: "utf8" })
      .map((name) => join(folder, name).replaceAll("\\", "/"))
      .filter((path) => path.endsWith(ending) && !path.endsWith(".test.ts"));
  return [
    ...inFolder("packages/pollux/src", ".ts", true),
    ...inFolder("packages/pollux", ".md", false),
    ...inFolder("docs", ".md", true).filter(
      // The pages on HTTP are run by the tests of its package.
      (path) => !path.startsWith("docs/api/") && !path.startsWith("docs/guide/http-"),
    ),
    ...inFolder(".", ".txt", false),
    ...inFolder(".", ".md", false),
  ].sort();
}

const programs = new Map<string, DocProgram[]>();
for (const path of documents()) {
  const blocks = docBlocks(path, readFileSync(join(workspace, path), "utf8"));
  const name = path.replace("packages/pollux/", "").replaceAll(/[^\w]+/g, "-");
  programs.set(
    path,
    blocks.map((block) => docProgram(block, `${name}-${block.line}`, around)),
  );
}

let project: DocProject;
let typeErrors: ReadonlyMap<DocProgram, string[]>;

beforeAll(() => {
  project = new DocProject([...programs.values()].flat());
  typeErrors = project.typeErrors();
}, 120_000);

afterAll(() => project?.remove());

for (const [path, ofFile] of programs) {
  if (ofFile.length === 0) continue;
  describe(`docs: ${path}`, () => {
    for (const program of ofFile) {
      const { line, runs } = program.block;
      test(`the example in line ${line} ${runs ? "runs" : "compiles"}`, async () => {
        expect(typeErrors.get(program) ?? []).toEqual([]);
        if (runs) expect(await project.run(program)).toEqual([]);
      });
    }
  });
}
