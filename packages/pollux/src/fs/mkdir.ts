import { mkdir as nodeMkdir } from "node:fs";
import type { Future } from "../core/future.ts";
import { change } from "./change.ts";
import { checkBoolean, checkMode, checkPath, type FilePath } from "./path.ts";

/** How a directory is made. */
export interface MkdirOptions {
  /** Whether to make those above it too, and not to fail if it is there. Default: `false`. */
  recursive?: boolean;
  /** The permissions, less the process's `umask`. Default: `0o777`. */
  mode?: number;
}

/**
 * Makes a directory.
 *
 * Fails with the system's error: `ENOENT`, `EEXIST`, `EACCES`.
 *
 * **Cancel safety.** Not safe: nobody knows whether it was done. The cancel waits until it is known to the system.
 *
 * @throws TypeError, RangeError for arguments that make no sense
 *
 * @example
 * ```ts
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { co, mkdir, remove, run, stat } from "pollux";
 *
 * const path = join(tmpdir(), `pollux-mkdir-${process.pid}`);
 * const main = co(function* () {
 *   yield* mkdir(path);
 *   console.log((yield* stat(path)).isDirectory()); // true
 *   yield* remove(path);
 * });
 * await run(main());
 * ```
 */
export function mkdir(path: FilePath, options: MkdirOptions = {}): Future<void> {
  checkPath("mkdir", path);
  checkBoolean("mkdir", "recursive", options.recursive);
  checkMode("mkdir", options.mode);
  const { recursive = false, mode = 0o777 } = options;
  return change("mkdir", path, (done) => nodeMkdir(path, { recursive, mode }, done));
}
