import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { File } from "../../../src/fs/file.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { testDirectory } from "../../support/fs.ts";

const at = testDirectory();
const HELLO = new TextEncoder().encode("hello world...");
const TWICE = Buffer.concat([HELLO, HELLO]);

test("basic_read: one read gives what is in a small file", async () => {
  writeFileSync(at("a"), HELLO);
  const main = co(function* () {
    const file = yield* File.open(at("a"));
    const buf = new Uint8Array(1024);
    const size = yield* file.read(buf);
    yield* file.finish();
    return buf.subarray(0, size);
  });
  expect(await run(main())).toEqual(HELLO);
});

for (const [name, end] of [
  ["basic_write", "flush"],
  ["basic_write_and_shutdown", "shutdown"],
] as const) {
  test(`${name}: what was written is in the file after ${end}`, async () => {
    const main = co(function* () {
      const file = yield* File.create(at("a"));
      yield* file.writeAll(HELLO);
      yield* file[end]();
      expect(readFileSync(at("a"))).toEqual(Buffer.from(HELLO));
      file.close();
    });
    await run(main());
  });
}

for (const [name, end] of [
  ["write_vectored", "flush"],
  ["write_vectored_and_shutdown", "shutdown"],
] as const) {
  test(`${name}: several buffers are written at once, and are in the file after ${end}`, async () => {
    const main = co(function* () {
      const file = yield* File.create(at("a"));
      expect(yield* file.writeVectored([HELLO, HELLO])).toBe(TWICE.length);
      yield* file[end]();
      expect(readFileSync(at("a"))).toEqual(TWICE);
      file.close();
    });
    await run(main());
  });
}

test("rewind_seek_position: the start is at 0", async () => {
  const main = co(function* () {
    const file = yield* File.create(at("a"));
    expect(yield* file.seek(10, "current")).toBe(10);
    expect(yield* file.seek(0)).toBe(0);
    expect(file.position).toBe(0);
    file.close();
  });
  await run(main());
});

test("coop: a loop that reads and seeks lets others run", async () => {
  writeFileSync(at("a"), HELLO);
  const main = co(function* () {
    const file = yield* File.open(at("a"));
    const buf = new Uint8Array(1024);
    let rounds = 0;
    const loop = co(function* () {
      for (;;) {
        yield* file.read(buf);
        yield* file.seek(0);
        rounds++;
      }
    });
    const looping = spawn(loop());
    for (let i = 0; i < 1000; i++) yield* yieldNow();
    looping.abort();
    file.close();
    return rounds;
  });
  expect(await run(main())).toBeLessThan(1000);
});

for (const name of ["write_into_std", "write_into_std_immediate"]) {
  test(`${name}: the descriptor can be taken out, and what is written to it is in the file`, async () => {
    const main = co(function* () {
      const file = yield* File.create(at("a"));
      return yield* file.intoFd();
    });
    const fd = await run(main());
    writeFileSync(fd, HELLO);
    closeSync(fd);
    expect(readFileSync(at("a"))).toEqual(Buffer.from(HELLO));
  });
}

test("read_file_from_std: a descriptor that was opened elsewhere is read", async () => {
  writeFileSync(at("a"), HELLO);
  const file = File.fromFd(openSync(at("a"), "r"));
  expect(await run(file.readToEnd())).toEqual(HELLO);
  file.close();
});

test("empty_read: an empty buffer is refused, and what follows reads all the same", async () => {
  writeFileSync(at("a"), HELLO);
  const file = await run(File.open(at("a")));
  expect(() => file.read(new Uint8Array(0))).toThrow(RangeError);
  expect(await run(file.readToEnd())).toEqual(HELLO);
  file.close();
});

test("set_max_buf_size_read: one read gives no more than that", async () => {
  writeFileSync(at("a"), HELLO);
  const file = await run(File.open(at("a"), { maxBufferSize: 1 }));
  expect(await run(file.read(new Uint8Array(1024)))).toBe(1);
  file.close();
});

test("set_max_buf_size_write: one write takes no more than that", async () => {
  const file = await run(File.create(at("a"), { maxBufferSize: 1 }));
  expect(await run(file.write(HELLO))).toBe(1);
  file.close();
});

test("file_debug_fmt: a dump names the file by its path", async () => {
  const file = await run(File.create(at("a")));
  expect(file.inspected).toMatchObject({ kind: "file", name: at("a") });
  file.close();
});

test("unix_fd_is_valid: it has a descriptor", async () => {
  const file = await run(File.create(at("a")));
  expect(file.fd).toBeGreaterThan(0);
  file.close();
});

test("read_file_from_unix_fd: the descriptor of one file makes another", async () => {
  writeFileSync(at("a"), HELLO);
  const first = await run(File.open(at("a")));
  const second = File.fromFd(await run(first.intoFd()));
  expect(await run(second.readToEnd())).toEqual(HELLO);
  second.close();
});
