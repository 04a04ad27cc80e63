import { closeSync, openSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import { cancelAtEveryPoll } from "../../../test/support/cancel-at-every-poll.ts";
import { turn } from "../../../test/support/net.ts";
import { co } from "../../core/coroutine.ts";
import { ClosedError, WouldBlockError } from "../../core/errors.ts";
import type { Future } from "../../core/future.ts";
import { Pending } from "../../core/poll.ts";
import { Runtime } from "../../runtime/runtime.ts";
import type { JoinHandle } from "../../task/join-handle.ts";
import { AsyncFd } from "./async-fd.ts";
import { AF_INET, SOCK_STREAM } from "./constants.ts";
import { loadNative } from "./native.ts";
import { OwnedFd } from "./owned-fd.ts";
import { ADDRESS_BYTES, encodeAddress } from "./socket-address.ts";
import { ThreadWaker } from "./thread-waker.ts";

const loaded = loadNative();
const bytes = (text: string): Uint8Array => Buffer.from(text);

describe.runIf("native" in loaded)("async fd", () => {
  const runtime = new Runtime();
  const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
  const open: { close(): void }[] = [];
  const buf = new Uint8Array(100_000);

  afterEach(() => {
    for (const each of open.splice(0)) each.close();
    expect(runtime.handle.outstanding).toBe(0);
  });

  const pipe = (...triggers: ("edge" | "level" | "oneShot")[]) => {
    const [reader, writer] = OwnedFd.pipe();
    const [trigger = "edge"] = triggers;
    const input = AsyncFd.register(reader, { read: true, trigger });
    const output = AsyncFd.register(writer, { write: true });
    open.push(input, output, reader, writer);
    return { reader, writer, input, output };
  };

  const fill = (writer: OwnedFd): void => {
    expect(() => {
      for (;;) writer.write(buf);
    }).toThrow(WouldBlockError);
  };

  const isPending = async (handle: JoinHandle<unknown>): Promise<boolean> => {
    let over = false;
    handle.then(
      () => (over = true),
      () => (over = true),
    );
    for (let i = 0; i < 5; i++) await turn();
    return !over;
  };

  test("a new pipe is writable, and readable once something was written", async () => {
    const { writer, input, output } = pipe();
    expect((await go(output.writable())).ready).toMatchObject({ isWritable: true, isReadable: false });
    const readable = go(input.readable());
    expect(await isPending(readable)).toBe(true);
    writer.write(bytes("x"));
    expect((await readable).ready).toMatchObject({ isReadable: true, isReadClosed: false, isError: false });
  });

  test("edge-triggered: it stays ready until an operation has found that it is not", async () => {
    const { reader, writer, input } = pipe();
    writer.write(bytes("hello"));
    const guard = await go(input.readable());
    expect(guard.tryIo(() => reader.read(buf))).toBe(5);
    // Nothing is left, but nobody has said so.
    const again = await go(input.readable());
    expect(again.tryIo(() => reader.read(buf))).toBe(Pending);
    const third = go(input.readable());
    expect(await isPending(third)).toBe(true);
    writer.write(bytes("x"));
    expect((await third).tryIo(() => reader.read(buf))).toBe(1);
  });

  test("clearReady forgets nothing that came since the guard was given", async () => {
    const { writer, input } = pipe();
    writer.write(bytes("a"));
    const old = await go(input.readable());
    writer.write(bytes("b"));
    for (let i = 0; i < 5; i++) await turn();
    old.clearReady();
    const fresh = await go(input.readable());
    fresh.clearReady();
    const next = go(input.readable());
    expect(await isPending(next)).toBe(true);
    writer.write(bytes("c"));
    await next;
  });

  test("an error of the operation is thrown, and clears nothing", async () => {
    const { reader, writer, input } = pipe();
    writer.write(bytes("x"));
    const guard = await go(input.readable());
    expect(() =>
      guard.tryIo(() => {
        throw new RangeError("an operation's own");
      }),
    ).toThrow("an operation's own");
    expect(
      guard.tryIo(() => {
        throw Object.assign(new Error("would wait"), { code: "EAGAIN" });
      }),
    ).toBe(Pending);
    expect(reader.read(buf)).toBe(1);
  });

  test("io tries until it succeeds", async () => {
    const { reader, writer, input, output } = pipe();
    const read = go(input.io({ read: true }, () => reader.read(buf)));
    expect(await isPending(read)).toBe(true);
    writer.write(bytes("hello"));
    expect(await read).toBe(5);
    fill(writer);
    const write = go(output.io({ write: true }, () => writer.write(bytes("y"))));
    expect(await isPending(write)).toBe(true);
    while (reader.read(buf) === buf.length);
    expect(await write).toBe(1);
  });

  test("io: cancelled at any poll, has done nothing and leaves nobody waiting", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const { reader, writer, input } = pipe();
      const read = go(cancelAt(input.io({ read: true }, () => reader.read(buf))));
      await turn();
      writer.write(bytes("hello"));
      const outcome = await read;
      if (outcome.cancelled) expect(await go(input.io({ read: true }, () => reader.read(buf)))).toBe(5);
      expect(runtime.handle.outstanding).toBe(0);
    });
    expect(polls).toBe(2);
  });

  test("any number of tasks may wait, and one that gives up leaves the others", async () => {
    const { writer, input } = pipe();
    const waiters = Array.from({ length: 5 }, () => go(input.readable()));
    await turn();
    waiters[2]?.abort();
    await waiters[2]?.then(null, () => {});
    writer.write(bytes("x"));
    for (const [at, waiter] of waiters.entries())
      if (at !== 2) expect((await waiter).ready.isReadable).toBe(true);
  });

  test("the other end's going is told with what is left, and for good", async () => {
    const { reader, writer, input } = pipe();
    writer.write(bytes("last"));
    writer.close();
    const guard = await go(input.readable());
    expect(guard.ready.isReadClosed).toBe(true);
    expect(guard.tryIo(() => reader.read(buf))).toBe(4);
    guard.clearReady();
    expect((await go(input.readable())).tryIo(() => reader.read(buf))).toBe(0);
  });

  test("a pipe without a reader is told to who writes", async () => {
    const { reader, input, writer, output } = pipe();
    const guard = await go(output.writable());
    fill(writer);
    guard.clearReady();
    const writable = go(output.writable());
    expect(await isPending(writable)).toBe(true);
    input.close();
    reader.close();
    const { ready } = await writable;
    expect([ready.isError, ready.isWriteClosed]).toEqual([true, true]);
    expect(() => writer.write(bytes("x"))).toThrow(expect.objectContaining({ code: "EPIPE" }));
  });

  test("level-triggered: each wait asks anew, and nothing is to be cleared", async () => {
    const { reader, writer, input } = pipe("level");
    writer.write(bytes("hello"));
    for (let i = 0; i < 3; i++) expect((await go(input.readable())).ready.isReadable).toBe(true);
    expect(reader.read(buf)).toBe(5);
    const next = go(input.readable());
    expect(await isPending(next)).toBe(true);
    writer.write(bytes("x"));
    await next;
  });

  test("level-triggered: a descriptor that is ready and that nobody waits for costs nothing", async () => {
    if ("reason" in loaded) throw new Error(loaded.reason);
    const { writer, input } = pipe("level");
    writer.write(bytes("x"));
    await go(input.readable());
    for (let i = 0; i < 5; i++) await turn();
    const waits = vi.spyOn(loaded.native, "epollWait");
    for (let i = 0; i < 20; i++) await turn();
    expect(waits).not.toHaveBeenCalled();
    waits.mockRestore();
  });

  test("one-shot: after one event nothing is heard until it is armed again", async () => {
    const { reader, writer, input } = pipe("oneShot");
    writer.write(bytes("x"));
    const guard = await go(input.readable());
    expect(guard.tryIo(() => reader.read(buf))).toBe(1);
    guard.clearReady();
    writer.write(bytes("y"));
    const next = go(input.readable());
    expect(await isPending(next)).toBe(true);
    input.rearm();
    await next;
    expect(() => input.rearm({})).toThrow(TypeError);
    expect(() => pipe().input.rearm()).toThrow(TypeError);
  });

  test("urgent data is told to who asks for it", async () => {
    if ("reason" in loaded) throw new Error(loaded.reason);
    const { native } = loaded;
    const address = new Uint8Array(ADDRESS_BYTES);
    encodeAddress("127.0.0.1", 0, address);
    const listener = native.socket(AF_INET, SOCK_STREAM, 0);
    native.bind(listener, address);
    native.listen(listener, 1);
    native.name(listener, 0, address);
    const ours = native.socket(AF_INET, SOCK_STREAM, 0);
    native.connect(ours, address);
    const theirs = native.accept(listener, new Uint8Array(ADDRESS_BYTES));
    native.release(theirs);
    const socket = OwnedFd.adopt(theirs);
    const urgent = AsyncFd.register(socket, { priority: true });
    open.push(urgent, socket);
    const priority = go(urgent.ready({ priority: true }));
    native.send(ours, bytes("a"), 0, 1, 0);
    expect(await isPending(priority)).toBe(true);
    const MSG_OOB = 1;
    native.send(ours, bytes("!"), 0, 1, MSG_OOB);
    expect((await priority).ready.isPriority).toBe(true);
    native.close(ours);
    native.close(listener);
  });

  test("a close ends those who wait, leaves the descriptor, and lets it be registered again", async () => {
    const { reader, writer, input } = pipe();
    const readable = go(input.readable());
    await turn();
    input.close();
    input.close();
    await expect(readable).rejects.toThrow(ClosedError);
    await expect(go(input.readable())).rejects.toThrow(ClosedError);
    const again = AsyncFd.register(reader, { read: true });
    open.unshift(again);
    writer.write(bytes("x"));
    await go(again.readable());
    expect(reader.read(buf)).toBe(1);
  });

  test("what cannot be registered is refused", () => {
    const { reader } = pipe();
    expect(() => AsyncFd.register(reader)).toThrow(expect.objectContaining({ code: "EEXIST" }));
    expect(() => AsyncFd.register(999_999)).toThrow(expect.objectContaining({ code: "EBADF" }));
    const file = openSync(import.meta.filename ?? process.execPath, "r");
    expect(() => AsyncFd.register(file)).toThrow(expect.objectContaining({ code: "EPERM" }));
    closeSync(file);
    expect(() => AsyncFd.register(-1)).toThrow(RangeError);
    expect(() => AsyncFd.register("x" as never)).toThrow(TypeError);
    expect(() => AsyncFd.register(1, { trigger: "x" as never })).toThrow(TypeError);
    expect(() => AsyncFd.register(1, { read: false })).toThrow(TypeError);
    expect(() => pipe().input.writable()).toThrow(TypeError);
  });

  test("a timer expires, again and again", async () => {
    const timer = OwnedFd.timer(2, { everyMs: 2 });
    const ready = AsyncFd.register(timer, { read: true });
    open.push(ready, timer);
    let expired = 0;
    while (expired < 3) expired += await go(ready.io({ read: true }, () => timer.readCount()));
    expect(() => OwnedFd.timer(0)).toThrow(RangeError);
    expect(() => OwnedFd.timer("x" as never)).toThrow(TypeError);
    expect(() => OwnedFd.timer(1, { everyMs: 0.5 })).toThrow(RangeError);
  });
});

describe.runIf("native" in loaded)("owned fd", () => {
  test("vectored reads and writes are those of the system", () => {
    const [reader, writer] = OwnedFd.pipe();
    expect(writer.writeVectored([bytes("ab"), bytes("cde")])).toBe(5);
    const [first, second] = [new Uint8Array(3), new Uint8Array(3)];
    expect(reader.readVectored([first, second])).toBe(5);
    expect(Buffer.concat([first, second]).toString()).toBe("abcde\0");
    expect(() => reader.read(first)).toThrow(WouldBlockError);
    reader.close();
    writer.close();
  });

  test("a counter counts", () => {
    const counter = OwnedFd.event();
    expect(() => counter.readCount()).toThrow(WouldBlockError);
    counter.addCount();
    counter.addCount(41);
    expect(counter.readCount()).toBe(42);
    expect(() => counter.addCount(0)).toThrow(RangeError);
    counter.close();
    expect(() => counter.addCount()).toThrow(ClosedError);
  });

  test("what is released is another one's, who may hand it back", () => {
    const [reader, writer] = OwnedFd.pipe();
    const fd = reader.release();
    expect(reader.isClosed).toBe(true);
    expect(() => reader.read(new Uint8Array(1))).toThrow(ClosedError);
    const again = OwnedFd.adopt(fd);
    writer.write(bytes("x"));
    expect(again.read(new Uint8Array(1))).toBe(1);
    again.close();
    writer.close();
    expect(() => OwnedFd.adopt(999_999)).toThrow(expect.objectContaining({ code: "EBADF" }));
  });
});

describe.runIf("native" in loaded)("thread waker", () => {
  test("a worker wakes a task of this thread, and what comes before the wait is not lost", async () => {
    const runtime = new Runtime();
    const waker = ThreadWaker.create();
    const woken = runtime.spawn(
      co(function* () {
        let times = 0;
        while (times < 3) times += yield* waker.woken();
        return times;
      })(),
    );
    const worker = new Worker(
      `const native = require(require("node:worker_threads").workerData.binary);
       for (let i = 0; i < 3; i++) native.signal(require("node:worker_threads").workerData.id);`,
      { eval: true, workerData: { id: waker.id, binary: binary() } },
    );
    expect(await woken).toBe(3);
    await worker.terminate();
    waker.close();
    expect(ThreadWaker.wake(waker.id)).toBe(false);
    await expect(runtime.spawn(waker.woken())).rejects.toThrow(ClosedError);
  });
});

function binary(): string {
  return new URL(`../../../native/bin/linux-${process.arch}.node`, import.meta.url).pathname;
}
