import { type ChildProcess, spawn as spawnProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { catchError } from "../../src/combine/catch-error.ts";
import { co } from "../../src/core/coroutine.ts";
import { ClosedError, TimeoutError } from "../../src/core/errors.ts";
import type { Future } from "../../src/core/future.ts";
import { Pending } from "../../src/core/poll.ts";
import { TcpListener } from "../../src/net/tcp-listener.ts";
import { TcpStream } from "../../src/net/tcp-stream.ts";
import { loadNative } from "../../src/reactor/epoll/native.ts";
import { Readiness } from "../../src/reactor/readiness.ts";
import { Runtime, type RuntimeOptions } from "../../src/runtime/runtime.ts";
import type { JoinHandle } from "../../src/task/join-handle.ts";
import { yieldNow } from "../../src/task/yield-now.ts";
import { advance } from "../../src/time/clock.ts";
import { timeout } from "../../src/time/timeout.ts";
import { bundleSources } from "../support/bundle.ts";
import { TestContext } from "../support/context.ts";
import { collect, nodeClient, nodeServer, socketHandles, turn, until } from "../support/net.ts";
import { nothingLeft, openSources } from "../support/open-sources.ts";
import { workspace } from "../support/packed.ts";

// Real sockets, and what goes wrong with them: the error that a user gets, and that nothing is left open.

const host = "127.0.0.1";

let runtime: Runtime;
let peers: Socket[] = [];
let children: ChildProcess[] = [];
const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
const bytes = (text: string): Uint8Array => Buffer.from(text);

afterEach(async () => {
  for (const socket of peers) socket.destroy();
  for (const child of children) child.kill("SIGKILL");
  peers = [];
  children = [];
  await nothingLeft(runtime);
  await until(() => socketHandles().length === 0);
});

/** A stream of ours, and the socket of Node at its other end. */
async function pair(): Promise<{ stream: TcpStream; socket: Socket }> {
  const listener = await go(TcpListener.bind({ host, port: 0 }));
  const socket = await nodeClient(listener.localAddress.port, true);
  peers.push(socket);
  const stream = await go(listener.accept());
  listener.close();
  return { stream, socket };
}

const failed = co(function* (operation: Future<unknown>) {
  try {
    yield* operation;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
});

const readAll = co(function* (stream: TcpStream) {
  const chunks: Buffer[] = [];
  const buf = new Uint8Array(50_000);
  for (let n: number; (n = yield* stream.read(buf)) > 0; ) chunks.push(Buffer.from(buf.subarray(0, n)));
  return Buffer.concat(chunks);
});

const writeForEver = co(function* (stream: TcpStream) {
  for (const piece = new Uint8Array(50_000); ; yield* yieldNow()) yield* stream.writeAll(piece);
});

/** Writes until the system has taken nothing for many turns. */
async function writeUntilStuck(stream: TcpStream): Promise<{ writer: JoinHandle<void> }> {
  const writer = go(writeForEver(stream));
  for (let before = -1, same = 0; same < 50; before = stream.bytesWritten) {
    await turn();
    same = stream.bytesWritten === before ? same + 1 : 0;
  }
  // In an object: a handle that an async function returns is awaited.
  return { writer };
}

/** A program that listens, says its port, and does `onSocket` with each connection. */
async function peerProcess(onSocket: string): Promise<{ child: ChildProcess; port: number }> {
  const program = `const server = require("node:net").createServer({ allowHalfOpen: true }, (socket) => { ${onSocket} });
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));`;
  const child = spawnProcess(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  if (child.stdout === null) throw new Error("no output");
  const [line] = await once(child.stdout, "data");
  return { child, port: Number(String(line)) };
}

const descriptors = (): number => readdirSync("/proc/self/fd").length;

const reactors: [name: string, options: RuntimeOptions][] = [["node", { reactor: "node" }]];
if ("native" in loadNative()) reactors.unshift(["epoll", { reactor: "epoll" }]);

describe.each(reactors)("faults on the %s reactor", (name, options) => {
  beforeEach(() => {
    runtime = new Runtime(options);
  });

  describe("a reset", () => {
    test("in the middle of a read: ECONNRESET, and ClosedError with it as the cause from then on", async () => {
      const { stream, socket } = await pair();
      const read = go(failed(stream.read(new Uint8Array(10))));
      await turn();
      socket.resetAndDestroy();
      const error = await read;
      expect(error).toMatchObject({ code: "ECONNRESET", errno: -104, syscall: "read" });
      for (const operation of [stream.read(new Uint8Array(1)), stream.write(bytes("x")), stream.shutdown()]) {
        const later = await go(failed(operation));
        expect(later).toBeInstanceOf(ClosedError);
        expect(later.cause).toBe(error);
      }
      stream.close();
    });

    test("in the middle of a write: ECONNRESET or EPIPE", async () => {
      const { stream, socket } = await pair();
      const { writer } = await writeUntilStuck(stream);
      socket.resetAndDestroy();
      await expect(writer).rejects.toMatchObject({
        code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/),
        errno: expect.any(Number),
        syscall: expect.stringMatching(/^(read|write)$/),
      });
      stream.close();
    });

    test("after a shutdown that has bytes to send: ECONNRESET or EPIPE, for it or for the next read", async () => {
      const { stream, socket } = await pair();
      const { writer } = await writeUntilStuck(stream);
      writer.abort();
      await writer.then(null, () => {});
      const both = co(function* () {
        yield* stream.shutdown(); // With epoll the system has all the bytes, and nothing is left to wait for.
        yield* readAll(stream);
      });
      const error = go(failed(both()));
      await turn();
      expect(runtime.handle.outstanding).toBe(1);
      socket.resetAndDestroy();
      expect(await error).toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) });
      stream.close();
    });

    test.runIf(name === "node")(
      "of our own, while the write side is being ended: nothing is left open",
      async () => {
        const { stream, socket } = await pair();
        const ended = collect(socket);
        const cx = new TestContext(runtime.handle);
        const shutdown = stream.shutdown();
        expect(shutdown.poll(cx)).toBe(Pending);
        stream.reset();
        expect(cx.wakes).toBe(1);
        expect(() => shutdown.poll(cx)).toThrow(ClosedError);
        await ended;
        await until(() => openSources(runtime) === 0);
      },
    );

    test("after the peer has said something: who writes first still reads it", async () => {
      // The classic: a server answers, closes without reading the rest of the request, and so the system resets.
      const { stream, socket } = await pair();
      await go(stream.writeAll(bytes("a request")));
      socket.write("413 too large");
      await until(() => (stream.readiness & Readiness.Readable) !== 0);
      socket.resetAndDestroy();
      const error = await go(failed(writeForEver(stream)));
      expect(error).toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) });
      const buf = new Uint8Array(100);
      const size = await go(stream.read(buf));
      expect(Buffer.from(buf.subarray(0, size)).toString()).toBe("413 too large");
      const last = await go(failed(stream.read(buf)));
      expect(last).toBeInstanceOf(ClosedError);
      expect(last.cause).toBe(error);
      stream.close();
    });
  });

  describe("a peer that is half gone", () => {
    test("a half-closed one still gets everything; when it is gone, writing fails", async () => {
      const { stream, socket } = await pair();
      socket.end("the request");
      expect((await go(readAll(stream))).toString()).toBe("the request");
      const answer = new Promise<string>((resolve) =>
        socket.once("data", (chunk) => resolve(chunk.toString())),
      );
      await go(stream.writeAll(bytes("the answer")));
      expect(await answer).toBe("the answer");
      socket.destroy();
      expect(await go(failed(writeForEver(stream)))).toMatchObject({
        code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/),
        syscall: "write",
      });
      // The end that was read stays the end.
      expect(await go(stream.read(new Uint8Array(1)))).toBe(0);
      stream.close();
    });

    test("one that reads slowly stops the writer, and gets everything", async () => {
      const { stream, socket } = await pair();
      const total = 20_000_000;
      const write = co(function* () {
        yield* stream.writeAll(new Uint8Array(total));
        yield* stream.shutdown();
      });
      const writer = go(write());
      let received = 0;
      while (received < total) {
        const chunk: Buffer | null = socket.read();
        received += chunk?.length ?? 0;
        await turn();
      }
      await writer;
      expect(received).toBe(total);
      stream.close();
    });

    test("one that writes byte by byte is read byte by byte", async () => {
      const { stream, socket } = await pair();
      const reader = go(readAll(stream));
      for (const byte of "hello world") {
        await new Promise((resolve) => socket.write(byte, resolve));
        await turn();
      }
      socket.end();
      expect((await reader).toString()).toBe("hello world");
      stream.close();
    });
  });

  describe("the peer's process is killed", () => {
    test("while we read: what it had sent, and then the end", async () => {
      const { child, port } = await peerProcess(`socket.write("half a mess");`);
      const stream = await go(TcpStream.connect({ host, port }));
      const reader = go(readAll(stream));
      await until(() => stream.bytesRead === 11);
      child.kill("SIGKILL");
      expect((await reader).toString()).toBe("half a mess");
      stream.close();
    });

    test("while it owes us reading: ECONNRESET or EPIPE for the write and the read", async () => {
      const { child, port } = await peerProcess("socket.pause();");
      const stream = await go(TcpStream.connect({ host, port }));
      const { writer } = await writeUntilStuck(stream);
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await expect(writer).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) });
      expect(await go(failed(stream.read(new Uint8Array(1))))).toBeInstanceOf(ClosedError);
      stream.close();
      await exit;
      await expect(go(TcpStream.connect({ host, port }))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    });
  });

  describe("connecting", () => {
    test("a time-out destroys the socket, and the peer sees it gone", async () => {
      const server = await nodeServer((socket) => socket.resume());
      runtime = new Runtime({ ...options, clock: "paused" });
      const main = co(function* () {
        const connects = timeout(1000, TcpStream.connect({ host, port: server.port }));
        const handle = runtime.spawn(failed(connects));
        yield* yieldNow();
        yield* advance(1000); // Before Node's loop has turned: nothing can have connected.
        return yield* handle;
      });
      expect(await runtime.run(main())).toBeInstanceOf(TimeoutError);
      expect(openSources(runtime)).toBe(0);
      await until(() => server.sockets.every((socket) => socket.destroyed));
      await server.close();
    });

    test("our own end is taken: EADDRINUSE", async () => {
      const server = await nodeServer((socket) => socket.resume());
      const connects = TcpStream.connect({
        host,
        port: server.port,
        localAddress: host,
        localPort: server.port,
      });
      expect(await go(failed(connects))).toMatchObject({ code: "EADDRINUSE", errno: -98, syscall: "bind" });
      await server.close();
    });

    test("each address of a name is tried, and none for a family that it has not", async () => {
      // Listens on IPv4 alone, while localhost may have an address of IPv6 too.
      const server = await nodeServer((socket) => socket.resume());
      for (const options of [{}, { family: "IPv4" }, { attemptTimeout: 20 }] as const) {
        const stream = await go(TcpStream.connect({ host: "localhost", port: server.port, ...options }));
        expect(stream.peerAddress).toEqual({ host, port: server.port, family: "IPv4" });
        stream.close();
      }
      const error = await go(
        failed(TcpStream.connect({ host: "localhost", port: server.port, family: "IPv6" })),
      );
      expect(error).toMatchObject({
        code: expect.stringMatching(/^(ECONNREFUSED|ENOTFOUND|EADDRNOTAVAIL)$/),
      });
      await server.close();
    });
  });

  describe.runIf(name === "node")("more connections than are accepted", () => {
    test("those beyond the limit are reset and counted; the others are served", async () => {
      const listener = await go(TcpListener.bind({ host, port: 0, maxUnaccepted: 3 }));
      const reset: Socket[] = [];
      for (let i = 0; i < 5; i++) {
        const socket = connect({ host, port: listener.localAddress.port });
        peers.push(socket);
        socket.on("error", (error: NodeJS.ErrnoException) => {
          if (error.code === "ECONNRESET") reset.push(socket);
        });
        socket.resume();
        await until(() => openSources(runtime) + listener.dropped === i + 2);
      }
      await until(() => reset.length === 2);
      expect(listener.dropped).toBe(2);
      for (const socket of peers.slice(0, 3)) {
        const stream = await go(listener.accept());
        expect(stream.peerAddress.port).toBe(socket.localPort);
        stream.close();
      }
      const socket = await nodeClient(listener.localAddress.port);
      peers.push(socket);
      (await go(listener.accept())).close();
      listener.close();
    });
  });

  describe.runIf(existsSync("/proc/self/fd"))("descriptors", () => {
    let directory: string;
    let bundle: string;

    beforeAll(async () => {
      directory = mkdtempSync(joinPath(tmpdir(), "pollux-net-"));
      // Where the sources look for the native layer.
      symlinkSync(joinPath(workspace, "packages/pollux/native"), joinPath(directory, "native"));
      const folder = joinPath(directory, "packages/pollux/src");
      mkdirSync(folder, { recursive: true });
      bundle = await bundleSources(folder);
    });

    afterAll(() => rmSync(directory, { recursive: true }));

    test("5,000 connections, opened and dropped in all ways, leave none", { timeout: 60_000 }, async () => {
      const before = descriptors();
      const listener = await go(TcpListener.bind({ host, port: 0, backlog: 4096 }));
      const serve = co(function* () {
        for (let i = 0; i < 5000; i++) {
          const stream = yield* listener.accept();
          // Some are written to, some are reset, some are closed unread.
          if (i % 3 === 0) yield* catchError(stream.write(bytes("hi")), () => 0);
          if (i % 5 === 0) stream.reset();
          else stream.close();
        }
      });
      const visit = co(function* (i: number) {
        // Resets are a part of it, and may come before the connection is known of.
        const stream = yield* catchError(TcpStream.connect(listener.localAddress), () => null);
        if (stream === null) return;
        try {
          if (i % 2 === 0) yield* stream.write(bytes("hello"));
          if (i % 4 < 2) yield* stream.read(new Uint8Array(10));
        } catch {}
        if (i % 7 === 0) stream.reset();
        else stream.close();
      });
      const server = go(serve());
      for (let i = 0; i < 5000; i += 100) {
        await Promise.all(Array.from({ length: 100 }, (_, n) => go(visit(i + n))));
      }
      await server;
      listener.close();
      await until(() => openSources(runtime) === 0);
      await until(() => descriptors() <= before);
    });

    /** Runs a program over our sources under a limit of 100 descriptors. */
    function limited(program: string): { child: ChildProcess; line(): Promise<unknown> } {
      const file = joinPath(directory, `program-${children.length}-${Math.floor(performance.now())}.mjs`);
      writeFileSync(
        file,
        `import { co, run, spawn, sleep, yieldNow, TcpListener, TcpStream } from ${JSON.stringify(bundle)};
      import { readdirSync } from "node:fs";
      const say = (value) => console.log(JSON.stringify(value));
      const descriptors = () => readdirSync("/proc/self/fd").length;
      const echo = co(function* (stream) {
        const buf = new Uint8Array(1000);
        try {
          for (let n; (n = yield* stream.read(buf)) > 0; ) yield* stream.writeAll(buf.subarray(0, n));
        } catch {} finally {
          stream.close();
        }
      });
      const serve = co(function* (listener, onError = () => {}) {
        for (;;) {
          try {
            spawn(echo(yield* listener.accept()));
          } catch (error) {
            if (listener.isClosed) return;
            onError(error);
            yield* sleep(1); // No descriptor is left: some will be.
          }
        }
      });
      ${program}`,
      );
      const child = spawnProcess("sh", ["-c", 'ulimit -n 100 && exec "$0" "$1"', process.execPath, file], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      children.push(child);
      if (child.stdout === null) throw new Error("no output");
      let text = "";
      const lines: string[] = [];
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        for (let at: number; (at = text.indexOf("\n")) >= 0; text = text.slice(at + 1))
          lines.push(text.slice(0, at));
      });
      return {
        child,
        line: async () => {
          await until(() => lines.length > 0);
          return JSON.parse(lines.shift() ?? "");
        },
      };
    }

    test("at the limit a connect fails with EMFILE; once some are closed, all goes on", async () => {
      const { child, line } = limited(`
      const main = co(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const server = spawn(serve(listener));
        const before = descriptors();
        const held = [];
        let failure;
        while (failure === undefined) {
          try {
            held.push(yield* TcpStream.connect(listener.localAddress));
          } catch ({ code, errno, syscall, address, port }) {
            failure = { code, errno, syscall, address, port: port === listener.localAddress.port };
          }
        }
        say(failure);
        for (const stream of held) stream.close();
        while (descriptorsOrNothing() > before) yield* sleep(1);
        const stream = yield* TcpStream.connect(listener.localAddress);
        yield* stream.writeAll(new TextEncoder().encode("hello"));
        const buf = new Uint8Array(10);
        say(yield* stream.read(buf));
        stream.close();
        listener.close();
        yield* server;
      });
      const descriptorsOrNothing = () => { try { return descriptors(); } catch { return Infinity; } };
      await run(main(), { reactor: ${JSON.stringify(name)} });
      say("end");`);
      expect(await line()).toEqual({
        code: "EMFILE",
        errno: -24,
        syscall: "connect",
        address: host,
        port: true,
      });
      expect(await line()).toBe(5);
      expect(await line()).toBe("end");
      if (child.exitCode === null) await once(child, "exit");
      expect(child.exitCode).toBe(0);
    });

    test("a listener at the limit goes on when descriptors are free again", async () => {
      const { child, line } = limited(`
      const main = co(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        say(listener.localAddress.port);
        let told;
        yield* serve(listener, ({ code }) => told ?? say((told = code)));
      });
      await run(main(), { reactor: ${JSON.stringify(name)} });`);
      const port = Number(await line());
      const ends: Promise<unknown>[] = [];
      for (let i = 0; i < 150; i++) {
        const socket = connect({ host, port });
        peers.push(socket);
        socket.on("error", () => {});
        ends.push(once(socket, "close").catch(() => {}));
        socket.resume();
        await Promise.race([once(socket, "connect"), once(socket, "close")]).catch(() => {});
      }
      // It cannot keep all of them. With epoll the accept says so, and they stay with the system; Node drops some in silence.
      if (name === "epoll") expect(await line()).toBe("EMFILE");
      else await Promise.race(ends);
      for (const socket of peers) socket.destroy();
      await Promise.all(ends);
      // It may take the server a moment to notice that they are gone.
      for (let answer = ""; answer !== "hello"; ) {
        const socket = await nodeClient(port);
        peers.push(socket);
        socket.end("hello");
        answer = (await Promise.race([collect(socket), once(socket, "close")]).catch(() => "")).toString();
      }
      child.kill("SIGKILL");
    });
  });
});
