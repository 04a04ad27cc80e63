import { rename as nodeRename } from "node:fs";
import type { Future } from "../core/future.ts";
import { change } from "./change.ts";
import { checkPath, type FilePath } from "./path.ts";

/**
 * Renames a file or a directory; a file that is there is replaced in one step.
 *
 * Fails with the system's error: `ENOENT`, `EACCES`, `EXDEV` for another file system, `ENOTEMPTY`.
 *
 * **Cancel safety.** Not safe: nobody knows whether it was done. The cancel waits until it is known to the system.
 *
 * @throws TypeError for what is no path
 *
 * @example A file that is there as a whole, or not at all.
 * ```ts
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { co, exists, remove, rename, run, writeFile } from "pollux";
 *
 * const path = join(tmpdir(), `pollux-rename-${process.pid}`);
 * const main = co(function* () {
 *   yield* writeFile(`${path}.new`, "all of it", { sync: true });
 *   yield* rename(`${path}.new`, path);
 *   console.log(yield* exists(`${path}.new`), yield* exists(path)); // false true
 *   yield* remove(path);
 * });
 * await run(main());
 * ```
 */
export function rename(from: FilePath, to: FilePath): Future<void> {
  checkPath("rename", from, "from");
  checkPath("rename", to, "to");
  return change("rename", from, (done) => nodeRename(from, to, done));
}
