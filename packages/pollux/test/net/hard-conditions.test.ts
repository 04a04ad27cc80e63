import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { join } from "../../src/combine/join.ts";
import { co } from "../../src/core/coroutine.ts";
import type { Future } from "../../src/core/future.ts";
import { File } from "../../src/fs/file.ts";
import { TcpListener } from "../../src/net/tcp-listener.ts";
import { TcpStream } from "../../src/net/tcp-stream.ts";
import { Runtime } from "../../src/runtime/runtime.ts";
import type { JoinHandle } from "../../src/task/join-handle.ts";
import { nodeClient, socketHandles, turn, until } from "../support/net.ts";
import { nothingLeft } from "../support/open-sources.ts";
import { reactors } from "../support/reactors.ts";

// Connections that are reset in the middle of what is more than a read or a write, and transfers under hard conditions.

const host = "127.0.0.1";

let runtime: Runtime;
let peers: Socket[] = [];
let directory: string;
const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);

beforeAll(() => {
  directory = mkdtempSync(joinPath(tmpdir(), "pollux-hard-"));
});

afterAll(() => rmSync(directory, { recursive: true }));

afterEach(async () => {
  for (const socket of peers) socket.destroy();
  peers = [];
  await nothingLeft(runtime);
  await until(() => socketHandles().length === 0);
});

/** A stream of ours, and the socket of Node at its other end, which reads nothing by itself. */
async function pair(): Promise<{ stream: TcpStream; socket: Socket }> {
  const listener = await go(TcpListener.bind({ host, port: 0 }));
  const socket = await nodeClient(listener.localAddress.port, true);
  peers.push(socket);
  const stream = await go(listener.accept());
  listener.close();
  return { stream, socket };
}

const connection = co(function* () {
  const listener = yield* TcpListener.bind({ host, port: 0 });
  const both = yield* join(listener.accept(), TcpStream.connect(listener.localAddress));
  listener.close();
  return both;
});

/** Ends when the system has taken nothing for many turns. */
async function untilStuck(stream: TcpStream): Promise<void> {
  for (let before = -1, same = 0; same < 50; before = stream.bytesWritten) {
    await turn();
    same = stream.bytesWritten === before ? same + 1 : 0;
  }
}

const gone = { code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/), errno: expect.any(Number) };

const sendAll = co(function* (stream: TcpStream, bytes: Uint8Array) {
  yield* stream.writeAll(bytes);
  yield* stream.shutdown();
});

describe.each(reactors)("hard conditions on the %s reactor", (name, options) => {
  beforeEach(() => {
    runtime = new Runtime(options);
  });

  test("a reset in the middle of writeAllVectored: ECONNRESET or EPIPE", async () => {
    const { stream, socket } = await pair();
    const pieces = Array.from({ length: 100 }, () => new Uint8Array(200_000));
    const writer = go(stream.writeAllVectored(pieces));
    await untilStuck(stream);
    socket.resetAndDestroy();
    await expect(writer).rejects.toMatchObject(gone);
    stream.close();
  });

  test("a reset in the middle of readExact: ECONNRESET, and what was read is in the buffer", async () => {
    const { stream, socket } = await pair();
    const buf = new Uint8Array(10);
    const reader = go(stream.readExact(buf));
    socket.write("half");
    await until(() => stream.bytesRead === 4);
    socket.resetAndDestroy();
    await expect(reader).rejects.toMatchObject({ code: "ECONNRESET", syscall: "read" });
    expect(Buffer.from(buf.subarray(0, 4)).toString()).toBe("half");
    stream.close();
  });

  test("a reset in the middle of sendFile: ECONNRESET or EPIPE, and the file can be closed", async () => {
    const path = joinPath(directory, "large");
    writeFileSync(path, new Uint8Array(30_000_000));
    const { stream, socket } = await pair();
    const file = await go(File.open(path));
    const sending = go(stream.sendFile(file));
    await untilStuck(stream);
    socket.resetAndDestroy();
    await expect(sending).rejects.toMatchObject(gone);
    await go(file.finish());
    stream.close();
  });

  test("a peer that reads a byte at a time gets everything, and the writer waits for it", async () => {
    const bytes = new Uint8Array(randomBytes(300));
    const main = co(function* () {
      const [ours, theirs] = yield* connection();
      const buf = new Uint8Array(1);
      const read = co(function* () {
        const all: number[] = [];
        while ((yield* theirs.read(buf)) > 0) all.push(buf[0] ?? 0);
        return Uint8Array.from(all);
      });
      const [, all] = yield* join(sendAll(ours, bytes), read());
      for (const stream of [ours, theirs]) stream.close();
      return all;
    });
    expect(Buffer.compare(await go(main()), bytes)).toBe(0);
  });

  // Node's sockets have no such option.
  test.runIf(name === "epoll")("where the system takes little at a time, all of it arrives", async () => {
    const bytes = new Uint8Array(randomBytes(500_000));
    const main = co(function* () {
      const listener = yield* TcpListener.bind({ host, port: 0 });
      const { localAddress } = listener;
      const small = { ...localAddress, sendBufferSize: 1 };
      const [theirs, ours] = yield* join(listener.accept(), TcpStream.connect(small));
      listener.close();
      const first = yield* ours.write(bytes);
      const [, rest] = yield* join(sendAll(ours, bytes.subarray(first)), theirs.readToEnd());
      for (const stream of [ours, theirs]) stream.close();
      return { first, rest };
    });
    const { first, rest } = await go(main());
    expect(first).toBeLessThan(50_000);
    expect(Buffer.compare(rest, bytes)).toBe(0);
  });

  test("signals that come all the time interrupt nothing: a transfer is whole", async () => {
    let signals = 0;
    const onSignal = (): void => {
      signals++;
    };
    process.on("SIGUSR2", onSignal);
    const bytes = new Uint8Array(randomBytes(4_000_000));
    let isOver = false;
    const storm = (): void => {
      if (isOver) return;
      for (let i = 0; i < 5; i++) process.kill(process.pid, "SIGUSR2");
      setImmediate(storm);
    };
    try {
      const main = co(function* () {
        const [ours, theirs] = yield* connection();
        const [, all] = yield* join(sendAll(ours, bytes), theirs.readToEnd());
        for (const stream of [ours, theirs]) stream.close();
        return all;
      });
      storm();
      expect(Buffer.compare(await go(main()), bytes)).toBe(0);
      isOver = true;
      await until(() => signals > 0);
    } finally {
      isOver = true;
      process.off("SIGUSR2", onSignal);
    }
  });
});
