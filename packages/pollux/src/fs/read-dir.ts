import { type Dir, type Dirent, opendir } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Future } from "../core/future.ts";
import { Stream } from "../stream/stream.ts";
import { change } from "./change.ts";
import { checkPath, type FilePath } from "./path.ts";
import { Request } from "./request.ts";

/** What kind of thing an entry of a directory is. */
export type EntryKind = "file" | "directory" | "symlink" | "fifo" | "socket" | "device" | "unknown";

/** An entry of a directory. */
export interface DirEntry {
  readonly name: string;
  /** The path that was given to `readDir`, and the name. */
  readonly path: string;
  /** Of the entry itself: a link is a link. `"unknown"` where the file system does not say. */
  readonly kind: EntryKind;
}

/**
 * The entries of a directory, without `.` and `..`, in the order in which the system gives them. It is opened when the
 * first one is asked for, and closed at the end, or when the stream is given up.
 *
 * Fails with the system's error: `ENOENT`, `ENOTDIR`, `EACCES`.
 *
 * @throws TypeError for what is no path
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const entries = yield* readDir("/").filter(({ kind }) => kind === "directory").collect();
 *   console.log(entries.some(({ path }) => path === "/etc")); // true
 * });
 * await run(main());
 * ```
 */
export function readDir(path: FilePath): Stream<DirEntry> {
  checkPath("readDir", path);
  const above = typeof path === "string" ? path : fileURLToPath(path);
  return Stream.make<DirEntry>(function* (emit) {
    const dir = yield* openDir(above);
    try {
      for (let entry: Dirent | null; (entry = yield* readEntry(dir)) !== null; )
        yield* emit({ name: entry.name, path: join(above, entry.name), kind: kindOf(entry) });
    } finally {
      yield* closeDir(dir);
    }
  });
}

function openDir(path: string): Future<Dir> {
  return new Request<Dir>({
    op: "readDir",
    about: path,
    finishes: false,
    start: (done) => opendir(path, done),
    // Nobody is left to hear of a failure.
    tooLate: (dir) => dir.close(() => {}),
  });
}

/** A cancel waits for it: a directory cannot be closed while it is read. */
function readEntry(dir: Dir): Future<Dirent | null> {
  return new Request<Dirent | null>({
    op: "readDir",
    about: dir.path,
    finishes: true,
    start: (done) => dir.read(done),
  });
}

function closeDir(dir: Dir): Future<void> {
  // There is no error where Node gives none.
  return change("close", dir.path, (done) => dir.close((error) => done(error ?? null)));
}

function kindOf(entry: Dirent): EntryKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  if (entry.isSymbolicLink()) return "symlink";
  if (entry.isFIFO()) return "fifo";
  if (entry.isSocket()) return "socket";
  return entry.isBlockDevice() || entry.isCharacterDevice() ? "device" : "unknown";
}
