import { link, symlink as nodeSymlink, readlink, realpath } from "node:fs";
import type { Future } from "../core/future.ts";
import { change } from "./change.ts";
import { checkPath, type FilePath } from "./path.ts";
import { Request } from "./request.ts";

/**
 * Makes a symbolic link at `path` that leads to `target`, which need not be there; a relative one counts from the link.
 *
 * Fails with the system's error: `EEXIST`, `ENOENT`, `EACCES`.
 *
 * **Cancel safety.** Not safe: nobody knows whether it was done. The cancel waits until it is known to the system.
 *
 * @throws TypeError for what is no path
 *
 * @example
 * ```ts
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { co, readLink, remove, run, symlink } from "pollux";
 *
 * const path = join(tmpdir(), `pollux-link-${process.pid}`);
 * const main = co(function* () {
 *   yield* symlink("/etc/passwd", path);
 *   console.log(yield* readLink(path)); // "/etc/passwd"
 *   yield* remove(path);
 * });
 * await run(main());
 * ```
 */
export function symlink(target: FilePath, path: FilePath): Future<void> {
  checkPath("symlink", target, "target");
  checkPath("symlink", path);
  return change("symlink", path, (done) => nodeSymlink(target, path, done));
}

/**
 * Gives a file a second name, at `path`.
 *
 * Fails with the system's error: `EEXIST`, `ENOENT`, `EPERM` for a directory, `EXDEV` for another file system.
 *
 * **Cancel safety.** Not safe: nobody knows whether it was done. The cancel waits until it is known to the system.
 *
 * @throws TypeError for what is no path
 *
 * @example
 * ```ts
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { co, hardLink, remove, run, stat, writeFile } from "pollux";
 *
 * const path = join(tmpdir(), `pollux-hard-${process.pid}`);
 * const main = co(function* () {
 *   yield* writeFile(path, "hello");
 *   yield* hardLink(path, `${path}.2`);
 *   console.log((yield* stat(path)).nlink); // 2
 *   for (const each of [path, `${path}.2`]) yield* remove(each);
 * });
 * await run(main());
 * ```
 */
export function hardLink(existing: FilePath, path: FilePath): Future<void> {
  checkPath("hardLink", existing, "existing");
  checkPath("hardLink", path);
  return change("hardLink", path, (done) => link(existing, path, done));
}

/**
 * Where a symbolic link leads to, as it is written in it.
 *
 * Fails with the system's error: `ENOENT`, `EINVAL` for what is no link.
 *
 * **Cancel safety.** Safe: nobody waits any more.
 *
 * @throws TypeError for what is no path
 *
 * @example
 * ```ts
 * console.log((yield* readLink("/proc/self")) === String(process.pid)); // true
 * ```
 */
export function readLink(path: FilePath): Future<string> {
  checkPath("readLink", path);
  return new Request<string>({
    op: "readLink",
    about: String(path),
    finishes: false,
    start: (done) => readlink(path, done),
  });
}

/**
 * The absolute path, without `.`, `..` and symbolic links (`realpath`). All of it has to be there.
 *
 * Fails with the system's error: `ENOENT`, `EACCES`, `ELOOP`.
 *
 * **Cancel safety.** Safe: nobody waits any more.
 *
 * @throws TypeError for what is no path
 *
 * @example
 * ```ts
 * console.log(yield* canonicalize("/etc/../.")); // "/"
 * ```
 */
export function canonicalize(path: FilePath): Future<string> {
  checkPath("canonicalize", path);
  return new Request<string>({
    op: "canonicalize",
    about: String(path),
    finishes: false,
    start: (done) => realpath.native(path, done),
  });
}
