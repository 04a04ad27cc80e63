import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, expect, test } from "vitest";
import { blockFuture, co } from "../../../src/core/coroutine.ts";
import { WouldBlockError } from "../../../src/core/errors.ts";
import type { Future, Suspend } from "../../../src/core/future.ts";
import { PipeReader, PipeWriter, unixPipe } from "../../../src/net/unix-pipe.ts";
import { loadNative } from "../../../src/reactor/epoll/native.ts";
import { OwnedFd } from "../../../src/reactor/epoll/owned-fd.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { pending, TestContext } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";

const onEpoll = test.runIf("native" in loadNative());
const folder = mkdtempSync(joinPath(tmpdir(), "pollux-"));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true }));

const program = (block: () => Generator<Suspend, void, unknown>): Promise<void> =>
  run(blockFuture(block(), "a test"));

const bytes = (text: string): Uint8Array => Buffer.from(text);
const data = "this is some data to write to the fifo";
const buf = new Uint8Array(1000);

function fifo(): string {
  const path = joinPath(folder, `f${files++}`);
  execFileSync("mkfifo", [path]);
  return path;
}

const failure = co(function* (future: Future<unknown>) {
  try {
    yield* future;
  } catch (error) {
    return error;
  }
  throw new Error("it has not failed");
});

const writeAndClose = co(function* (path: string) {
  const writer = yield* PipeWriter.open(path);
  yield* writer.writeAll(bytes(data));
  writer.close();
});

const drain = co(function* (reader: PipeReader, size: number) {
  const all = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    yield* reader.readable();
    try {
      at += reader.tryRead(all.subarray(at));
    } catch (error) {
      if (!(error instanceof WouldBlockError)) throw error;
    }
  }
  return Buffer.from(all).toString();
});

onEpoll("fifo_simple_send: a read that waits is woken by a write", () =>
  program(function* () {
    const path = fifo();
    const reader = yield* PipeReader.open(path);
    const read = reader.read(buf);
    const cx = new TestContext(currentContext().runtime);
    pending(read, cx);
    const writer = yield* PipeWriter.open(path);
    yield* writer.writeAll(bytes(data));
    expect(yield* read).toBe(data.length);
  }),
);

onEpoll("fifo_simple_send_sender_first: a writer without a reader is refused, unless it reads itself", () =>
  program(function* () {
    const path = fifo();
    expect(yield* failure(PipeWriter.open(path))).toMatchObject({ code: "ENXIO" });
    const writer = yield* PipeWriter.open(path, { readWrite: true });
    yield* writer.writeAll(bytes(data));
    const reader = yield* PipeReader.open(path);
    expect(yield* reader.read(buf)).toBe(data.length);
  }),
);

onEpoll("fifo_multiple_writes: a reader meets the end when a writer goes, and goes on with the next", () =>
  program(function* () {
    const path = fifo();
    const reader = yield* PipeReader.open(path);
    for (let i = 0; i < 2; i++) {
      yield* writeAndClose(path);
      yield* reader.readable();
      expect(yield* reader.read(buf)).toBe(data.length);
      if (i === 0) expect(yield* reader.read(buf)).toBe(0);
    }
  }),
);

onEpoll("fifo_resilient_reader: one that has it open to write, too, meets no end", () =>
  program(function* () {
    const path = fifo();
    const reader = yield* PipeReader.open(path, { readWrite: true });
    yield* writeAndClose(path);
    expect(yield* reader.read(buf)).toBe(data.length);
    const read = reader.read(buf);
    pending(read, new TestContext(currentContext().runtime));
    yield* writeAndClose(path);
    expect(yield* read).toBe(data.length);
  }),
);

onEpoll("open_detects_not_a_fifo: a file is refused", () =>
  program(function* () {
    const path = joinPath(folder, `f${files++}`);
    writeFileSync(path, "");
    expect(yield* failure(PipeWriter.open(path))).toBeInstanceOf(TypeError);
    expect(yield* failure(PipeReader.open(path))).toBeInstanceOf(TypeError);
  }),
);

onEpoll("from_file: descriptors that were opened elsewhere are taken over", () =>
  program(function* () {
    const path = fifo();
    const reader = yield* PipeReader.fromFd(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
    const writer = yield* PipeWriter.fromFd(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    const read = spawn(reader.read(buf));
    yield* writer.writeAll(bytes(data));
    expect(yield* read).toBe(data.length);
  }),
);

onEpoll("from_file_detects_not_a_fifo: that of a file is refused, and left alone", () =>
  program(function* () {
    const path = joinPath(folder, `f${files++}`);
    writeFileSync(path, "");
    const fd = openSync(path, "r+");
    expect(yield* failure(PipeReader.fromFd(fd))).toMatchObject({ code: "EPERM" });
    expect(yield* failure(PipeWriter.fromFd(fd))).toMatchObject({ code: "EPERM" });
    closeSync(fd);
  }),
);

onEpoll("from_file_detects_wrong_access_mode: one that is not open for that is refused, and left alone", () =>
  program(function* () {
    const path = fifo();
    yield* PipeReader.open(path);
    const writeOnly = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    expect(yield* failure(PipeReader.fromFd(writeOnly))).toMatchObject({ code: "EBADF" });
    const readOnly = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    expect(yield* failure(PipeWriter.fromFd(readOnly))).toMatchObject({ code: "EBADF" });
    for (const fd of [writeOnly, readOnly]) closeSync(fd);
  }),
);

onEpoll("from_file_sets_nonblock: what is taken over no longer waits", () =>
  program(function* () {
    const isNonBlocking = (fd: number): boolean => {
      const [, flags = ""] = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")) ?? [];
      return (Number.parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
    };
    const path = fifo();
    yield* PipeReader.open(path);
    yield* PipeWriter.open(path);
    const fd = openSync(path, constants.O_RDONLY);
    expect(isNonBlocking(fd)).toBe(false);
    yield* PipeReader.fromFd(fd);
    expect(isNonBlocking(fd)).toBe(true);
    const other = openSync(path, constants.O_WRONLY);
    yield* PipeWriter.fromFd(other);
    expect(isNonBlocking(other)).toBe(true);
  }),
);

onEpoll("try_read_write, try_read_write_vectored: the try functions fill a pipe and drain it", () =>
  program(function* () {
    const path = fifo();
    const reader = yield* PipeReader.open(path);
    const writer = yield* PipeWriter.open(path);
    const writes = [
      (): number => writer.tryWrite(bytes(data)),
      (): number => writer.tryWriteVectored([bytes(data.slice(0, 3)), bytes(data.slice(3))]),
    ];
    for (const write of writes) {
      let written = "";
      yield* writer.writable();
      try {
        for (;;) written += data.slice(0, write());
      } catch (error) {
        if (!(error instanceof WouldBlockError)) throw error;
      }
      expect(yield* drain(reader, written.length)).toBe(written);
    }
  }),
);

onEpoll("anon_pipe_simple_send: a read that waits is woken by a write", () =>
  program(function* () {
    const [reader, writer] = yield* unixPipe();
    const read = reader.read(buf);
    pending(read, new TestContext(currentContext().runtime));
    yield* writer.writeAll(bytes(data));
    expect(yield* read).toBe(data.length);
  }),
);

onEpoll("anon_pipe_from_owned_fd: a pipe that was made elsewhere is taken over", () =>
  program(function* () {
    const [one, two] = OwnedFd.pipe();
    const reader = yield* PipeReader.fromFd(one.release());
    const writer = yield* PipeWriter.fromFd(two.release());
    yield* writer.writeAll(bytes(data));
    expect(yield* reader.read(buf)).toBe(data.length);
  }),
);

onEpoll("anon_pipe_into_nonblocking_fd: an end is given up as a descriptor, which does not wait", () =>
  program(function* () {
    const [reader, writer] = yield* unixPipe();
    const [one, two] = [OwnedFd.adopt(reader.intoFd()), OwnedFd.adopt(writer.intoFd())];
    expect(() => one.read(buf)).toThrow(WouldBlockError);
    two.write(bytes("x"));
    expect(one.read(buf)).toBe(1);
    one.close();
    two.close();
  }),
);
