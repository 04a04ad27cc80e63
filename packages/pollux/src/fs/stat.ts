import { access, lstat as nodeLstat, stat as nodeStat } from "node:fs";
import type { Future } from "../core/future.ts";
import type { FileStats } from "../node/node-types.ts";
import { checkPath, type FilePath } from "./path.ts";
import { type Done, Request } from "./request.ts";

function look<T>(op: string, path: FilePath, start: (done: Done<T>) => void): Future<T> {
  checkPath(op, path);
  return new Request<T>({ op, about: String(path), finishes: false, start });
}

/**
 * Size, times, kind and permissions of a file; of what a symbolic link leads to.
 *
 * Fails with the system's error: `ENOENT`, `EACCES`, `ELOOP`.
 *
 * **Cancel safety.** Safe: nobody waits any more.
 *
 * @throws TypeError for what is no path
 *
 * @example
 * ```ts
 * console.log((yield* stat("/")).isDirectory()); // true
 * ```
 */
export function stat(path: FilePath): Future<FileStats> {
  return look<FileStats>("stat", path, (done) => nodeStat(path, done));
}

/**
 * As {@link stat}, of a symbolic link itself.
 *
 * **Cancel safety.** Safe: nobody waits any more.
 *
 * @throws TypeError for what is no path
 *
 * @example
 * ```ts
 * console.log((yield* lstat("/proc/self")).isSymbolicLink()); // true
 * ```
 */
export function lstat(path: FilePath): Future<FileStats> {
  return look<FileStats>("lstat", path, (done) => nodeLstat(path, done));
}

/**
 * Whether there is something at a path, be it the end of symbolic links. What may be otherwise by the time that one looks
 * at the result: to open what is there, open it, and to make what is not, use the flags with an `x`.
 *
 * Fails with the system's error if that cannot be known: `EACCES`, `ELOOP`.
 *
 * **Cancel safety.** Safe: nobody waits any more.
 *
 * @throws TypeError for what is no path
 *
 * @example
 * ```ts
 * console.log(yield* exists("/"), yield* exists("/no/such/file")); // true false
 * ```
 */
export function exists(path: FilePath): Future<boolean> {
  return look<boolean>("exists", path, (done) => {
    access(path, (error) => {
      const isMissing = error?.code === "ENOENT" || error?.code === "ENOTDIR";
      done(isMissing ? null : error, error === null);
    });
  });
}
