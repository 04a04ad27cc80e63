import {
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { describe, expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { copyFile } from "../../../src/fs/copy-file.ts";
import { File } from "../../../src/fs/file.ts";
import { canonicalize, hardLink, readLink, symlink } from "../../../src/fs/link.ts";
import { mkdir } from "../../../src/fs/mkdir.ts";
import { readDir } from "../../../src/fs/read-dir.ts";
import { readFile, readTextFile } from "../../../src/fs/read-file.ts";
import { remove } from "../../../src/fs/remove.ts";
import { rename } from "../../../src/fs/rename.ts";
import { exists, lstat } from "../../../src/fs/stat.ts";
import { writeFile } from "../../../src/fs/write-file.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { testDirectory } from "../../support/fs.ts";

// Eleven small suites. The group of a test is the suite that it is of.

const at = testDirectory();

describe("fs", () => {
  test("path_read_write: what was written to a path is read from it", async () => {
    await run(writeFile(at("bar"), new TextEncoder().encode("bytes")));
    expect(Buffer.from(await run(readFile(at("bar")))).toString()).toBe("bytes");
  });
});

describe("fs_canonicalize_dir", () => {
  test("canonicalize_root_dir_unix: the root is the root", async () => {
    expect(await run(canonicalize("/."))).toBe("/");
  });
});

describe("fs_copy", () => {
  test("copy: both files have the same bytes", async () => {
    writeFileSync(at("foo"), "Hello File!");
    await run(copyFile(at("foo"), at("bar")));
    expect(readFileSync(at("bar"))).toEqual(readFileSync(at("foo")));
  });

  test("copy_permissions: the copy has the permissions of the file", async () => {
    const main = co(function* () {
      const from = yield* File.create(at("foo"));
      yield* from.chmod(0o444);
      yield* from.finish();
      yield* copyFile(at("foo"), at("bar"));
    });
    await run(main());
    expect(statSync(at("bar")).mode & 0o777).toBe(0o444);
  });
});

describe("fs_dir", () => {
  test("create_dir: a directory is made", async () => {
    await run(mkdir(at("foo")));
    expect(statSync(at("foo")).isDirectory()).toBe(true);
  });

  test("create_all, build_dir: those above it are made too; a second time fails unless it may be there", async () => {
    await run(mkdir(at("foo/bar"), { recursive: true }));
    expect(statSync(at("foo/bar")).isDirectory()).toBe(true);
    await expect(run(mkdir(at("foo/bar"), { recursive: false }))).rejects.toMatchObject({ code: "EEXIST" });
  });

  test("build_dir_mode_read_only: it has the permissions that were given", async () => {
    await run(mkdir(at("abc"), { recursive: true, mode: 0o444 }));
    expect(statSync(at("abc")).mode & 0o222).toBe(0);
  });

  test("remove: an empty directory is removed", async () => {
    mkdirSync(at("foo"));
    await run(remove(at("foo")));
    expect(existsSync(at("foo"))).toBe(false);
  });

  test("read_inherent: all entries are given", async () => {
    for (const name of ["aa", "bb", "cc"]) mkdirSync(at(name));
    const entries = await run(readDir(at()).collect());
    expect(entries.map(({ name }) => name).sort()).toEqual(["aa", "bb", "cc"]);
  });

  test("read_dir_entry_info: an entry has its path, its name and its kind", async () => {
    writeFileSync(at("a.txt"), "Hello File!");
    expect(await run(readDir(at()).collect())).toEqual([{ path: at("a.txt"), name: "a.txt", kind: "file" }]);
  });
});

describe("fs_link", () => {
  test("test_hard_link: both names are of one file, and neither is a link", async () => {
    writeFileSync(at("src"), "hello");
    await run(hardLink(at("src"), at("dst")));
    writeFileSync(at("src"), "new-data");
    expect(await run(readTextFile(at("dst")))).toBe("new-data");
    await expect(run(readLink(at("dst")))).rejects.toMatchObject({ code: "EINVAL" });
  });

  test("test_symlink: it leads to the file, and is a link itself", async () => {
    writeFileSync(at("src"), "hello");
    await run(symlink(at("src"), at("dst")));
    writeFileSync(at("src"), "new-data");
    expect(await run(readTextFile(at("dst")))).toBe("new-data");
    expect(await run(readLink(at("dst")))).toBe(at("src"));
    expect((await run(lstat(at("dst")))).isSymbolicLink()).toBe(true);
  });

  test("test_hard_link_error_source_not_found: ENOENT", async () => {
    await expect(run(hardLink(at("src"), at("dst")))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("test_hard_link_error_destination_already_exists: EEXIST", async () => {
    writeFileSync(at("src"), "");
    writeFileSync(at("dst"), "");
    await expect(run(hardLink(at("src"), at("dst")))).rejects.toMatchObject({ code: "EEXIST" });
  });

  test("test_hard_link_error_source_is_directory: EPERM", async () => {
    mkdirSync(at("src"));
    await expect(run(hardLink(at("src"), at("dst")))).rejects.toMatchObject({ code: "EPERM" });
  });
});

describe("fs_open_options", () => {
  test("open_with_open_options_and_read: a file that is opened to read is read", async () => {
    writeFileSync(at("a"), "hello world...");
    const file = await run(File.open(at("a"), { flags: "r" }));
    expect(await run(file.readToString())).toBe("hello world...");
    file.close();
  });

  const write = (flags: "r+" | "w" | "a" | number, path = at("a")): Promise<void> => {
    const main = co(function* () {
      const file = yield* File.open(path, { flags });
      yield* file.writeAll(new TextEncoder().encode("x"));
      yield* file.finish();
    });
    return run(main());
  };

  test("open_options_write: the start of the file is overwritten", async () => {
    writeFileSync(at("a"), "abc");
    await write("r+");
    expect(readFileSync(at("a"), "utf8")).toBe("xbc");
  });

  test("open_options_append: its end is written to", async () => {
    writeFileSync(at("a"), "abc");
    await write("a");
    expect(readFileSync(at("a"), "utf8")).toBe("abcx");
  });

  test("open_options_truncate, open_options_custom_flags_linux: it is emptied first", async () => {
    for (const flags of ["w", constants.O_WRONLY | constants.O_TRUNC] as const) {
      writeFileSync(at("a"), "abc");
      await write(flags);
      expect(readFileSync(at("a"), "utf8")).toBe("x");
    }
  });

  test("open_options_create: it is made where there is none, if that is asked for", async () => {
    await expect(write("r+")).rejects.toMatchObject({ code: "ENOENT" });
    await write("w");
    expect(readFileSync(at("a"), "utf8")).toBe("x");
  });

  test("open_options_create_new: it must not be there", async () => {
    writeFileSync(at("a"), "");
    await expect(run(File.createNew(at("a")))).rejects.toMatchObject({ code: "EEXIST" });
  });

  test("open_options_mode: it has the permissions that were given", async () => {
    (await run(File.create(at("a"), { mode: 0o604 }))).close();
    expect(statSync(at("a")).mode & 0o777).toBe(0o604);
  });
});

describe("fs_remove_dir_all", () => {
  test("remove_dir_all: a directory is removed with all that is in it", async () => {
    mkdirSync(at("test"));
    writeFileSync(at("test/a.txt"), "Hello File!");
    await run(remove(at("test"), { recursive: true }));
    expect(await run(exists(at("test")))).toBe(false);
  });
});

describe("fs_remove_file", () => {
  test("remove_file: it is no longer there", async () => {
    writeFileSync(at("a.txt"), "Hello File!");
    expect(await run(exists(at("a.txt")))).toBe(true);
    await run(remove(at("a.txt")));
    expect(await run(exists(at("a.txt")))).toBe(false);
  });
});

describe("fs_rename", () => {
  test("rename_file: it is there by its new name alone", async () => {
    writeFileSync(at("a.txt"), "Hello File!");
    await run(rename(at("a.txt"), at("b.txt")));
    expect([await run(exists(at("a.txt"))), await run(exists(at("b.txt")))]).toEqual([false, true]);
  });
});

describe("fs_try_exists", () => {
  test("try_exists: says whether there is something, and fails where it cannot know", async () => {
    writeFileSync(at("foo"), "");
    symlinkSync("loop", at("loop"));
    expect([await run(exists(at("foo"))), await run(exists(at("bar")))]).toEqual([true, false]);
    await expect(run(exists(at("loop")))).rejects.toMatchObject({ code: "ELOOP" });
    // Root may look everywhere.
    if (process.getuid?.() === 0) return;
    mkdirSync(at("baz"));
    writeFileSync(at("baz/file"), "");
    mkdirSync(at("closed"), { mode: 0o244 });
    await expect(run(exists(at("closed/file")))).rejects.toMatchObject({ code: "EACCES" });
  });
});

describe("fs_write", () => {
  test("write: text is written, and read as text", async () => {
    await run(writeFile(at("test.txt"), "Hello, World!"));
    expect(await run(readTextFile(at("test.txt")))).toBe("Hello, World!");
  });
});
