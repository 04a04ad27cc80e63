import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const workspace: string = fileURLToPath(new URL("../../../../", import.meta.url));

/** The package as its users get it: built from its sources alone, packed, and installed in an otherwise empty project. */
export interface Packed {
  /** The project in which it is installed. */
  readonly project: string;
  /** The installed package. */
  readonly installed: string;
  readonly tarball: string;
  remove(): void;
}

export function pack(): Packed {
  const root = mkdtempSync(join(tmpdir(), "pollux-packed-"));
  try {
    return packIn(root);
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

function packIn(root: string): Packed {
  // A copy, so that what an earlier build left behind in dist is not mistaken for a part of this one.
  const copy = join(root, "packages", "pollux");
  cpSync(join(workspace, "packages", "pollux"), copy, {
    recursive: true,
    filter: (path) => !/[\\/](?:dist|node_modules|\.generated-\w+)$/.test(path),
  });
  cpSync(join(workspace, "tsconfig.base.json"), join(root, "tsconfig.base.json"));
  symlinkSync(join(workspace, "node_modules"), join(root, "node_modules"), "dir");
  tsc(copy, "-p", "tsconfig.build.json");
  const [packed] = JSON.parse(npm(copy, "pack", "--json", "--ignore-scripts", "--pack-destination", root));
  rmSync(join(root, "node_modules"));

  const project = join(root, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const tarball = join(root, packed.filename);
  npm(project, "install", "--offline", "--no-audit", "--no-fund", tarball);
  return {
    project,
    installed: join(project, "node_modules", "pollux"),
    tarball,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Runs a command and returns what it printed; throws with all of it when the command fails. */
function run(cwd: string, command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { cwd, env: cleanEnvironment(), encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }; // what execFileSync throws
    throw new Error(`${command} ${args.join(" ")} failed:\n${stdout ?? ""}${stderr ?? ""}`);
  }
}

export function node(cwd: string, ...args: string[]): string {
  return run(cwd, process.execPath, args);
}

export function tsc(cwd: string, ...args: string[]): string {
  return node(cwd, join(workspace, "node_modules", "typescript", binary("typescript", "tsc")), ...args);
}

export function attw(cwd: string, ...args: string[]): string {
  return node(
    cwd,
    join(workspace, "node_modules", "@arethetypeswrong/cli", binary("@arethetypeswrong/cli", "attw")),
    ...args,
  );
}

function npm(cwd: string, ...args: string[]): string {
  return run(cwd, "npm", args);
}

function binary(name: string, command: string): string {
  const manifest = JSON.parse(readFileSync(join(workspace, "node_modules", name, "package.json"), "utf8"));
  return manifest.bin[command];
}

/** Without what npm and Vitest tell their child processes, which here would name the workspace. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(?:npm_|NODE_OPTIONS|NODE_ENV|VITEST|INIT_CWD)/.test(name),
    ),
  );
}
