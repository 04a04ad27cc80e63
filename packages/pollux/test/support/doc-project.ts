import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brokenPromises, type DocProgram } from "./doc-program.ts";
import { workspace } from "./packed.ts";
import { publicNames } from "./public-names.ts";

const packageRoot = join(workspace, "packages", "pollux");

/** The modules made of blocks, written to a folder of their own inside the package, and a project that checks them. */
export class DocProject {
  readonly folder: string = mkdtempSync(join(packageRoot, "test", "examples", ".generated-"));
  readonly #programs: readonly DocProgram[];

  constructor(programs: readonly DocProgram[]) {
    this.#programs = programs;
    for (const program of programs) writeFileSync(this.#pathOf(program), program.text);
    const config = {
      extends: join(workspace, "tsconfig.base.json"),
      compilerOptions: {
        noEmit: true,
        composite: false,
        isolatedDeclarations: false,
        // An example may make what it does not go on to use, and show a part of a function.
        noUnusedLocals: false,
        noUnusedParameters: false,
        noImplicitReturns: false,
        allowUnreachableCode: true,
      },
      include: ["*.ts"],
      references: [],
    };
    writeFileSync(join(this.folder, "tsconfig.json"), JSON.stringify(config));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #pathOf(program: DocProgram): string {
    return join(this.folder, `${program.id}.ts`);
  }

  /** Runs a program. Throws what it throws, and gives what it did not print as its comments say. */
  async run(program: DocProgram): Promise<string[]> {
    const module: { default?: () => Promise<unknown> } = await import(this.#pathOf(program));
    await module.default?.();
    return brokenPromises(program);
  }

  /** What the compiler has against each program, with file and line; those without errors are not in the map. */
  typeErrors(): ReadonlyMap<DocProgram, string[]> {
    const tsc = join(workspace, "node_modules", "typescript", "bin", "tsc");
    const args = [tsc, "-p", this.folder, "--pretty", "false"];
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: this.folder, encoding: "utf8" });
    const found = new Map<DocProgram, string[]>();
    let any = false;
    for (const line of stdout.split("\n")) {
      const [, file, at, message] = /^(\S+?)\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
      if (file === undefined || at === undefined || message === undefined) continue;
      any = true;
      // Errors of the sources themselves are those of the types' own check.
      const program = this.#programs.find(({ id }) => file === `${id}.ts`);
      if (program === undefined) continue;
      const errors = found.get(program) ?? [];
      found.set(program, errors);
      const where = `${program.block.path}:${program.block.line + Number(at) - 2}`;
      errors.push(`${where}: ${message}${hint(message)}`);
    }
    if (status !== 0 && !any) throw new Error(`the compiler could not check the examples:\n${stdout}`);
    return found;
  }
}

/** Where a name that an example lacks is to be had, if a source has it and the entry does not hand it on. */
function hint(message: string): string {
  const name = /Cannot find name '(\w+)'/.exec(message)?.[1];
  const file = name === undefined ? undefined : exporters().get(name);
  return file === undefined ? "" : ` (src/index.ts does not export it; src/${file} does)`;
}

let exportersFound: Map<string, string> | undefined;

/** The source file that each exported name is from. */
function exporters(): Map<string, string> {
  if (exportersFound !== undefined) return exportersFound;
  exportersFound = new Map();
  const src = join(packageRoot, "src");
  for (const path of readdirSync(src, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts") || path.endsWith(".test.ts") || path === "index.ts") continue;
    if (!readFileSync(join(src, path), "utf8").includes("export ")) continue;
    for (const name of publicNames(join(src, path)).keys()) exportersFound.set(name, path);
  }
  return exportersFound;
}
