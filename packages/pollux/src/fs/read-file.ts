import { co } from "../core/coroutine.ts";
import type { Future } from "../core/future.ts";
import { type LimitOptions, limitOf, WHOLE_LIMIT } from "../io/limit.ts";
import { isFatal, type TextOptions } from "../io/utf8.ts";
import { openFile } from "./file.ts";
import { openingOf } from "./open-options.ts";
import { checkPath, type FilePath } from "./path.ts";

const whole = co(function* readFile(path: FilePath, options: LimitOptions) {
  const file = yield* openFile("readFile", path, openingOf("readFile", {}));
  try {
    return yield* file.readToEnd(options);
  } finally {
    yield* file.finish();
  }
});

const text = co(function* readTextFile(path: FilePath, options: LimitOptions & TextOptions) {
  const file = yield* openFile("readTextFile", path, openingOf("readTextFile", {}));
  try {
    return yield* file.readToString(options);
  } finally {
    yield* file.finish();
  }
});

/**
 * All bytes of a file; 64 MiB at most, unless `maxLength` says otherwise. What is longer fails with `TooLongError`.
 *
 * Fails with the system's error: `ENOENT`, `EACCES`, `EISDIR`.
 *
 * **Cancel safety.** Safe: it stops before the next piece of 256 KiB, and the file is closed.
 *
 * @throws TypeError, RangeError for arguments that make no sense
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const bytes = yield* readFile(process.execPath, { maxLength: Infinity });
 *   console.log(bytes.length > 1_000_000); // true
 * });
 * await run(main());
 * ```
 */
export function readFile(path: FilePath, options: LimitOptions = {}): Future<Uint8Array> {
  checkPath("readFile", path);
  limitOf(options, WHOLE_LIMIT);
  return whole(path, { ...options });
}

/**
 * All of a file, as UTF-8; 64 MiB at most, unless `maxLength` says otherwise. What is longer fails with `TooLongError`,
 * what is no UTF-8 with `InvalidDataError`.
 *
 * Fails with the system's error: `ENOENT`, `EACCES`, `EISDIR`.
 *
 * **Cancel safety.** Safe: it stops before the next piece of 256 KiB, and the file is closed.
 *
 * @throws TypeError, RangeError for arguments that make no sense
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const text = yield* readTextFile("/etc/passwd");
 *   console.log(text.split(":")[0]); // "root"
 * });
 * await run(main());
 * ```
 */
export function readTextFile(path: FilePath, options: LimitOptions & TextOptions = {}): Future<string> {
  checkPath("readTextFile", path);
  limitOf(options, WHOLE_LIMIT);
  isFatal(options);
  return text(path, { ...options });
}
