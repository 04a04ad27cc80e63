import { constants, copyFile as nodeCopyFile } from "node:fs";
import type { Future } from "../core/future.ts";
import { change } from "./change.ts";
import { checkBoolean, checkPath, type FilePath } from "./path.ts";

/** How a file is copied. */
export interface CopyFileOptions {
  /** Whether to fail with `EEXIST` if there is something at the destination. Default: `false`, it is replaced. */
  exclusive?: boolean;
}

/**
 * Copies a file with its permissions, within the system where that can do it.
 *
 * Fails with the system's error: `ENOENT`, `EACCES`, `EEXIST`, `EISDIR`.
 *
 * **Cancel safety.** Not safe: the system goes on, and the cancel waits for it.
 *
 * @throws TypeError for arguments that make no sense
 *
 * @example
 * ```ts
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { co, copyFile, remove, run, stat } from "pollux";
 *
 * const copied = join(tmpdir(), `pollux-copy-${process.pid}`);
 * const main = co(function* () {
 *   yield* copyFile("/etc/passwd", copied);
 *   console.log((yield* stat(copied)).size === (yield* stat("/etc/passwd")).size); // true
 *   yield* remove(copied);
 * });
 * await run(main());
 * ```
 */
export function copyFile(from: FilePath, to: FilePath, options: CopyFileOptions = {}): Future<void> {
  checkPath("copyFile", from, "from");
  checkPath("copyFile", to, "to");
  checkBoolean("copyFile", "exclusive", options.exclusive);
  const mode = options.exclusive === true ? constants.COPYFILE_EXCL : 0;
  return change("copyFile", from, (done) => nodeCopyFile(from, to, mode, done));
}
