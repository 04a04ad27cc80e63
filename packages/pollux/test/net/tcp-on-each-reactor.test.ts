import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { join } from "../../src/combine/join.ts";
import { never } from "../../src/combine/never.ts";
import { co } from "../../src/core/coroutine.ts";
import {
  CancelledError,
  ClosedError,
  FutureInUseError,
  TimeoutError,
  WouldBlockError,
} from "../../src/core/errors.ts";
import type { Future } from "../../src/core/future.ts";
import { End } from "../../src/core/stream-source.ts";
import { lookupHost } from "../../src/net/lookup-host.ts";
import { TcpListener } from "../../src/net/tcp-listener.ts";
import { TcpSocket } from "../../src/net/tcp-socket.ts";
import { TcpStream } from "../../src/net/tcp-stream.ts";
import { loadNative } from "../../src/reactor/epoll/native.ts";
import { Runtime, type RuntimeOptions } from "../../src/runtime/runtime.ts";
import type { JoinHandle } from "../../src/task/join-handle.ts";
import { yieldNow } from "../../src/task/yield-now.ts";
import { sleep } from "../../src/time/sleep.ts";
import { timeout } from "../../src/time/timeout.ts";
import { cancelAtEveryPoll } from "../support/cancel-at-every-poll.ts";
import { TestContext } from "../support/context.ts";
import { turn, until } from "../support/net.ts";
import { nothingLeft, openSources } from "../support/open-sources.ts";
import { SimReactor } from "../support/sim-reactor.ts";

// What every reactor has in common: the same program, and the same outcome.

const loaded = loadNative();
const reactors: [name: string, options: RuntimeOptions][] = [
  ["node", { reactor: "node" }],
  ["sim", { reactor: () => new SimReactor() }],
];

if ("native" in loaded) reactors.unshift(["epoll", { reactor: "epoll" }]);

describe.each(reactors)("tcp on the %s reactor", (name, options) => {
  let runtime: Runtime;
  const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
  const bytes = (text: string): Uint8Array => Buffer.from(text);

  beforeEach(() => {
    runtime = new Runtime(options);
  });

  afterEach(async () => {
    await nothingLeft(runtime);
  });

  const connection = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const [theirs, ours] = yield* join(listener.accept(), TcpStream.connect(listener.localAddress));
    listener.close();
    return { ours, theirs };
  });

  const readAll = co(function* (stream: TcpStream) {
    const chunks: Buffer[] = [];
    const buf = new Uint8Array(50_000);
    for (let n: number; (n = yield* stream.read(buf)) > 0; ) chunks.push(Buffer.from(buf.subarray(0, n)));
    return Buffer.concat(chunks);
  });

  /** Writes until nothing more is taken for many turns; gives the number of bytes. */
  const fill = async (stream: TcpStream): Promise<number> => {
    const piece = Buffer.alloc(60_000, "x");
    for (let same = 0, before = -1; same < 20; before = stream.bytesWritten) {
      try {
        for (;;) stream.tryWrite(piece);
      } catch (error) {
        if (!(error instanceof WouldBlockError)) throw error;
      }
      await turn();
      same = stream.bytesWritten === before ? same + 1 : 0;
    }
    return stream.bytesWritten;
  };

  test("the runtime says which it is", async () => {
    const { ours, theirs } = await go(connection());
    expect(runtime.reactor).toBe(name);
    ours.close();
    theirs.close();
  });

  test("both ends know each other's address", async () => {
    const { ours, theirs } = await go(connection());
    expect(ours.localAddress).toEqual(theirs.peerAddress);
    expect(theirs.localAddress).toEqual(ours.peerAddress);
    ours.close();
    theirs.close();
  });

  test("bytes go both ways, in any sizes, and are counted", async () => {
    const { ours, theirs } = await go(connection());
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
    expect(received.equals(sent)).toBe(true);
    expect([ours.bytesRead, ours.bytesWritten]).toEqual([sent.length, sent.length]);
    expect([theirs.bytesRead, theirs.bytesWritten]).toEqual([sent.length, sent.length]);
    ours.close();
    theirs.close();
  });

  test("peek gives what a read then gives, and waits as it does", async () => {
    const { ours, theirs } = await go(connection());
    const buf = new Uint8Array(3);
    const peek = go(theirs.peek(buf));
    await turn();
    await go(ours.writeAll(bytes("hello")));
    expect([await peek, Buffer.from(buf).toString()]).toEqual([3, "hel"]);
    expect(theirs.bytesRead).toBe(0);
    expect([await go(theirs.peek(buf)), Buffer.from(buf).toString()]).toEqual([3, "hel"]);
    expect([await go(theirs.read(buf)), Buffer.from(buf).toString()]).toEqual([3, "hel"]);
    expect([await go(theirs.peek(buf)), Buffer.from(buf.subarray(0, 2)).toString()]).toEqual([2, "lo"]);
    expect(await go(theirs.read(buf))).toBe(2);
    ours.close();
    expect([await go(theirs.peek(buf)), await go(theirs.peek(buf)), await go(theirs.read(buf))]).toEqual([
      0, 0, 0,
    ]);
    theirs.close();
  });

  test("peek is refused an empty buffer, and a second one while a read waits", async () => {
    const { ours, theirs } = await go(connection());
    expect(() => theirs.peek(new Uint8Array(0))).toThrow(RangeError);
    const read = go(theirs.read(new Uint8Array(1)));
    await turn();
    await expect(go(theirs.peek(new Uint8Array(1)))).rejects.toThrow(FutureInUseError);
    await go(ours.writeAll(bytes("x")));
    await read;
    ours.close();
    theirs.close();
  });

  test("peek: cancelled at any poll, leaves the bytes", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const { ours, theirs } = await go(connection());
      const peek = go(cancelAt(theirs.peek(new Uint8Array(5))));
      await turn();
      await go(ours.writeAll(bytes("hello")));
      await peek;
      ours.close();
      expect((await go(readAll(theirs))).toString()).toBe("hello");
      theirs.close();
    });
    expect(polls).toBe(2);
  });

  test("a vectored read fills several buffers in their order, and waits as a read does", async () => {
    const { ours, theirs } = await go(connection());
    const bufs = [new Uint8Array(3), new Uint8Array(0), new Uint8Array(4), new Uint8Array(100)];
    const text = (): string => bufs.map((buf) => Buffer.from(buf).toString().replaceAll("\0", "")).join("|");
    expect(() => theirs.tryReadVectored(bufs)).toThrow(WouldBlockError);
    const read = go(theirs.readVectored(bufs));
    await turn();
    await go(ours.writeAll(bytes("hello world")));
    expect([await read, text()]).toEqual([11, "hel||lo w|orld"]);
    await go(ours.writeAll(bytes("again")));
    await go(theirs.readable());
    expect([theirs.tryReadVectored([new Uint8Array(2)]), theirs.bytesRead]).toEqual([2, 13]);
    ours.close();
    expect([await go(theirs.readVectored(bufs)), await go(theirs.readVectored(bufs))]).toEqual([3, 0]);
    expect(() => theirs.readVectored([])).toThrow(RangeError);
    expect(() => theirs.readVectored("x" as never)).toThrow(TypeError);
    theirs.close();
  });

  test("a vectored read of more buffers than one call takes loses nothing", async () => {
    const { ours, theirs } = await go(connection());
    const sent = Buffer.alloc(1000, "0123456789");
    await go(ours.writeAll(sent));
    await go(ours.shutdown());
    const bufs = Array.from({ length: 100 }, () => new Uint8Array(1));
    let received = "";
    for (let n: number; (n = await go(theirs.readVectored(bufs))) > 0; )
      received += Buffer.concat(bufs.slice(0, n)).toString();
    expect(received).toBe(sent.toString());
    ours.close();
    theirs.close();
  });

  test("a vectored write sends several buffers in their order", async () => {
    const { ours, theirs } = await go(connection());
    const bufs = ["he", "", "llo", " ", "world"].map(bytes);
    expect(ours.tryWriteVectored(bufs)).toBe(11);
    expect(ours.tryWriteVectored([])).toBe(0);
    expect(ours.tryWriteVectored([new Uint8Array(0)])).toBe(0);
    const large = [Buffer.alloc(40_000, "a"), Buffer.alloc(40_000, "b"), Buffer.alloc(40_000, "c")];
    const cx = new TestContext(runtime.handle);
    const reader = go(readAll(theirs));
    let taken = ours.pollWriteVectored(cx, large);
    while (typeof taken !== "number") {
      await turn();
      taken = ours.pollWriteVectored(cx, large);
    }
    expect(taken).toBeGreaterThan(40_000);
    ours.cancelWrite();
    ours.close();
    expect((await reader).toString()).toBe(`hello world${Buffer.concat(large).toString().slice(0, taken)}`);
    theirs.close();
  });

  test("tryRead and tryWrite do not wait: WouldBlockError", async () => {
    const { ours, theirs } = await go(connection());
    const buf = new Uint8Array(10);
    expect(() => theirs.tryRead(buf)).toThrow(WouldBlockError);
    expect(ours.tryWrite(bytes("hello"))).toBe(5);
    await go(theirs.readable());
    expect(theirs.tryRead(buf)).toBe(5);
    expect(() => theirs.tryRead(buf)).toThrow(WouldBlockError);
    const size = await fill(ours);
    expect(() => ours.tryWrite(bytes("x"))).toThrow(WouldBlockError);
    const writable = go(ours.writable());
    let rest = size - 5;
    const big = new Uint8Array(100_000);
    while (rest > 0) rest -= await go(theirs.read(big));
    await writable;
    expect(ours.tryWrite(bytes("x"))).toBe(1);
    ours.close();
    await go(theirs.readable());
    theirs.close();
  });

  test("tryRead and tryWrite are refused while another operation waits", async () => {
    const { ours, theirs } = await go(connection());
    const read = go(theirs.read(new Uint8Array(1)));
    await fill(ours);
    await read;
    const waiting = [go(ours.read(new Uint8Array(1))), go(ours.writeAll(new Uint8Array(1)))];
    await turn();
    expect(() => ours.tryRead(new Uint8Array(1))).toThrow(FutureInUseError);
    expect(() => ours.tryWrite(bytes("x"))).toThrow(FutureInUseError);
    expect(() => ours.tryWriteVectored([bytes("x")])).toThrow(FutureInUseError);
    ours.reset();
    for (const handle of waiting) await expect(Promise.resolve(handle)).rejects.toThrow(ClosedError);
    theirs.close();
  });

  test("ready: gives what is known of both directions", async () => {
    const { ours, theirs } = await go(connection());
    // @ts-expect-error an interest is needed
    expect(() => ours.ready()).toThrow(TypeError);
    expect(() => ours.ready({ read: false })).toThrow(TypeError);
    expect(await go(ours.ready({ read: true, write: true }))).toEqual({
      isReadable: false,
      isWritable: true,
      isReadClosed: false,
      isWriteClosed: false,
      isFailed: false,
    });
    const ready = go(theirs.ready({ read: true }));
    await turn();
    await go(ours.writeAll(bytes("x")));
    expect(await ready).toMatchObject({ isReadable: true, isWritable: true, isReadClosed: false });
    await go(ours.shutdown());
    expect(await go(ours.ready({ write: true }))).toMatchObject({ isWritable: false, isWriteClosed: true });
    expect((await go(readAll(theirs))).toString()).toBe("x");
    expect(await go(theirs.ready({ read: true }))).toMatchObject({ isReadable: true, isReadClosed: true });
    theirs.close();
    await expect(go(theirs.ready({ read: true }))).rejects.toThrow(ClosedError);
    ours.close();
  });

  test("ready, readable: cancelled at any poll, leave nothing behind", async () => {
    for (const wait of [
      (stream: TcpStream): Future<unknown> => stream.ready({ read: true }),
      (stream: TcpStream): Future<unknown> => stream.readable(),
    ]) {
      const polls = await cancelAtEveryPoll(async (cancelAt) => {
        const { ours, theirs } = await go(connection());
        const ready = go(cancelAt(wait(theirs)));
        await turn();
        await go(ours.writeAll(bytes("hello")));
        await ready;
        expect(runtime.handle.outstanding).toBe(0);
        ours.close();
        expect((await go(readAll(theirs))).toString()).toBe("hello");
        theirs.close();
      });
      expect(polls).toBe(2);
    }
  });

  test("half-close: each side ends by itself, and the other one goes on", async () => {
    const { ours, theirs } = await go(connection());
    await go(ours.shutdown());
    expect(await go(theirs.read(new Uint8Array(1)))).toBe(0);
    await go(theirs.writeAll(bytes("still here")));
    await go(theirs.shutdown());
    await go(theirs.shutdown());
    expect((await go(readAll(ours))).toString()).toBe("still here");
    await expect(go(ours.write(bytes("x")))).rejects.toThrow(ClosedError);
    ours.close();
    theirs.close();
  });

  test("back-pressure: a writer that nobody reads from is stopped, and goes on when somebody does", async () => {
    const { ours, theirs } = await go(connection());
    const write = co(function* () {
      for (;;) yield* ours.writeAll(new Uint8Array(100_000));
    });
    const writer = go(write());
    for (let same = 0, before = -1; same < 50; before = ours.bytesWritten) {
      await turn();
      same = ours.bytesWritten === before ? same + 1 : 0;
    }
    const stopped = ours.bytesWritten;
    const buf = new Uint8Array(100_000);
    for (let got = 0; got < stopped; ) got += await go(theirs.read(buf));
    await until(() => ours.bytesWritten > stopped);
    writer.abort();
    await expect(writer).rejects.toThrow(CancelledError);
    ours.reset();
    theirs.close();
  });

  test("reset: the peer's read fails with ECONNRESET, once", async () => {
    const { ours, theirs } = await go(connection());
    const read = go(theirs.read(new Uint8Array(1)));
    await turn();
    ours.reset();
    ours.reset();
    await expect(read).rejects.toMatchObject({ code: "ECONNRESET", errno: -104, syscall: "read" });
    await expect(go(theirs.read(new Uint8Array(1)))).rejects.toThrow(ClosedError);
    await expect(go(ours.read(new Uint8Array(1)))).rejects.toThrow(ClosedError);
    theirs.close();
  });

  test("reset: what waits on our side is closed, and what is unsent is lost", async () => {
    const { ours, theirs } = await go(connection());
    await fill(ours);
    const shutdown = go(ours.writeAll(bytes("last words")));
    await turn();
    ours.reset();
    await expect(shutdown).rejects.toThrow(ClosedError);
    expect(openSources(runtime)).toBe(1);
    theirs.close();
  });

  test("linger of 0: a close resets", async () => {
    const { ours, theirs } = await go(connection());
    expect(ours.linger).toBe(null);
    ours.setLinger(0);
    expect(ours.linger).toBe(0);
    const read = go(theirs.read(new Uint8Array(1)));
    await turn();
    ours.close();
    await expect(read).rejects.toMatchObject({ code: "ECONNRESET" });
    theirs.close();
  });

  test("options are those that were given, and those that were set", async () => {
    const listener = await go(TcpListener.bind("127.0.0.1:0", { keepAlive: 5000 }));
    const ours = await go(TcpStream.connect({ ...listener.localAddress, noDelay: false, family: "any" }));
    const theirs = await go(listener.accept());
    expect([ours.noDelay, ours.keepAlive, ours.linger]).toEqual([false, false, null]);
    expect([theirs.noDelay, theirs.keepAlive, theirs.linger]).toEqual([true, 5000, null]);
    ours.setNoDelay(true);
    ours.setKeepAlive(true);
    expect([ours.noDelay, ours.keepAlive]).toEqual([true, true]);
    expect(() => ours.setKeepAlive(999)).toThrow(RangeError);
    expect(() => ours.setLinger(-1)).toThrow(RangeError);
    ours.close();
    for (const set of [() => ours.setNoDelay(true), () => ours.setKeepAlive(true), () => ours.setLinger(0)]) {
      expect(set).toThrow(ClosedError);
    }
    theirs.close();
    listener.close();
  });

  test("connect: refused with the system's error", async () => {
    const listener = await go(TcpListener.bind("127.0.0.1:0"));
    const { port } = listener.localAddress;
    listener.close();
    await expect(go(TcpStream.connect(`127.0.0.1:${port}`))).rejects.toMatchObject({
      code: "ECONNREFUSED",
      errno: -111,
      syscall: "connect",
      address: "127.0.0.1",
      port,
    });
  });

  test("bind: a port in use, with the system's error", async () => {
    const listener = await go(TcpListener.bind("127.0.0.1:0"));
    const { port } = listener.localAddress;
    await expect(go(TcpListener.bind(`127.0.0.1:${port}`))).rejects.toMatchObject({
      code: "EADDRINUSE",
      errno: -98,
      syscall: "listen",
      address: "127.0.0.1",
      port,
    });
    listener.close();
  });

  test("incoming: gives connections until the listener is closed", async () => {
    const listener = await go(TcpListener.bind("127.0.0.1:0"));
    const incoming = listener.incoming();
    const ours: TcpStream[] = [];
    for (let i = 0; i < 3; i++) {
      ours.push(await go(TcpStream.connect(listener.localAddress)));
      const theirs = await go(incoming.next());
      if (theirs === End) throw new Error("the end");
      expect(theirs.peerAddress).toEqual(ours[i]?.localAddress);
      theirs.close();
    }
    const next = go(incoming.next());
    await turn();
    await expect(go(listener.accept())).rejects.toThrow(FutureInUseError);
    listener.close();
    expect(await next).toBe(End);
    expect(await go(incoming.next())).toBe(End);
    for (const stream of ours) stream.close();
  });

  test("incoming: given up, leaves the listener and the next connection", async () => {
    const listener = await go(TcpListener.bind("127.0.0.1:0"));
    const incoming = listener.incoming();
    const cx = new TestContext(runtime.handle);
    incoming.pollNext(cx);
    incoming.cancel(cx);
    expect(runtime.handle.outstanding).toBe(0);
    const ours = await go(TcpStream.connect(listener.localAddress));
    (await go(listener.accept())).close();
    ours.close();
    listener.close();
  });

  test("lookupHost: gives addresses with the port that was asked for", async () => {
    const addresses = await go(lookupHost("localhost:80", { family: "IPv4" }));
    expect(addresses).toContainEqual({ host: "127.0.0.1", port: 80, family: "IPv4" });
    await expect(go(lookupHost({ host: "name.invalid", port: 1 }))).rejects.toMatchObject({
      syscall: "getaddrinfo",
    });
  });

  test("TcpSocket: connects from the address that it was bound to", async () => {
    const server = TcpSocket.v4();
    server.bind("127.0.0.1:0");
    const listener = await go(server.listen(16));
    const probe = await go(TcpListener.bind("127.0.0.1:0"));
    const { port } = probe.localAddress;
    probe.close();
    const client = TcpSocket.v4();
    client.bind({ host: "127.0.0.1", port });
    const ours = await go(client.connect(listener.localAddress));
    const theirs = await go(listener.accept());
    expect(theirs.peerAddress).toEqual({ host: "127.0.0.1", port, family: "IPv4" });
    for (const each of [theirs, ours, listener]) each.close();
  });

  test("a slow reader gets everything, at its pace", async () => {
    const { ours, theirs } = await go(connection());
    const send = co(function* () {
      yield* ours.writeAll(new Uint8Array(300_000));
      yield* ours.shutdown();
    });
    const sent = go(send());
    const read = co(function* () {
      let size = 0;
      const buf = new Uint8Array(1000);
      for (let n: number; (n = yield* theirs.read(buf)) > 0; size += n) yield* yieldNow();
      return size;
    });
    expect(await go(read())).toBe(300_000);
    await sent;
    ours.close();
    theirs.close();
  });
});

test("sim reactor: a paused clock goes on while its sources wait", async () => {
  const runtime = new Runtime({ clock: "paused", reactor: () => new SimReactor() });
  const main = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const [theirs, ours] = yield* join(listener.accept(), TcpStream.connect(listener.localAddress));
    const send = co(function* () {
      yield* sleep(3_600_000);
      yield* ours.writeAll(new Uint8Array(1));
    });
    const [, size] = yield* join(send(), theirs.read(new Uint8Array(8)));
    expect(size).toBe(1);
    yield* timeout(1000, theirs.read(new Uint8Array(8)));
  });
  await expect(runtime.run(main())).rejects.toThrow(TimeoutError);
});

describe("runtime: reactor", () => {
  test("auto is epoll where that loads, and else the node reactor", async () => {
    const best = "native" in loaded ? "epoll" : "node";
    for (const [reactor, name] of [
      ["auto", best],
      ["node", "node"],
    ] as const) {
      const runtime = new Runtime({ reactor });
      expect(runtime.reactor).toBe("none");
      (await runtime.spawn(TcpListener.bind("127.0.0.1:0"))).close();
      expect(runtime.reactor).toBe(name);
    }
  });

  test("one of your own is made once, when something asks for I/O", async () => {
    let made = 0;
    const runtime = new Runtime({
      reactor: () => {
        made++;
        return new SimReactor();
      },
    });
    expect(made).toBe(0);
    for (let i = 0; i < 2; i++) (await runtime.spawn(TcpListener.bind("127.0.0.1:0"))).close();
    expect([made, runtime.reactor]).toEqual([1, "sim"]);
  });

  test("what is no reactor is refused at the call", () => {
    // @ts-expect-error no such name
    expect(() => new Runtime({ reactor: "kqueue" })).toThrow(TypeError);
    // @ts-expect-error a function is needed
    expect(() => new Runtime({ reactor: new SimReactor() })).toThrow(TypeError);
  });

  test("the end of a runtime closes what is open on one of your own", async () => {
    const sim = new SimReactor();
    const main = co(function* () {
      const listener = yield* TcpListener.bind("127.0.0.1:0");
      void listener.accept();
      expect(sim.openSources).toBe(1);
      yield* timeout(1, never());
    });
    await expect(new Runtime({ reactor: () => sim, clock: "paused" }).run(main())).rejects.toThrow(
      TimeoutError,
    );
    expect(sim.openSources).toBe(0);
  });
});
