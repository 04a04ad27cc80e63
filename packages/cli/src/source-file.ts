import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { Failure } from "./failure.ts";

const SOURCE = /\.[cm]?[jt]sx?$/;
const DECLARATION = /\.d\.[cm]?ts$/;

/** Whether a file with this name has code to compile. */
export function isSource(name: string): boolean {
  return SOURCE.test(name) && !DECLARATION.test(name);
}

/**
 * The path of a file that was named on the command line.
 *
 * @throws Failure if there is none, with what may have been meant
 */
export function sourceFile(file: string): string {
  const path = resolve(file);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() === true) return path;
  if (stats !== undefined) throw new Failure(`${file} is no file`);
  const name = meant(path);
  const hint = name === null ? "" : `\n(Did you mean ${join(dirname(file), name)}?)`;
  throw new Failure(`no such file: ${file}${hint}`);
}

/** A source in the same folder that differs by its ending alone. */
function meant(path: string): string | null {
  const folder = dirname(path);
  if (!existsSync(folder)) return null;
  const name = stem(path);
  return readdirSync(folder).find((each) => isSource(each) && stem(each) === name) ?? null;
}

function stem(path: string): string {
  return basename(path, extname(path));
}

/** The files that are named, and the sources in the folders that are, but for those that others wrote. */
export function sourceFiles(files: readonly string[]): string[] {
  return files.flatMap((file) => {
    const stats = statSync(file, { throwIfNoEntry: false });
    return stats?.isDirectory() === true ? sourcesBelow(file) : [sourceFile(file)];
  });
}

function sourcesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        return entry.name === "node_modules" || entry.name.startsWith(".") ? [] : sourcesBelow(path);
      }
      return entry.isFile() && isSource(entry.name) ? [path] : [];
    });
}

export function readSource(path: string): string {
  return readFileSync(path, "utf8");
}
