import { rm, rmdir, unlink } from "node:fs";
import type { Future } from "../core/future.ts";
import { change, type DoneCallback } from "./change.ts";
import { checkBoolean, checkPath, type FilePath } from "./path.ts";

/** How something is removed. */
export interface RemoveOptions {
  /** Whether to remove a directory with all that is in it. Default: `false`, it has to be empty. */
  recursive?: boolean;
}

/**
 * Removes a file, a symbolic link (not what it leads to) or a directory.
 *
 * Fails with the system's error: `ENOENT`, `EACCES`, `ENOTEMPTY`.
 *
 * **Cancel safety.** Not safe: the system goes on, and the cancel waits for it.
 *
 * @throws TypeError for arguments that make no sense
 *
 * @example
 * ```ts
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { co, exists, mkdir, remove, run } from "pollux";
 *
 * const path = join(tmpdir(), `pollux-remove-${process.pid}`);
 * const main = co(function* () {
 *   yield* mkdir(join(path, "a/b"), { recursive: true });
 *   yield* remove(path, { recursive: true });
 *   console.log(yield* exists(path)); // false
 * });
 * await run(main());
 * ```
 */
export function remove(path: FilePath, options: RemoveOptions = {}): Future<void> {
  checkPath("remove", path);
  checkBoolean("remove", "recursive", options.recursive);
  const recursive = options.recursive ?? false;
  return change("remove", path, (done) => {
    if (recursive) rm(path, { recursive }, done);
    else removeOne(path, done);
  });
}

/** A directory is told by what `unlink` says of it: `EISDIR` on Linux, `EPERM` as POSIX has it. */
function removeOne(path: FilePath, done: DoneCallback): void {
  unlink(path, (error) => {
    if (error?.code !== "EISDIR" && error?.code !== "EPERM") {
      done(error);
      return;
    }
    rmdir(path, (notRemoved) => {
      // It was a file after all, which may not be removed.
      done(notRemoved?.code === "ENOTDIR" ? error : notRemoved);
    });
  });
}
