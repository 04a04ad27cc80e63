import { execFileSync, spawn as spawnProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { join } from "../../src/combine/join.ts";
import { co } from "../../src/core/coroutine.ts";
import { ClosedError, FutureInUseError, UnsupportedError, WouldBlockError } from "../../src/core/errors.ts";
import type { Future } from "../../src/core/future.ts";
import { End } from "../../src/core/stream-source.ts";
import type { SocketStream } from "../../src/net/socket-stream.ts";
import { TcpListener } from "../../src/net/tcp-listener.ts";
import { TcpStream } from "../../src/net/tcp-stream.ts";
import { UnixDatagram } from "../../src/net/unix-datagram.ts";
import { UnixListener } from "../../src/net/unix-listener.ts";
import { PipeReader, PipeWriter, unixPipe } from "../../src/net/unix-pipe.ts";
import { UnixStream } from "../../src/net/unix-stream.ts";
import { AF_UNIX, SOCK_STREAM } from "../../src/reactor/epoll/constants.ts";
import { loadNative } from "../../src/reactor/epoll/native.ts";
import type { Reactor } from "../../src/reactor/reactor.ts";
import type { ByteSource } from "../../src/reactor/source.ts";
import { Runtime, type RuntimeOptions } from "../../src/runtime/runtime.ts";
import type { JoinHandle } from "../../src/task/join-handle.ts";
import { cancelAtEveryPoll } from "../support/cancel-at-every-poll.ts";
import { collect, turn, until } from "../support/net.ts";
import { nothingLeft, openSources } from "../support/open-sources.ts";
import { SimReactor } from "../support/sim-reactor.ts";

// Unix sockets, pipes, files and descriptors: the same program on each reactor that has a system below.

const loaded = loadNative();
const reactors: [name: string, options: RuntimeOptions][] = [["node", { reactor: "node" }]];
if ("native" in loaded) reactors.unshift(["epoll", { reactor: "epoll" }]);

const bytes = (text: string): Uint8Array => Buffer.from(text);
const folder = mkdtempSync(joinPath(tmpdir(), "pollux-"));
let files = 0;
const fresh = (): string => joinPath(folder, `s${files++}`);

afterAll(() => rmSync(folder, { recursive: true }));

const readAll = co(function* (stream: { read(buf: Uint8Array): Future<number> }) {
  const chunks: Buffer[] = [];
  const buf = new Uint8Array(50_000);
  for (let n: number; (n = yield* stream.read(buf)) > 0; ) chunks.push(Buffer.from(buf.subarray(0, n)));
  return Buffer.concat(chunks).toString();
});

const connection = co(function* (path: string) {
  const listener = yield* UnixListener.bind(path);
  const [theirs, ours] = yield* join(listener.accept(), UnixStream.connect(path));
  return { listener, ours, theirs };
});

describe.each(reactors)("on the %s reactor", (name, options) => {
  let runtime: Runtime;
  const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
  const isEpoll = name === "epoll";

  beforeEach(() => {
    runtime = new Runtime(options);
  });

  afterEach(async () => {
    await nothingLeft(runtime);
  });

  describe("unix stream", () => {
    test("bytes go both ways, in any sizes, and their end", async () => {
      const { listener, ours, theirs } = await go(connection(fresh()));
      const sent = Buffer.alloc(700_001, "0123456789");
      const echo = co(function* () {
        const buf = new Uint8Array(10_007);
        for (let n: number; (n = yield* theirs.read(buf)) > 0; ) yield* theirs.writeAll(buf.subarray(0, n));
        yield* theirs.shutdown();
      });
      const send = co(function* () {
        yield* ours.writeAll(sent);
        yield* ours.shutdown();
      });
      const [, , received] = await Promise.all([go(echo()), go(send()), go(readAll(ours))]);
      expect(received).toBe(sent.toString());
      expect([ours.bytesRead, ours.bytesWritten]).toEqual([sent.length, sent.length]);
      for (const each of [listener, ours, theirs]) each.close();
    });

    test("the file is there while it listens, and its path is the address", async () => {
      const path = fresh();
      const { listener, ours, theirs } = await go(connection(path));
      expect(existsSync(path)).toBe(true);
      expect([listener.path, theirs.localAddress, ours.peerAddress]).toEqual([path, path, path]);
      expect([theirs.peerAddress, ours.localAddress]).toEqual([null, null]);
      listener.close();
      listener.close();
      await until(() => !existsSync(path));
      await go(ours.writeAll(bytes("still open")));
      ours.close();
      expect(await go(readAll(theirs))).toBe("still open");
      theirs.close();
    });

    test("a file that is there is not removed: EADDRINUSE", async () => {
      const path = fresh();
      writeFileSync(path, "");
      await expect(go(UnixListener.bind(path))).rejects.toMatchObject({
        code: "EADDRINUSE",
        syscall: "listen",
        address: path,
      });
      expect(existsSync(path)).toBe(true);
    });

    test("nobody there: ENOENT; nobody any more: ECONNREFUSED", async () => {
      const path = fresh();
      await expect(go(UnixStream.connect(path))).rejects.toMatchObject({
        code: "ENOENT",
        syscall: "connect",
        address: path,
      });
      // A file that was left behind by a process that was killed.
      const code = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
      await new Promise((resolve) => spawnProcess(process.execPath, ["-e", code]).once("exit", resolve));
      await expect(go(UnixStream.connect(path))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    });

    test("a path that is too long, empty, or none is refused at the call", () => {
      const long = `/tmp/${"x".repeat(103)}`;
      for (const call of [UnixListener.bind, UnixStream.connect, UnixDatagram.bind] as ((
        path: string,
      ) => unknown)[]) {
        expect(() => call(long)).toThrow(/at most 107 bytes, and this has 108/);
        expect(() => call("")).toThrow(RangeError);
        expect(() => call("a\0b")).toThrow(RangeError);
        expect(() => call(3 as never)).toThrow(TypeError);
      }
      expect(() => UnixListener.bind("x", { backlog: 0 })).toThrow(RangeError);
    });

    test("an abstract name needs no file, and is free at once", async () => {
      const path = `\0pollux-test-${process.pid}-${files++}`;
      for (let i = 0; i < 2; i++) {
        const { listener, ours, theirs } = await go(connection(path));
        await go(ours.writeAll(bytes("abstract")));
        ours.close();
        expect(await go(readAll(theirs))).toBe("abstract");
        theirs.close();
        listener.close();
        await until(() => openSources(runtime) === 0);
        await turn();
      }
    });

    test("the connections come as a stream, too, and end with the listener", async () => {
      const path = fresh();
      const listener = await go(UnixListener.bind(path));
      const incoming = listener.incoming();
      const client = await go(UnixStream.connect(path));
      const first = await go(incoming.next());
      expect(first).toBeInstanceOf(UnixStream);
      if (first !== End) first.close();
      client.close();
      const next = go(incoming.next());
      await turn();
      listener.close();
      expect(await next).toBe(End);
      expect(await go(incoming.next())).toBe(End);
    });

    test("one accept waits, and a connection that arrived stays for the next", async () => {
      const polls = await cancelAtEveryPoll(async (cancelAt) => {
        const path = fresh();
        const listener = await go(UnixListener.bind(path));
        const accept = go(cancelAt(listener.accept()));
        await turn();
        const client = await go(UnixStream.connect(path));
        const outcome = await accept;
        const theirs = outcome.cancelled ? await go(listener.accept()) : outcome.value;
        for (const each of [client, theirs, listener]) each.close();
      });
      expect(polls).toBe(2);
      const listener = await go(UnixListener.bind(fresh()));
      const first = go(listener.accept());
      await turn();
      await expect(go(listener.accept())).rejects.toThrow(FutureInUseError);
      listener.close();
      await expect(first).rejects.toThrow(ClosedError);
    });

    test("connect: cancelled at any poll, leaves nothing open", async () => {
      const path = fresh();
      const listener = await go(UnixListener.bind(path));
      await cancelAtEveryPoll(async (cancelAt) => {
        const outcome = await go(cancelAt(UnixStream.connect(path)));
        if (!outcome.cancelled) outcome.value.close();
      });
      listener.close();
    });

    test("speaks with peers of node:net, as server and as client", async () => {
      const path = fresh();
      const server = createServer((socket) => socket.pipe(socket)).listen(path);
      const ours = await go(UnixStream.connect(path));
      await go(ours.writeAll(bytes("to node")));
      await go(ours.shutdown());
      expect(await go(readAll(ours))).toBe("to node");
      ours.close();
      server.close();

      const listener = await go(UnixListener.bind(fresh()));
      const socket = connect(listener.path);
      const theirs = await go(listener.accept());
      const all = collect(socket);
      await go(theirs.writeAll(bytes("from us")));
      await go(theirs.shutdown());
      expect(String(await all)).toBe("from us");
      socket.destroy();
      expect(await go(readAll(theirs))).toBe("");
      for (const each of [theirs, listener]) each.close();
    });

    test("a peer that has gone: EPIPE or ECONNRESET, once, and then ClosedError", async () => {
      const { listener, ours, theirs } = await go(connection(fresh()));
      theirs.close();
      await until(() => openSources(runtime) === 2);
      const write = co(function* () {
        for (;;) yield* ours.writeAll(new Uint8Array(1000));
      });
      await expect(go(write())).rejects.toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET/) });
      await expect(go(ours.write(bytes("x")))).rejects.toThrow(ClosedError);
      for (const each of [listener, ours]) each.close();
    });

    test("peek, readable, tryRead and vectored writes are those of TCP", async () => {
      const { listener, ours, theirs } = await go(connection(fresh()));
      const buf = new Uint8Array(20);
      expect(() => theirs.tryRead(buf)).toThrow(WouldBlockError);
      expect(ours.tryWriteVectored([bytes("he"), bytes("llo")])).toBe(5);
      await go(theirs.readable());
      expect(await go(theirs.peek(buf))).toBe(5);
      expect(theirs.tryRead(buf)).toBe(5);
      for (const each of [listener, ours, theirs]) each.close();
    });

    test.runIf(isEpoll)("the peer's credentials are told", async () => {
      const { listener, ours, theirs } = await go(connection(fresh()));
      const me = { pid: process.pid, uid: process.geteuid?.(), gid: process.getegid?.() };
      expect(theirs.peerCredentials).toEqual(me);
      expect(ours.peerCredentials).toEqual(me);
      ours.close();
      expect(() => ours.peerCredentials).toThrow(ClosedError);
      for (const each of [listener, theirs]) each.close();
    });

    test.runIf(isEpoll)("a pair is connected, without names", async () => {
      const [a, b] = await go(UnixStream.pair());
      await go(a.writeAll(bytes("ping")));
      await go(a.shutdown());
      expect(await go(readAll(b))).toBe("ping");
      expect([a.localAddress, a.peerAddress]).toEqual([null, null]);
      a.close();
      b.close();
    });

    test.runIf(isEpoll)("a file that another one has put in its place stays", async () => {
      const path = fresh();
      const listener = await go(UnixListener.bind(path));
      rmSync(path);
      writeFileSync(path, "another's");
      listener.close();
      expect(existsSync(path)).toBe(true);
    });

    test.runIf(!isEpoll)("what Node cannot do is said", async () => {
      await expect(go(UnixStream.pair())).rejects.toThrow(UnsupportedError);
      await expect(go(UnixDatagram.bind("x"))).rejects.toThrow(UnsupportedError);
      await expect(go(UnixDatagram.unbound())).rejects.toThrow(UnsupportedError);
      await expect(go(UnixDatagram.pair())).rejects.toThrow(UnsupportedError);
      await expect(go(unixPipe())).rejects.toThrow(UnsupportedError);
      const { listener, ours, theirs } = await go(connection(fresh()));
      expect(() => ours.peerCredentials).toThrow(UnsupportedError);
      for (const each of [listener, ours, theirs]) each.close();
    });
  });

  describe("sendFile", () => {
    const file = joinPath(folder, `file-${name}`);
    const content = "a line of a file that is sent\n".repeat(20_000);
    writeFileSync(file, content);

    const tcp = co(function* () {
      const listener = yield* TcpListener.bind("127.0.0.1:0");
      const [theirs, ours] = yield* join(listener.accept(), TcpStream.connect(listener.localAddress));
      return { listener, ours, theirs };
    });

    const streams: [
      string,
      () => Future<{
        listener: { close(): void };
        ours: SocketStream<ByteSource>;
        theirs: SocketStream<ByteSource>;
      }>,
    ][] = [
      ["TCP", () => tcp()],
      ["Unix", () => connection(fresh())],
    ];

    test.each(streams)("a file goes over a %s stream, whole or in part", async (_, open) => {
      const { listener, ours, theirs } = await go(open());
      const fd = openSync(file, "r");
      const read = go(readAll(theirs));
      expect(await go(ours.sendFile(fd, 10))).toBe(10);
      // From where it is on.
      expect(await go(ours.sendFile({ fd }))).toBe(content.length - 10);
      expect(await go(ours.sendFile(fd))).toBe(0);
      expect(ours.bytesWritten).toBe(content.length);
      await go(ours.shutdown());
      expect(await read).toBe(content);
      closeSync(fd);
      for (const each of [listener, ours, theirs]) each.close();
    });

    test("what is no file is refused", async () => {
      const { listener, ours, theirs } = await go(tcp());
      expect(() => ours.sendFile("x" as never)).toThrow(TypeError);
      expect(() => ours.sendFile(-1)).toThrow(RangeError);
      expect(() => ours.sendFile(3, -1)).toThrow(RangeError);
      await expect(go(ours.sendFile(999_999))).rejects.toMatchObject({ code: "EBADF" });
      for (const each of [listener, ours, theirs]) each.close();
    });
  });

  describe("named pipe", () => {
    const fifo = (): string => {
      const path = fresh();
      execFileSync("mkfifo", [path]);
      return path;
    };

    test("bytes go through, from a reader that was there first, and their end", async () => {
      const path = fifo();
      const reader = await go(PipeReader.open(path));
      const writer = await go(PipeWriter.open(path));
      const all = go(readAll(reader));
      const sent = "0123456789".repeat(30_000);
      await go(writer.writeAll(bytes(sent)));
      await go(writer.shutdown());
      expect(await all).toBe(sent);
      writer.close();
      reader.close();
    });

    test("a writer without a reader: ENXIO, unless it reads itself", async () => {
      const path = fifo();
      await expect(go(PipeWriter.open(path))).rejects.toMatchObject({ code: "ENXIO" });
      const writer = await go(PipeWriter.open(path, { readWrite: true }));
      await go(writer.write(bytes("hello")));
      const reader = await go(PipeReader.open(path));
      if (isEpoll) {
        // Node's socket reads what it has written.
        expect(await go(reader.read(new Uint8Array(9)))).toBe(5);
      }
      writer.close();
      reader.close();
    });

    test("a read waits for the first writer", async () => {
      const path = fifo();
      const reader = await go(PipeReader.open(path));
      const read = go(reader.read(new Uint8Array(9)));
      for (let i = 0; i < 5; i++) await turn();
      const child = spawnProcess("sh", ["-c", `printf hello > ${path}`]);
      expect(await read).toBe(5);
      await new Promise((resolve) => child.once("exit", resolve));
      expect(await go(reader.read(new Uint8Array(9)))).toBe(0);
      reader.close();
    });

    test("what is at the path is a pipe: TypeError, ENOENT", async () => {
      await expect(go(PipeReader.open(joinPath(folder, `file-${name}`)))).rejects.toThrow(TypeError);
      await expect(go(PipeReader.open(fresh()))).rejects.toMatchObject({ code: "ENOENT" });
      expect(() => PipeReader.open(3 as never)).toThrow(TypeError);
      expect(() => PipeWriter.open("x", { readWrite: 1 as never })).toThrow(TypeError);
    });
  });

  test("fromFd refuses what is no number, and what is no socket", async () => {
    expect(() => TcpStream.fromFd(-1)).toThrow(RangeError);
    expect(() => UnixStream.fromFd("3" as never)).toThrow(TypeError);
    const fd = openSync(joinPath(folder, `file-${name}`), "r");
    await expect(go(TcpStream.fromFd(fd))).rejects.toThrow();
    expect(fstatSync(fd).isFile()).toBe(true);
    closeSync(fd);
    await expect(go(UnixStream.fromFd(999_999))).rejects.toMatchObject({ code: "EBADF" });
  });

  test("fromSocket makes a stream of a socket of Node's, also one that an upgrade hands over", async () => {
    const http = createHttpServer();
    http.on("upgrade", async (_request, socket) => {
      const theirs = await go(TcpStream.fromSocket(socket));
      await go(
        theirs.writeAll(
          bytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"),
        ),
      );
      const buf = new Uint8Array(100);
      for (let n: number; (n = await go(theirs.read(buf))) > 0; )
        await go(theirs.writeAll(buf.subarray(0, n)));
      theirs.close();
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const socket = connect((http.address() as AddressInfo).port, "127.0.0.1");
    await once(socket, "connect");
    const ours = await go(TcpStream.fromSocket(socket));
    await go(ours.writeAll(bytes("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")));
    const buf = new Uint8Array(200);
    expect(await go(ours.read(buf))).toBeGreaterThan(50);
    await go(ours.writeAll(bytes("echo")));
    await go(ours.shutdown());
    expect(await go(readAll(ours))).toBe("echo");
    expect([openSources(runtime), runtime.reactor]).toEqual([1, name]);
    ours.close();
    http.close();
    await once(http, "close");
  });

  test("fromSocket refuses what is no connected socket", async () => {
    expect(() => TcpStream.fromSocket(3 as never)).toThrow(TypeError);
    await expect(go(TcpStream.fromSocket({}))).rejects.toThrow(TypeError);
    await expect(go(TcpStream.fromSocket(new Socket()))).rejects.toThrow(TypeError);
  });

  test("intoFd hands a stream's descriptor to a socket of Node's", async () => {
    const { listener, ours, theirs } = await go(connection(fresh()));
    const tcp = await go(TcpListener.bind("127.0.0.1:0"));
    const client = await go(TcpStream.connect(tcp.localAddress));
    const server = await go(tcp.accept());
    if (isEpoll) {
      for (const [one, other] of [
        [ours, theirs],
        [client, server],
      ] as const) {
        const read = go(one.read(new Uint8Array(1)));
        await turn();
        const socket = new Socket({ fd: one.intoFd() });
        await expect(read).rejects.toThrow(ClosedError);
        expect(one.isClosed).toBe(true);
        expect(() => one.intoFd()).toThrow(ClosedError);
        const all = collect(socket);
        socket.write("from node");
        expect(await go(other.read(new Uint8Array(20)))).toBe(9);
        await go(other.writeAll(bytes("from us")));
        await go(other.shutdown());
        expect(String(await all)).toBe("from us");
        socket.destroy();
      }
    } else expect(() => ours.intoFd()).toThrow(UnsupportedError);
    for (const each of [listener, ours, theirs, tcp, client, server]) each.close();
  });

  test.runIf("native" in loaded)("fromFd takes a socket over", async () => {
    if ("reason" in loaded) throw new Error(loaded.reason);
    const { native } = loaded;
    const fds = new Int32Array(2);
    expect(native.socketPair(AF_UNIX, SOCK_STREAM, new Uint8Array(fds.buffer))).toBe(0);
    const [one = -1, two = -1] = fds;
    for (const fd of fds) native.release(fd);
    await expect(go(TcpStream.fromFd(one))).rejects.toThrow(TypeError);
    if (!isEpoll) {
      // Node has closed what it could not use.
      native.adopt(two);
      native.close(two);
      return;
    }
    const [a, b] = [await go(UnixStream.fromFd(one)), await go(UnixStream.fromFd(two))];
    await go(a.writeAll(bytes("hello")));
    a.close();
    expect(await go(readAll(b))).toBe("hello");
    b.close();
  });
});

test("what the machine below does not have is said", async () => {
  const runtime = new Runtime({ reactor: () => new SimReactor() });
  await expect(runtime.spawn(UnixStream.connect("x"))).rejects.toThrow(/UnixStream on the sim reactor/);
});

describe.runIf("native" in loaded)("unix datagram on the epoll reactor", () => {
  const runtime = new Runtime({ reactor: "epoll" });
  const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
  const buf = new Uint8Array(2000);

  afterEach(() => {
    expect(runtime.handle.outstanding).toBe(0);
    expect((runtime.handle.reactor as Reactor).openSources).toBe(0);
  });

  test("datagrams arrive with their sender's path, cut where they do not fit", async () => {
    const [a, b] = [await go(UnixDatagram.bind(fresh())), await go(UnixDatagram.bind(fresh()))];
    await go(a.sendTo(bytes("hello"), b.localAddress ?? ""));
    expect(await go(b.recvFrom(buf))).toEqual({ size: 5, from: a.localAddress, isTruncated: false });
    await go(a.connect(b.localAddress ?? ""));
    expect(a.peerAddress).toBe(b.localAddress);
    await go(a.send(bytes("again")));
    expect(await go(b.recvFrom(new Uint8Array(2)))).toEqual({
      size: 2,
      from: a.localAddress,
      isTruncated: true,
    });
    const paths = [a.localAddress ?? "", b.localAddress ?? ""];
    expect(paths.map((path) => existsSync(path))).toEqual([true, true]);
    a.close();
    b.close();
    expect(paths.map((path) => existsSync(path))).toEqual([false, false]);
  });

  test("one without a name sends, and has none; abstract names need no file", async () => {
    const path = `\0pollux-datagram-${process.pid}`;
    const [a, b] = [await go(UnixDatagram.unbound()), await go(UnixDatagram.bind(path))];
    expect([a.localAddress, b.localAddress]).toEqual([null, path]);
    expect(a.trySendTo(bytes("x"), path)).toBe(1);
    expect(await go(b.recvFrom(buf))).toEqual({ size: 1, from: null, isTruncated: false });
    a.close();
    b.close();
  });

  test("a full receiver has senders wait, connected or not", async () => {
    const receiver = await go(UnixDatagram.bind(fresh()));
    const path = receiver.localAddress ?? "";
    const [a, b] = [await go(UnixDatagram.unbound()), await go(UnixDatagram.unbound())];
    await go(b.connect(path));
    const many = co(function* (send: () => Future<number>) {
      for (let i = 0; i < 300; i++) yield* send();
    });
    const sends = [go(many(() => a.sendTo(bytes("a"), path))), go(many(() => b.send(bytes("b"))))];
    for (let i = 0; i < 10; i++) await turn();
    expect(() => b.trySend(bytes("x"))).toThrow();
    for (let i = 0; i < 600; i++) expect(await go(receiver.recv(buf))).toBe(1);
    await Promise.all(sends);
    for (const each of [a, b, receiver]) each.close();
  });

  test("a pair is connected; nobody there is told", async () => {
    const [a, b] = await go(UnixDatagram.pair());
    await go(a.send(bytes("ping")));
    expect(await go(b.recv(buf))).toBe(4);
    b.close();
    await expect(go(a.send(bytes("x")))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(go(a.sendTo(bytes("x"), fresh()))).rejects.toMatchObject({ code: "ENOENT" });
    a.close();
  });
});

describe.runIf("native" in loaded)("pipe on the epoll reactor", () => {
  const runtime = new Runtime({ reactor: "epoll" });
  const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);

  afterEach(() => {
    expect(runtime.handle.outstanding).toBe(0);
    expect((runtime.handle.reactor as Reactor).openSources).toBe(0);
  });

  test("bytes go through, more than it holds, and the end is read", async () => {
    const [reader, writer] = await go(unixPipe());
    const sent = "0123456789".repeat(50_000);
    const all = go(readAll(reader));
    await go(writer.writeAll(bytes(sent)));
    await go(writer.shutdown());
    await go(writer.shutdown());
    expect(await all).toBe(sent);
    await expect(go(writer.write(bytes("x")))).rejects.toThrow(ClosedError);
    reader.close();
    writer.close();
  });

  test("the try functions do not wait, readable and writable do", async () => {
    const [reader, writer] = await go(unixPipe());
    const buf = new Uint8Array(100_000);
    expect(() => reader.tryRead(buf)).toThrow(WouldBlockError);
    const readable = go(reader.readable());
    await go(writer.writable());
    expect(writer.tryWriteVectored([bytes("a"), bytes("bc")])).toBe(3);
    await readable;
    expect(reader.tryRead(buf)).toBe(3);
    const filled = (): number => writer.tryWrite(buf);
    expect(filled()).toBeLessThan(buf.length);
    expect(() => {
      for (;;) filled();
    }).toThrow(WouldBlockError);
    const writable = go(writer.writable());
    await go(reader.readable());
    while (reader.tryRead(buf) === buf.length);
    await writable;
    reader.close();
    writer.close();
  });

  test("without a reader, writing fails with EPIPE once, and one that waits sees it", async () => {
    const [reader, writer] = await go(unixPipe());
    const write = go(writer.writeAll(new Uint8Array(1_000_000)));
    await turn();
    reader.close();
    await expect(write).rejects.toMatchObject({ code: "EPIPE" });
    await expect(go(writer.write(bytes("x")))).rejects.toThrow(ClosedError);
    writer.close();
  });

  test("read: cancelled at any poll, leaves the bytes", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const [reader, writer] = await go(unixPipe());
      const read = go(cancelAt(reader.read(new Uint8Array(5))));
      await turn();
      await go(writer.writeAll(bytes("hello")));
      writer.close();
      const outcome = await read;
      expect(await go(readAll(reader))).toBe(outcome.cancelled ? "hello" : "");
      reader.close();
    });
    expect(polls).toBe(2);
  });
});
