import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import {
  AF_INET,
  AF_UNIX,
  EAGAIN,
  EINPROGRESS,
  EPOLL_CTL_ADD,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  SHUT_WR,
  SOCK_STREAM,
} from "./constants.ts";
import { loadNative, type Native } from "./native.ts";
import { ADDRESS_BYTES, decodeAddress, encodeAddress } from "./socket-address.ts";

const loaded = loadNative();
const native = "native" in loaded ? loaded.native : (null as never); // The tests below do not run without it.

const ENOENT = 2;
const EBADF = 9;
const EFAULT = 14;
const EBUSY = 16;
const EINVAL = 22;
const EPERM = 1;
const ESPIPE = 29;

const text = (bytes: Uint8Array, size: number): string => new TextDecoder().decode(bytes.subarray(0, size));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The descriptors that this process has open. */
function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

function pipe(): [reader: number, writer: number] {
  const fds = new Uint8Array(8);
  expect(native.pipe(fds)).toBe(0);
  const [reader = -1, writer = -1] = new Int32Array(fds.buffer);
  return [reader, writer];
}

/** Two ends of a connection on loopback. */
function connection(): [number, number] {
  const address = new Uint8Array(ADDRESS_BYTES);
  encodeAddress("127.0.0.1", 0, address);
  const listener = native.socket(AF_INET, SOCK_STREAM, 0);
  expect(native.bind(listener, address)).toBe(0);
  expect(native.listen(listener, 5)).toBe(0);
  expect(native.name(listener, 0, address)).toBe(0);
  const ours = native.socket(AF_INET, SOCK_STREAM, 0);
  expect([0, -EINPROGRESS]).toContain(native.connect(ours, address));
  const peer = new Uint8Array(ADDRESS_BYTES);
  const theirs = native.accept(listener, peer);
  expect(theirs).toBeGreaterThan(0);
  expect(native.name(ours, 0, address)).toBe(0);
  expect(decodeAddress(peer)).toEqual(decodeAddress(address));
  native.close(listener);
  return [ours, theirs];
}

test("native: it is loaded wherever it has been built, and otherwise it is said why not", () => {
  if ("native" in loaded) expect(loaded.native.epollCreate).toBeTypeOf("function");
  else expect(loaded.reason).toMatch(/\w/);
});

describe.runIf("native" in loaded)("native", () => {
  test("bytes go through a pipe", () => {
    const [reader, writer] = pipe();
    const buf = new Uint8Array(16);
    expect(native.read(reader, buf, 0, 16)).toBe(-EAGAIN);
    expect(native.write(writer, bytes("xhello"), 1, 5)).toBe(5);
    expect(native.read(reader, buf, 2, 14)).toBe(5);
    expect(text(buf, 7)).toBe("\0\0hello");
    native.close(writer);
    expect(native.read(reader, buf, 0, 16)).toBe(0);
    native.close(reader);
  });

  test("several buffers go at once", () => {
    const [reader, writer] = pipe();
    expect(native.writeVectored(writer, [bytes("ab"), new Uint8Array(0), bytes("cde")])).toBe(5);
    const [first, second] = [new Uint8Array(3), new Uint8Array(3)];
    expect(native.readVectored(reader, [first, second])).toBe(5);
    expect(text(first, 3) + text(second, 2)).toBe("abcde");
    native.close(reader);
    native.close(writer);
  });

  test("bytes go through a connection; the end is told; a datagram's sender is, too", () => {
    const [ours, theirs] = connection();
    const buf = new Uint8Array(16);
    expect(native.send(ours, bytes("hello"), 0, 5, 0)).toBe(5);
    expect(native.receive(theirs, buf, 0, 16, 0)).toBe(5);
    expect(text(buf, 5)).toBe("hello");
    expect(native.shutdown(ours, SHUT_WR)).toBe(0);
    expect(native.receive(theirs, buf, 0, 16, 0)).toBe(0);
    native.close(ours);
    native.close(theirs);

    const SOCK_DGRAM = 2;
    const [a, b] = [native.socket(AF_INET, SOCK_DGRAM, 0), native.socket(AF_INET, SOCK_DGRAM, 0)];
    const [at, from] = [new Uint8Array(ADDRESS_BYTES), new Uint8Array(ADDRESS_BYTES)];
    encodeAddress("127.0.0.1", 0, at);
    native.bind(a, at);
    native.name(a, 0, at);
    expect(native.sendTo(b, bytes("ping"), 0, 4, 0, at)).toBe(4);
    expect(native.receiveFrom(a, buf, 0, 16, 0, from)).toBe(4);
    native.name(b, 0, at);
    expect(decodeAddress(from)?.port).toBe(decodeAddress(at)?.port);
    native.close(a);
    native.close(b);
  });

  test("epoll tells of readiness with the slot and the generation, once when edge-triggered", () => {
    const epoll = native.epollCreate();
    const [reader, writer] = pipe();
    const events = new Uint8Array(12 * 4);
    const words = new Uint32Array(events.buffer);
    expect(native.epollControl(epoll, EPOLL_CTL_ADD, reader, EPOLLIN | EPOLLET, 7, 0xffffffff)).toBe(0);
    expect(native.epollWait(epoll, events, 0)).toBe(0);
    native.write(writer, bytes("x"), 0, 1);
    expect(native.epollWait(epoll, events, 0)).toBe(1);
    expect([...words.subarray(0, 3)]).toEqual([EPOLLIN, 7, 0xffffffff]);
    expect(native.epollWait(epoll, events, 0)).toBe(0);
    expect(native.epollControl(epoll, EPOLL_CTL_ADD, writer, EPOLLOUT, 1, 2)).toBe(0);
    for (let i = 0; i < 2; i++) expect(native.epollWait(epoll, events, 0)).toBe(1); // Level-triggered: again.
    for (const fd of [epoll, reader, writer]) native.close(fd);
  });

  test("a timer and a counter can be waited for", () => {
    const epoll = native.epollCreate();
    const events = new Uint8Array(12 * 4);
    const timer = native.timerFd(1, 0);
    native.epollControl(epoll, EPOLL_CTL_ADD, timer, EPOLLIN, 0, 0);
    expect(native.epollWait(epoll, events, 10_000)).toBe(1);
    const counter = native.eventFd();
    const one = new Uint8Array(new BigUint64Array([1n]).buffer);
    for (let i = 0; i < 3; i++) expect(native.write(counter, one, 0, 8)).toBe(8);
    const count = new Uint8Array(8);
    expect(native.read(counter, count, 0, 8)).toBe(8);
    expect(new BigUint64Array(count.buffer)[0]).toBe(3n);
    for (const fd of [epoll, timer, counter]) native.close(fd);
  });

  test("two sockets are made as a pair", () => {
    const fds = new Uint8Array(8);
    expect(native.socketPair(AF_UNIX, SOCK_STREAM, fds)).toBe(0);
    const [a = -1, b = -1] = new Int32Array(fds.buffer);
    const buf = new Uint8Array(4);
    expect(native.send(a, bytes("ping"), 0, 4, 0)).toBe(4);
    expect(native.receive(b, buf, 0, 4, 0)).toBe(4);
    expect(native.socketPair(AF_UNIX, SOCK_STREAM, new Uint8Array(7))).toBe(-EFAULT);
    for (const fd of [a, b]) expect(native.close(fd)).toBe(0);
  });

  test("a counter is added to by its number from any thread, until it is closed", async () => {
    const counter = native.eventFd();
    const id = native.share(counter);
    expect(id).toBeGreaterThan(0);
    expect(native.share(counter)).toBe(id);
    const source = `
      const native = require(${JSON.stringify(binary)});
      const { parentPort, workerData } = require("node:worker_threads");
      const results = [native.signal(workerData), native.signal(workerData), native.share(3)];
      parentPort.postMessage(results);
    `;
    const worker = new Worker(source, { eval: true, workerData: id });
    expect(await new Promise((resolve) => worker.once("message", resolve))).toEqual([0, 0, -EBADF]);
    await worker.terminate();
    const count = new Uint8Array(8);
    expect(native.read(counter, count, 0, 8)).toBe(8);
    expect(new BigUint64Array(count.buffer)[0]).toBe(2n);
    native.close(counter);
    expect(native.signal(id)).toBe(-ENOENT);
    const next = native.eventFd();
    expect(native.share(next)).not.toBe(id);
    native.close(next);
    const [reader, writer] = pipe();
    expect(native.share(writer)).toBe(-EINVAL);
    for (const fd of [reader, writer]) native.close(fd);
  });

  test("a getter that takes away the bytes of another element, or closes the descriptor, does no harm", () => {
    const [reader, writer] = pipe();
    const victim = new Uint8Array(1 << 20);
    const hostile: Uint8Array[] = [victim, new Uint8Array(8)];
    Object.defineProperty(hostile, 1, {
      get() {
        if (victim.length > 0) structuredClone(victim.buffer, { transfer: [victim.buffer] });
        return new Uint8Array(8);
      },
    });
    expect(native.writeVectored(writer, hostile)).toBe(8);
    const closing: Uint8Array[] = [];
    Object.defineProperty(closing, 0, {
      get() {
        native.close(writer);
        return new Uint8Array(8);
      },
    });
    expect(native.writeVectored(writer, closing)).toBe(-EBADF);
    native.close(reader);
  });

  test("a descriptor that is not its own is not touched", () => {
    const buf = new Uint8Array(8);
    expect(native.close(1)).toBe(-EBADF);
    expect(native.read(0, buf, 0, 8)).toBe(-EBADF);
    expect(native.write(2, buf, 0, 8)).toBe(-EBADF);
    expect(native.close(-1)).toBe(-EBADF);
    expect(native.close(0x7fffffff)).toBe(-EBADF);
    const [reader, writer] = pipe();
    expect(native.close(reader)).toBe(0);
    expect(native.close(reader)).toBe(-EBADF);
    expect(native.release(writer)).toBe(writer);
    expect(native.close(writer)).toBe(-EBADF);
    expect(native.adopt(writer)).toBe(writer);
    expect(native.close(writer)).toBe(0);
  });

  test("what Node's loop is made of cannot be taken over", () => {
    const epoll = native.epollCreate();
    expect(native.release(epoll)).toBe(epoll);
    expect(native.adopt(epoll)).toBe(-EPERM);
    expect([-EBADF, -ESPIPE]).toContain(native.adopt(12_345));
  });

  test("a range outside of the bytes is refused", () => {
    const [reader, writer] = pipe();
    const buf = new Uint8Array(8);
    for (const [offset, length] of [
      [0, 9],
      [8, 1],
      [9, 0],
      [-1, 4],
      [4, -1],
      [0x7fffffff, 0x7fffffff],
    ] as const) {
      expect(native.write(writer, buf, offset, length)).toBe(-EFAULT);
      expect(native.read(reader, buf, offset, length)).toBe(-EFAULT);
    }
    native.close(reader);
    native.close(writer);
  });

  test("a wrong argument is refused, and nothing is thrown", () => {
    const wrong = native as unknown as Record<keyof Native, (...args: unknown[]) => number>;
    expect(wrong.close()).toBe(-EINVAL);
    expect(wrong.close("3")).toBe(-EINVAL);
    expect(wrong.close(3.5)).toBe(-EINVAL);
    expect(wrong.close(2 ** 40)).toBe(-EINVAL);
    expect(wrong.close(Number.NaN)).toBe(-EINVAL);
    expect(wrong.pipe(new Uint16Array(8))).toBe(-EINVAL);
    const [reader, writer] = pipe();
    expect(wrong.write(writer, new ArrayBuffer(8), 0, 8)).toBe(-EINVAL);
    expect(wrong.write(writer, null, 0, 8)).toBe(-EINVAL);
    const detached = new Uint8Array(8);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    expect(wrong.write(writer, detached, 0, 8)).toBe(-EFAULT);
    expect(wrong.writeVectored(writer, "no array")).toBe(-EINVAL);
    const hostile: unknown[] = [new Uint8Array(8)];
    Object.defineProperty(hostile, 0, {
      get() {
        throw new Error("from a getter");
      },
    });
    expect(wrong.writeVectored(writer, hostile)).toBe(-EINVAL);
    expect(wrong.watch(reader)).toBe(-EINVAL);
    native.close(reader);
    native.close(writer);
  });

  /** Ends before its parent would lose patience; runs what is written as a program of its own. */
  const program = (source: string): ReturnType<typeof spawnSync> =>
    spawnSync(
      process.execPath,
      ["--input-type=module", "-e", `import { createRequire } from "node:module";${source}`],
      { encoding: "utf8", timeout: 60_000 },
    );
  const binary = fileURLToPath(new URL(`../../../native/bin/linux-${process.arch}.node`, import.meta.url));
  const load = `const native = createRequire("/")(${JSON.stringify(binary)});`;

  test("a watched epoll descriptor has Node's loop call back, and stays", () => {
    const { stdout, status } = program(`${load}
      const epoll = native.epollCreate(), timer = native.timerFd(1, 0), events = new Uint8Array(12);
      native.epollControl(epoll, 1, timer, 1, 0, 0);
      native.watch(epoll, () => {
        native.epollWait(epoll, events, 0);
        native.close(timer);
        native.keepAlive(0);
        console.log(native.close(epoll), native.watch(epoll, () => {}));
      });
    `);
    expect(stdout).toBe(`${-EBUSY} ${-EBUSY}\n`);
    expect(status).toBe(0);
  });

  test("an error in the callback is an uncaught one", () => {
    const { stderr, status } = program(`${load}
      const epoll = native.epollCreate(), timer = native.timerFd(1, 0);
      native.epollControl(epoll, 1, timer, 1, 0, 0);
      native.watch(epoll, () => { throw new Error("from the callback"); });
    `);
    expect(stderr).toContain("from the callback");
    expect(status).toBe(1);
  });

  test("a worker that is ended at any moment leaves no descriptor", async () => {
    const before = descriptors();
    const source = `
      const native = require(${JSON.stringify(binary)});
      const epoll = native.epollCreate(), timer = native.timerFd(1, 1), events = new Uint8Array(12), buf = new Uint8Array(8);
      native.epollControl(epoll, 1, timer, 1, 0, 0);
      native.watch(epoll, () => { native.epollWait(epoll, events, 0); native.read(timer, buf, 0, 8); });
      for (let i = 0; i < 50; i++) native.eventFd();
      require("node:worker_threads").parentPort.postMessage("up");
    `;
    for (let i = 0; i < 10; i++) {
      const worker = new Worker(source, { eval: true });
      if (i % 2 === 0) await new Promise((resolve) => worker.once("message", resolve));
      await worker.terminate();
    }
    expect(descriptors()).toBe(before);
  });

  test("calls at random, with arguments at random, never crash the process", () => {
    const { stdout, stderr, status } = program(`${load}
      let state = 12345;
      const random = (n) => (state = (state * 1103515245 + 12345) & 0x7fffffff) % n;
      const fds = [];
      const values = [
        () => random(40) - 2, () => fds[random(fds.length)] ?? 3, () => random(0x7fffffff), () => -random(0x7fffffff), () => 0, () => 1,
        () => new Uint8Array(random(300)), () => new Uint8Array(132), () => new Uint8Array(4), () => [new Uint8Array(3), new Uint8Array(0)],
        () => undefined, () => null, () => "x", () => 1.5, () => NaN, () => ({}), () => [1], () => new Float64Array(4), () => new Uint8Array(new SharedArrayBuffer(64)),
        () => 2 ** 33, () => () => {}, () => Symbol("s"), () => 10n,
      ];
      const names = Object.keys(native).filter((name) => name !== "adopt");
      let calls = 0;
      for (let i = 0; i < 200_000; i++) {
        const name = names[random(names.length)];
        const args = Array.from({ length: random(8) }, () => values[random(values.length)]());
        // It may wait for as long as it is told to, and read what is not ours to its end.
        if (name === "epollWait") args[2] = 0;
        if (name === "sendFile") args[1] = -1;
        const result = native[name](...args);
        if (typeof result !== "number") throw new Error(name + " gave " + String(result));
        if (result > 2 && /^(socket|eventFd|timerFd|epollCreate|accept)$/.test(name)) fds.push(result);
        calls++;
      }
      console.log(calls);
      process.exit(0);
    `);
    expect(stderr).toBe("");
    expect(stdout).toBe("200000\n");
    expect(status).toBe(0);
  });
});
