import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { openBelow, testDirectory } from "../../test/support/fs.ts";
import { until } from "../../test/support/net.ts";
import { InvalidDataError, TooLongError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { copyFile } from "./copy-file.ts";
import { canonicalize, hardLink, readLink, symlink } from "./link.ts";
import { mkdir } from "./mkdir.ts";
import { readDir } from "./read-dir.ts";
import { readFile, readTextFile } from "./read-file.ts";
import { remove } from "./remove.ts";
import { rename } from "./rename.ts";
import { exists, lstat, stat } from "./stat.ts";
import { writeFile } from "./write-file.ts";

// The functions on paths, file by file of the folder.

const at = testDirectory();
let runtime: Runtime;
const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);

beforeEach(() => {
  runtime = new Runtime();
});

afterEach(async () => {
  await until(() => openBelow(at()).length === 0);
  expect(runtime.handle.outstanding).toBe(0);
});

describe("readFile, readTextFile", () => {
  test("give all of a file, by path or URL", async () => {
    writeFileSync(at("a"), "grün");
    expect(await go(readFile(at("a")))).toEqual(new Uint8Array(Buffer.from("grün")));
    expect(await go(readTextFile(pathToFileURL(at("a"))))).toBe("grün");
  });

  test("refuse what is too long, and what is no UTF-8", async () => {
    writeFileSync(at("a"), Buffer.from([0x61, 0xff]));
    await expect(go(readFile(at("a"), { maxLength: 1 }))).rejects.toThrow(TooLongError);
    await expect(go(readTextFile(at("a")))).rejects.toThrow(InvalidDataError);
    expect(() => readFile(at("a"), { maxLength: 0 })).toThrow(RangeError);
  });

  test("cancelled at any poll, leave no descriptor", async () => {
    writeFileSync(at("a"), "abc");
    await cancelAtEveryPoll(async (cancelAt) => {
      const outcome = await go(cancelAt(readTextFile(at("a"))));
      if (!outcome.cancelled) expect(outcome.value).toBe("abc");
      await until(() => openBelow(at()).length === 0);
    });
  });
});

describe("writeFile", () => {
  test("writes text or bytes: anew, at the end, or only where there is nothing", async () => {
    await go(writeFile(at("a"), "one", { mode: 0o600 }));
    await go(writeFile(at("a"), Buffer.from("two"), { flags: "a", sync: true }));
    expect(readFileSync(at("a"), "utf8")).toBe("onetwo");
    expect(statSync(at("a")).mode & 0o777).toBe(0o600);
    await expect(go(writeFile(at("a"), "", { flags: "wx" }))).rejects.toMatchObject({ code: "EEXIST" });
    await go(writeFile(at("a"), ""));
    expect(readFileSync(at("a"), "utf8")).toBe("");
    // @ts-expect-error no data
    expect(() => writeFile(at("a"), 1)).toThrow(TypeError);
  });

  test("fails with what the last write has failed with", async () => {
    await expect(go(writeFile("/dev/full", "x"))).rejects.toMatchObject({ code: "ENOSPC" });
  });

  test("cancelled at any poll, is not at work any more when the cancel has ended", async () => {
    const data = Buffer.alloc(1_000_000);
    await cancelAtEveryPoll(async (cancelAt) => {
      const outcome = await go(cancelAt(writeFile(at("a"), data)));
      if (!outcome.cancelled) expect(statSync(at("a")).size).toBe(data.length);
      await until(() => openBelow(at()).length === 0);
    });
  });
});

describe("copyFile, rename, hardLink", () => {
  test("copyFile replaces unless it is to be exclusive", async () => {
    writeFileSync(at("a"), "a");
    writeFileSync(at("b"), "b");
    await expect(go(copyFile(at("a"), at("b"), { exclusive: true }))).rejects.toMatchObject({
      code: "EEXIST",
    });
    await go(copyFile(at("a"), at("b")));
    expect(readFileSync(at("b"), "utf8")).toBe("a");
  });

  test("rename moves, hardLink names a second time", async () => {
    writeFileSync(at("a"), "a");
    await go(rename(at("a"), at("b")));
    await go(hardLink(at("b"), at("c")));
    expect([existsSync(at("a")), readFileSync(at("c"), "utf8"), statSync(at("b")).nlink]).toEqual([
      false,
      "a",
      2,
    ]);
    await expect(go(rename(at("a"), at("b")))).rejects.toMatchObject({ code: "ENOENT", syscall: "rename" });
  });

  test("rename, cancelled at any poll, has happened or never will", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      writeFileSync(at("a"), "a");
      const outcome = await go(cancelAt(rename(at("a"), at("b"))));
      const happened = existsSync(at("b"));
      expect(existsSync(at("a"))).toBe(!happened);
      if (!outcome.cancelled) expect(happened).toBe(true);
    });
  });
});

describe("remove, mkdir", () => {
  test("remove takes a file, a link and an empty directory, and all below one if asked to", async () => {
    writeFileSync(at("file"), "");
    symlinkSync(at("file"), at("link"));
    await go(mkdir(at("directory")));
    for (const name of ["link", "file", "directory"]) {
      await go(remove(at(name)));
      expect(existsSync(at(name))).toBe(false);
    }
    await go(mkdir(at("x/y/z"), { recursive: true }));
    await go(mkdir(at("x/y/z"), { recursive: true }));
    await expect(go(mkdir(at("x")))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(go(remove(at("x")))).rejects.toMatchObject({ code: "ENOTEMPTY" });
    await go(remove(at("x"), { recursive: true }));
    expect(existsSync(at("x"))).toBe(false);
    await expect(go(remove(at("x")))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(go(remove(at("x"), { recursive: true }))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("mkdir gives the permissions that it is told", async () => {
    await go(mkdir(at("private"), { mode: 0o700 }));
    expect(statSync(at("private")).mode & 0o777).toBe(0o700);
    expect(() => mkdir(at("x"), { mode: -1 })).toThrow(RangeError);
  });
});

describe("readDir", () => {
  test("gives what there is, with its kind", async () => {
    writeFileSync(at("file"), "");
    mkdirSync(at("directory"));
    symlinkSync("file", at("link"));
    const entries = await go(readDir(at()).collect());
    expect(entries.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "directory", path: at("directory"), kind: "directory" },
      { name: "file", path: at("file"), kind: "file" },
      { name: "link", path: at("link"), kind: "symlink" },
    ]);
    await expect(go(readDir(at("file")).collect())).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  test("given up before its end, closes the directory", async () => {
    for (const name of ["a", "b", "c"]) writeFileSync(at(name), "");
    expect(await go(readDir(at()).take(1).count())).toBe(1);
    expect(openBelow(at())).toEqual([]);
    await cancelAtEveryPoll(async (cancelAt) => {
      const outcome = await go(cancelAt(readDir(at()).count()));
      if (!outcome.cancelled) expect(outcome.value).toBe(3);
      await until(() => openBelow(at()).length === 0);
    });
  });
});

describe("stat, lstat, exists, readLink, canonicalize", () => {
  test("tell what is there", async () => {
    writeFileSync(at("file"), "abc");
    await go(symlink("file", at("link")));
    expect((await go(stat(at("link")))).size).toBe(3);
    expect((await go(lstat(at("link")))).isSymbolicLink()).toBe(true);
    expect(await go(readLink(at("link")))).toBe("file");
    expect(await go(canonicalize(at("link")))).toBe(at("file"));
    expect(await go(exists(at("link")))).toBe(true);
    await go(remove(at("file")));
    expect(await go(exists(at("link")))).toBe(false);
    expect(await go(exists(at("link/below")))).toBe(false);
    await expect(go(stat(at("link")))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(go(readLink(at()))).rejects.toMatchObject({ code: "EINVAL" });
  });

  test("exists fails where it cannot know", async () => {
    symlinkSync("loop", at("loop"));
    await expect(go(exists(at("loop")))).rejects.toMatchObject({ code: "ELOOP" });
    writeFileSync(at("hidden"), "");
    chmodSync(at("hidden"), 0);
    expect(await go(exists(at("hidden")))).toBe(true);
  });

  test("cancelled at any poll, are left to themselves", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      await go(cancelAt(stat(at())));
    });
    expect(polls).toBe(2);
  });
});
