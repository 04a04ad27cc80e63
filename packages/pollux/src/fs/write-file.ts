import { co } from "../core/coroutine.ts";
import { describe } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { openFile } from "./file.ts";
import { type Opening, type OpenOptions, openingOf } from "./open-options.ts";
import { checkBoolean, checkPath, type FilePath } from "./path.ts";

/** How a file is written as a whole. */
export interface WriteFileOptions extends Pick<OpenOptions, "mode"> {
  /** Default: `"w"`, which empties the file, or makes it. `"a"` appends; an `x` fails if there is something. */
  flags?: "w" | "wx" | "a" | "ax";
  /** Whether to wait until it is on the disk. Default: `false`. */
  sync?: boolean;
}

const whole = co(function* writeFile(path: FilePath, data: Uint8Array, opening: Opening, sync: boolean) {
  const file = yield* openFile("writeFile", path, opening);
  try {
    yield* file.writeAll(data);
    if (sync) yield* file.sync();
  } finally {
    yield* file.finish();
  }
});

/**
 * Writes a file: bytes, or text as UTF-8. The bytes must stay as they are until it has ended.
 *
 * Fails with the system's error: `ENOENT` where there is no such directory, `EACCES`, `EEXIST`, `ENOSPC`.
 *
 * **Cancel safety.** Not safe: a part may have been written. The cancel waits until the file is closed. For all or nothing,
 * write to another file and `rename` it.
 *
 * @throws TypeError, RangeError for arguments that make no sense
 *
 * @example
 * ```ts
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { co, readTextFile, remove, run, writeFile } from "pollux";
 *
 * const path = join(tmpdir(), `pollux-write-${process.pid}.txt`);
 * const main = co(function* () {
 *   yield* writeFile(path, "one ");
 *   yield* writeFile(path, "two", { flags: "a" });
 *   console.log(yield* readTextFile(path)); // "one two"
 *   yield* remove(path);
 * });
 * await run(main());
 * ```
 */
export function writeFile(
  path: FilePath,
  data: string | Uint8Array,
  options: WriteFileOptions = {},
): Future<void> {
  checkPath("writeFile", path);
  if (typeof data !== "string" && !(data instanceof Uint8Array))
    throw new TypeError(`writeFile: data must be a string or a Uint8Array, not ${describe(data)}`);
  const { sync, flags = "w", ...others } = options;
  checkBoolean("writeFile", "sync", sync);
  const opening = openingOf("writeFile", { ...others, flags });
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  return whole(path, bytes, opening, sync ?? false);
}
