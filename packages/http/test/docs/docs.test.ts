import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docBlocks } from "../../../pollux/test/support/doc-blocks.ts";
import { type DocProgram, docProgram, type Surroundings } from "../../../pollux/test/support/doc-program.ts";
import { DocProject } from "../../../pollux/test/support/doc-project.ts";
import { workspace } from "../../../pollux/test/support/packed.ts";
import { publicNames } from "../../../pollux/test/support/public-names.ts";

// As in the package `pollux`: each example of the docstrings, the README and the guide is checked by the compiler, and run.

const around: Surroundings = {
  package: "../../../../http/test/docs/everything.ts",
  names: new Map([
    ...publicNames(join(workspace, "packages/pollux/src/index.ts")),
    ...publicNames(join(workspace, "packages/http/src/index.ts")),
  ]),
  recorder: "../../support/doc-recorder.ts",
};

const paths = [
  "README.md",
  "../../docs/guide/http-server.md",
  "../../docs/guide/http-client.md",
  ...readdirSync(join(workspace, "packages/http/src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => join("src", name)),
];
const programs: DocProgram[] = paths.flatMap((path) =>
  docBlocks(path, readFileSync(join(workspace, "packages/http", path), "utf8")).map((block) =>
    docProgram(block, `http-${path.replaceAll(/[^\w]+/g, "-")}-${block.line}`, around),
  ),
);

let project: DocProject;
let typeErrors: ReadonlyMap<DocProgram, string[]>;

beforeAll(() => {
  project = new DocProject(programs);
  typeErrors = project.typeErrors();
}, 120_000);

afterAll(() => project?.remove());

test("docs: there are examples", () => {
  expect(programs.length).toBeGreaterThan(6);
});

for (const program of programs) {
  const { path, line } = program.block;
  test(`docs: the example in ${path}, line ${line}, runs`, async () => {
    expect(typeErrors.get(program) ?? []).toEqual([]);
    expect(await project.run(program)).toEqual([]);
  });
}
