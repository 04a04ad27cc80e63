import { closeSync, constants, existsSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { TestContext } from "../../test/support/context.ts";
import { openBelow, testDirectory } from "../../test/support/fs.ts";
import { until } from "../../test/support/net.ts";
import { join } from "../combine/join.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, FutureInUseError, UnsupportedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { fromPromise } from "../interop/promise.ts";
import { BufReader } from "../io/buf-reader.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { spawn } from "../task/spawn.ts";
import { File } from "./file.ts";
import type { OpenOptions } from "./open-options.ts";

const at = testDirectory();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (buf: Uint8Array): string => new TextDecoder().decode(buf);
let runtime: Runtime;
const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);

beforeEach(() => {
  runtime = new Runtime();
});

afterEach(async () => {
  // A thread may be about to close it.
  await until(() => openBelow(at()).length === 0);
  expect(runtime.handle.outstanding).toBe(0);
});

describe("File", () => {
  test("reads and writes from one position, and seeks from the start, from there and from the end", async () => {
    const main = co(function* () {
      const file = yield* File.open(at("a"), { flags: "w+" });
      yield* file.writeAll(bytes("0123456789"));
      expect(file.position).toBe(10);
      expect(yield* file.seek(2)).toBe(2);
      const buf = new Uint8Array(3);
      expect(yield* file.read(buf)).toBe(3);
      expect([text(buf), file.position]).toEqual(["234", 5]);
      expect(yield* file.seek(1, "current")).toBe(6);
      yield* file.writeAll(bytes("x"));
      expect(yield* file.seek(-4, "end")).toBe(6);
      expect(yield* file.readToString()).toBe("x789");
      expect(yield* file.read(buf)).toBe(0);
      yield* file.finish();
    });
    await runtime.run(main());
    expect(readFileSync(at("a"), "utf8")).toBe("012345x789");
  });

  test("a seek before the start fails and moves nothing; one behind the end leaves zeros", async () => {
    const main = co(function* () {
      const file = yield* File.create(at("a"));
      yield* file.seek(1);
      yield* fromPromise(() => expect(go(file.seek(-2, "current"))).rejects.toThrow(RangeError));
      expect(file.position).toBe(1);
      yield* file.writeAll(bytes("x"));
      yield* file.finish();
    });
    await runtime.run(main());
    expect(readFileSync(at("a"))).toEqual(Buffer.from([0, 120]));
  });

  test("what is larger than its buffer goes in pieces, in order", async () => {
    const data = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7) % 251);
    const main = co(function* () {
      const file = yield* File.open(at("a"), { flags: "w+", maxBufferSize: 4096 });
      expect(yield* file.write(data)).toBe(4096);
      yield* file.writeAll(data.subarray(4096));
      yield* file.seek(0);
      expect(yield* file.read(new Uint8Array(10_000))).toBe(4096);
      yield* file.seek(0);
      expect(Buffer.compare(yield* file.readToEnd(), data)).toBe(0);
      yield* file.finish();
    });
    await runtime.run(main());
  });

  test("writeVectored takes over several buffers at once", async () => {
    const main = co(function* () {
      const file = yield* File.open(at("a"), { flags: "w", maxBufferSize: 5 });
      expect(yield* file.writeVectored([bytes("ab"), bytes(""), bytes("cd"), bytes("efg")])).toBe(5);
      yield* file.writeAllVectored([bytes("fg"), bytes("h")]);
      yield* file.finish();
    });
    await runtime.run(main());
    expect(readFileSync(at("a"), "utf8")).toBe("abcdefgh");
  });

  test("a file that was opened to append is written at its end, and read from its position", async () => {
    writeFileSync(at("a"), "one");
    const main = co(function* () {
      const file = yield* File.open(at("a"), { flags: "a+" });
      yield* file.writeAll(bytes("two"));
      expect(file.position).toBe(0);
      expect(yield* file.readToString()).toBe("onetwo");
      yield* file.seek(0);
      yield* file.writeAll(bytes("three"));
      expect(yield* file.readToString()).toBe("onetwothree");
      yield* file.finish();
    });
    await runtime.run(main());
  });

  test("readAt and writeAt leave the position, run side by side, and see what was written before", async () => {
    const main = co(function* () {
      const file = yield* File.open(at("a"), { flags: "w+" });
      yield* file.writeAll(bytes("0123456789"));
      const [a, b] = [new Uint8Array(2), new Uint8Array(2)];
      expect(yield* join(file.readAt(a, 8), file.readAt(b, 0), file.writeAt(bytes("xy"), 4))).toEqual([
        2,
        2,
        undefined,
      ]);
      expect([text(a), text(b), file.position]).toEqual(["89", "01", 10]);
      yield* file.seek(0);
      expect(yield* file.readToString()).toBe("0123xy6789");
      yield* file.finish();
    });
    await runtime.run(main());
  });

  test("truncate cuts and fills, chmod and stat tell and change what is known of it", async () => {
    const main = co(function* () {
      const file = yield* File.create(at("a"), { mode: 0o600 });
      yield* file.writeAll(bytes("0123456789"));
      yield* file.truncate(4);
      expect((yield* file.stat()).size).toBe(4);
      yield* file.truncate(6);
      yield* file.chmod(0o640);
      expect((yield* file.stat()).mode & 0o777).toBe(0o640);
      yield* file.datasync();
      yield* file.sync();
      yield* file.finish();
    });
    await runtime.run(main());
    expect(readFileSync(at("a"))).toEqual(Buffer.from("0123\0\0"));
    expect(statSync(at("a")).mode & 0o777).toBe(0o640);
  });

  test("bytes that were read ahead are not given after a seek, a write or a truncate", async () => {
    writeFileSync(at("a"), "abcdef");
    const main = co(function* () {
      const file = yield* File.open(at("a"), { flags: "r+" });
      const ahead = (): Future<void> =>
        co(function* () {
          yield* file.seek(0);
          const read = spawn(file.read(new Uint8Array(6)));
          yield* fromPromise(() => new Promise<void>((resolve) => setImmediate(resolve)));
          read.abort();
          yield* fromPromise(() =>
            read.then(
              () => {},
              () => {},
            ),
          );
        })();
      yield* ahead();
      yield* file.writeAll(bytes("X"));
      yield* file.seek(0);
      expect(yield* file.readToString()).toBe("Xbcdef");
      yield* ahead();
      yield* file.writeAt(bytes("Y"), 0);
      expect(yield* file.readToString()).toBe("Ybcdef");
      yield* ahead();
      yield* file.truncate(2);
      const buf = new Uint8Array(10);
      yield* file.seek(0);
      expect(yield* file.read(buf)).toBe(2);
      yield* file.finish();
    });
    await runtime.run(main());
  });

  test("a failure of the system has Node's shape", async () => {
    await expect(go(File.open(at("none")))).rejects.toMatchObject({
      code: "ENOENT",
      syscall: "open",
      path: at("none"),
    });
    writeFileSync(at("a"), "");
    await expect(go(File.createNew(at("a")))).rejects.toMatchObject({ code: "EEXIST" });
    const directory = await go(File.open(at()));
    await expect(go(directory.read(new Uint8Array(1)))).rejects.toMatchObject({ code: "EISDIR" });
    directory.close();
  });

  test("a write that fails behind the back is thrown once, by the next operation, and the file goes on", async () => {
    const main = co(function* () {
      const file = yield* File.open("/dev/full", { flags: "w" });
      const next: (() => Future<unknown>)[] = [
        () => file.write(bytes("y")),
        () => file.flush(),
        () => file.shutdown(),
        () => file.sync(),
        () => file.datasync(),
      ];
      for (const operation of next) {
        expect(yield* file.write(bytes("x"))).toBe(1);
        yield* fromPromise(() => expect(go(operation())).rejects.toMatchObject({ code: "ENOSPC" }));
        yield* file.flush();
      }
      yield* file.write(bytes("x"));
      yield* fromPromise(() => expect(go(file.finish())).rejects.toMatchObject({ code: "ENOSPC" }));
      expect(file.isClosed).toBe(true);
    });
    await runtime.run(main());
  });

  test("close writes what was taken over, ends who waits, and closes when the threads have done with it", async () => {
    const file = await go(File.create(at("a")));
    await go(file.write(new Uint8Array(200_000)));
    file.close();
    file[Symbol.dispose]();
    await expect(go(file.write(bytes("x")))).rejects.toThrow(ClosedError);
    await expect(go(file.stat())).rejects.toThrow(ClosedError);
    await expect(go(file.seek(0))).rejects.toThrow(ClosedError);
    await file[Symbol.asyncDispose]();
    expect(openBelow(at())).toEqual([]);
    expect(statSync(at("a")).size).toBe(200_000);
  });

  test("close ends a read that waits", async () => {
    writeFileSync(at("a"), "x");
    const file = await go(File.open(at("a")));
    const read = go(file.read(new Uint8Array(1)));
    await Promise.resolve();
    file.close();
    await expect(read).rejects.toThrow(ClosedError);
  });

  test("one read, one write, one seek at a time", async () => {
    writeFileSync(at("a"), "x");
    const file = await go(File.open(at("a"), { flags: "r+" }));
    const first = go(file.read(new Uint8Array(1)));
    await expect(go(file.read(new Uint8Array(1)))).rejects.toThrow(FutureInUseError);
    expect(await first).toBe(1);
    const seek = go(file.seek(0, "end"));
    await expect(go(file.seek(0, "end"))).rejects.toThrow(FutureInUseError);
    expect(await seek).toBe(1);
    file.close();
  });

  test("what has no positions is read as it comes, and cannot seek", async () => {
    const zero = await go(File.open("/dev/zero"));
    expect(await go(zero.read(new Uint8Array(10)))).toBe(10);
    await expect(go(zero.seek(0))).rejects.toThrow(UnsupportedError);
    zero.close();
  });

  test("fromFd takes a descriptor over, intoFd gives it back when all is written", async () => {
    const file = File.fromFd(openSync(at("a"), "w"));
    await go(file.write(bytes("hello")));
    const fd = await go(file.intoFd());
    expect(readFileSync(at("a"), "utf8")).toBe("hello");
    expect([fd === file.fd, file.isClosed]).toEqual([true, true]);
    file.close();
    await file[Symbol.asyncDispose]();
    closeSync(fd);
    expect(() => File.fromFd(999_999)).toThrow(expect.objectContaining({ code: "EBADF" }));
  });

  test("a reader of lines can be put on it", async () => {
    writeFileSync(at("a"), "one\ntwo\n");
    const file = await go(File.open(at("a")));
    expect(await go(new BufReader(file).lines().collect())).toEqual(["one", "two"]);
    file.close();
  });

  test("arguments that make no sense are refused at the call", async () => {
    expect(() => File.open("")).toThrow(TypeError);
    expect(() => File.open("a\0b")).toThrow(TypeError);
    expect(() => File.open(new URL("http://x/"))).toThrow(TypeError);
    // @ts-expect-error no path
    expect(() => File.open(1)).toThrow(TypeError);
    // @ts-expect-error no such flag
    expect(() => File.open("a", { flags: "q" })).toThrow(TypeError);
    expect(() => File.open("a", { mode: 0o10000 })).toThrow(RangeError);
    expect(() => File.open("a", { maxBufferSize: 0 })).toThrow(RangeError);
    expect(() => File.fromFd(-1)).toThrow(RangeError);
    const file = await go(File.open(at("a"), { flags: constants.O_RDWR | constants.O_CREAT }));
    expect(() => file.readAt(new Uint8Array(0), 0)).toThrow(RangeError);
    expect(() => file.readAt(new Uint8Array(1), -1)).toThrow(RangeError);
    expect(() => file.truncate(0.5)).toThrow(RangeError);
    expect(() => file.seek(0.5)).toThrow(RangeError);
    expect(() => file.chmod(-1)).toThrow(RangeError);
    file.close();
  });
});

describe("File, cancelled at any poll", () => {
  test("open: where a file may be made or emptied, that has happened when the cancel has ended, or never will", async () => {
    const changing = ["w", "wx", "w+", "wx+", "a", "ax", "a+", "ax+", constants.O_RDWR | constants.O_CREAT];
    for (const [i, flags] of changing.entries()) {
      const cx = new TestContext(runtime.handle);
      const opening = File.open(at(`made-${i}`), { flags } as OpenOptions);
      expect(opening.poll(cx)).toBe(Pending);
      expect(opening.cancel(cx)).toBe(Pending);
      await until(() => cx.wakes > 0);
      expect(opening.cancel(cx)).toBeUndefined();
      expect(existsSync(at(`made-${i}`))).toBe(true);
    }
    for (const flags of ["r", "r+", constants.O_RDONLY] as const) {
      const cx = new TestContext(runtime.handle);
      const opening = File.open(at("made-0"), { flags });
      expect(opening.poll(cx)).toBe(Pending);
      expect(opening.cancel(cx)).toBeUndefined();
    }
    await until(() => openBelow(at()).length === 0);
  });

  test("open leaves no descriptor", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const outcome = await go(cancelAt(File.create(at("a"))));
      if (!outcome.cancelled) outcome.value.close();
      await until(() => openBelow(at()).length === 0);
    });
    expect(polls).toBe(2);
  });

  test("read loses no byte, and the position is where the bytes were given", async () => {
    writeFileSync(at("a"), "abcdef");
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const file = await go(File.open(at("a")));
      const outcome = await go(cancelAt(file.read(new Uint8Array(4))));
      expect(file.position).toBe(outcome.cancelled ? 0 : 4);
      expect(await go(file.readToString())).toBe(outcome.cancelled ? "abcdef" : "ef");
      file.close();
    });
    expect(polls).toBe(2);
  });

  test("a write that was cancelled has written nothing", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const file = await go(File.create(at("a")));
      // The first one is with a thread: the second has to wait.
      await go(file.write(bytes("ab")));
      const outcome = await go(cancelAt(file.write(bytes("cd"))));
      await go(file.finish());
      expect(readFileSync(at("a"), "utf8")).toBe(outcome.cancelled ? "ab" : "abcd");
    });
    expect(polls).toBe(2);
  });

  test("seek has moved, or has not", async () => {
    writeFileSync(at("a"), "abcdef");
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const file = await go(File.open(at("a")));
      const outcome = await go(cancelAt(file.seek(-2, "end")));
      expect(file.position).toBe(outcome.cancelled ? 0 : 4);
      expect(await go(file.seek(-1, "end"))).toBe(5);
      file.close();
    });
    expect(polls).toBe(2);
  });

  test("readAt, writeAt, truncate and sync wait until the system has done with them", async () => {
    const operations = [
      (file: File) => file.readAt(new Uint8Array(3), 0),
      (file: File) => file.writeAt(bytes("xyz"), 0),
      (file: File) => file.truncate(3),
      (file: File) => file.sync(),
      (file: File) => file.finish(),
      (file: File) => file.stat(),
      (file: File) => file.intoFd(),
    ];
    for (const operation of operations) {
      await cancelAtEveryPoll(async (cancelAt) => {
        const file = await go(File.open(at("a"), { flags: "w+" }));
        await go(file.write(bytes("abc")));
        const future = operation(file);
        const outcome = await go(cancelAt(future as Future<unknown>));
        if (!outcome.cancelled && typeof outcome.value === "number" && file.isClosed)
          closeSync(outcome.value);
        file.close();
        await until(() => openBelow(at()).length === 0);
        expect(statSync(at("a")).size).toBe(3);
      });
    }
  });
});
