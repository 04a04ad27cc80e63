import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { TestContext } from "../../test/support/context.ts";
import { collect, nodeClient, socketHandles, turn, until } from "../../test/support/net.ts";
import { co } from "../core/coroutine.ts";
import {
  CancelledError,
  ClosedError,
  FutureInUseError,
  NoRuntimeError,
  PollAfterCompletionError,
} from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Reactor } from "../reactor/reactor.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { TcpListener } from "./tcp-listener.ts";
import { TcpStream } from "./tcp-stream.ts";

const host = "127.0.0.1";

let runtime: Runtime;
let peers: Socket[] = [];
const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
const reactor = (): Reactor => runtime.handle.reactor as Reactor;
const bind = (): JoinHandle<TcpListener> => go(TcpListener.bind({ host, port: 0 }));

const client = async (listener: TcpListener): Promise<Socket> => {
  const socket = await nodeClient(listener.localAddress.port);
  peers.push(socket);
  return socket;
};

beforeEach(() => {
  runtime = new Runtime({ reactor: "node" });
});

afterEach(async () => {
  for (const socket of peers) socket.destroy();
  peers = [];
  expect(runtime.handle.outstanding, "outstanding").toBe(0);
  expect((runtime.handle.reactor as Reactor | undefined)?.openSources ?? 0, "open sources").toBe(0);
  await until(() => socketHandles().length === 0);
});

describe("tcp listener: bind", () => {
  test("listens where it was told to, on a port of the system's choice for 0", async () => {
    const listener = await bind();
    expect(listener.localAddress).toEqual({ host, port: expect.any(Number), family: "IPv4" });
    expect(listener.localAddress.port).toBeGreaterThan(0);
    expect(runtime.reactor).toBe("node");
    listener.close();
  });

  test("fails with the system's error where a port is in use", async () => {
    const listener = await bind();
    const { port } = listener.localAddress;
    await expect(go(TcpListener.bind({ host, port }))).rejects.toMatchObject({
      code: "EADDRINUSE",
      errno: -98,
      syscall: "listen",
      address: host,
      port,
    });
    listener.close();
  });

  test("fails with the system's error for an address of another machine", async () => {
    const bind = go(TcpListener.bind({ host: "192.0.2.1", port: 0 }));
    await expect(bind).rejects.toMatchObject({ code: "EADDRNOTAVAIL", syscall: "listen" });
  });

  test("the port can be used again at once after a close", async () => {
    const first = await bind();
    const { port } = first.localAddress;
    first.close();
    const second = await go(TcpListener.bind({ host, port }));
    second.close();
    const server = createServer();
    server.listen(port, host);
    await once(server, "listening");
    server.close();
    await once(server, "close");
  });

  test("says what is wrong with its options at the call", () => {
    // @ts-expect-error options are needed
    expect(() => TcpListener.bind()).toThrow(TypeError);
    // @ts-expect-error a host is needed
    expect(() => TcpListener.bind({ port: 0 })).toThrow(TypeError);
    // @ts-expect-error a port is needed
    expect(() => TcpListener.bind({ host })).toThrow(TypeError);
    expect(() => TcpListener.bind({ host: "", port: 0 })).toThrow(RangeError);
    for (const port of [-1, 1.5, 65_536, Number.NaN]) {
      expect(() => TcpListener.bind({ host, port })).toThrow(RangeError);
    }
    for (const backlog of [0, -1, 1.5, Number.POSITIVE_INFINITY]) {
      expect(() => TcpListener.bind({ host, port: 0, backlog })).toThrow(RangeError);
    }
  });

  test("needs a runtime", () => {
    expect(() => TcpListener.bind({ host, port: 0 }).poll(new TestContext())).toThrow(NoRuntimeError);
  });

  test("cancelled at any poll, leaves no socket that listens", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const probe = await bind();
      const { port } = probe.localAddress;
      probe.close();
      const outcome = await go(cancelAt(TcpListener.bind({ host: "localhost", port })));
      if (!outcome.cancelled) outcome.value.close();
      expect(runtime.handle.outstanding).toBe(0);
      expect(reactor().openSources).toBe(0);
    });
    expect(polls).toBe(2);
  });

  test("cancelled while the name is looked up, never listens", async () => {
    const probe = await bind();
    const { port } = probe.localAddress;
    probe.close();
    const cx = new TestContext(runtime.handle);
    const cancelled = TcpListener.bind({ host, port });
    cancelled.poll(cx);
    cancelled.cancel(cx);
    for (let i = 0; i < 10; i++) await turn();
    await expect(nodeClient(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(cx.wakes).toBe(0);
  });

  test("polled after its end, says so", async () => {
    const cx = new TestContext(runtime.handle);
    const future = TcpListener.bind({ host, port: 0 });
    const listener = await go(future);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
    listener.close();
  });
});

describe("tcp listener: accept", () => {
  test("gives connections in the order in which they came, with the address of the peer", async () => {
    const listener = await bind();
    const sockets: Socket[] = [];
    for (let i = 0; i < 5; i++) sockets.push(await client(listener));
    for (const socket of sockets) {
      const stream = await go(listener.accept());
      expect(stream.peerAddress).toEqual({ host, port: socket.localPort, family: "IPv4" });
      expect(stream.localAddress).toEqual(listener.localAddress);
      stream.close();
    }
    listener.close();
  });

  test("waits for one, counted as outstanding meanwhile", async () => {
    const listener = await bind();
    const accept = go(listener.accept());
    await turn();
    expect(runtime.handle.outstanding).toBe(1);
    await client(listener);
    (await accept).close();
    listener.close();
  });

  test("serves an echo to Node's sockets and to our own", async () => {
    const listener = await bind();
    const echo = co(function* (stream: TcpStream) {
      const buf = new Uint8Array(1000);
      for (let n: number; (n = yield* stream.read(buf)) > 0; ) yield* stream.writeAll(buf.subarray(0, n));
      yield* stream.shutdown();
      stream.close();
    });
    const serve = co(function* () {
      for (;;) go(echo(yield* listener.accept()));
    });
    const server = go(serve());
    const socket = await client(listener);
    const received = collect(socket);
    socket.end("hello");
    expect((await received).toString()).toBe("hello");
    const visit = co(function* () {
      const stream = yield* TcpStream.connect(listener.localAddress);
      yield* stream.writeAll(Buffer.from("hello"));
      yield* stream.shutdown();
      const buf = new Uint8Array(10);
      let size = 0;
      for (let n: number; (n = yield* stream.read(buf.subarray(size))) > 0; ) size += n;
      stream.close();
      return Buffer.from(buf.subarray(0, size)).toString();
    });
    expect(await go(visit())).toBe("hello");
    listener.close();
    await expect(server).rejects.toThrow(ClosedError);
    await until(() => reactor().openSources === 0);
  });

  test("a connection that was reset before it was accepted is accepted, and its first operation fails", async () => {
    const listener = await bind();
    const socket = await client(listener);
    await until(() => reactor().openSources === 2);
    socket.resetAndDestroy();
    await turn();
    const stream = await go(listener.accept());
    await expect(go(stream.read(new Uint8Array(1)))).rejects.toMatchObject({ code: "ECONNRESET" });
    stream.close();
    listener.close();
  });

  test("two at once are a mistake; the one that waits is not disturbed", async () => {
    const listener = await bind();
    const first = go(listener.accept());
    await turn();
    await expect(go(listener.accept())).rejects.toThrow(FutureInUseError);
    await client(listener);
    (await first).close();
    listener.close();
  });

  test("cancelled at any poll, leaves the connection for the next", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const listener = await bind();
      const first = go(cancelAt(listener.accept()));
      await turn();
      const socket = await client(listener);
      const outcome = await first;
      const stream = outcome.cancelled ? await go(listener.accept()) : outcome.value;
      expect(stream.peerAddress.port).toBe(socket.localPort);
      expect(runtime.handle.outstanding).toBe(0);
      stream.close();
      listener.close();
    });
    expect(polls).toBe(2);
  });

  test("polled after its end, says so", async () => {
    const listener = await bind();
    await client(listener);
    const accept = listener.accept();
    (await go(accept)).close();
    expect(() => accept.poll(new TestContext(runtime.handle))).toThrow(PollAfterCompletionError);
    listener.close();
  });

  test("takes a unit of the budget before any effect, and gives it back when it must wait", async () => {
    const listener = await bind();
    const { handle } = runtime;
    const cx = new TestContext(handle);
    const accept = listener.accept();
    handle.budget = 1;
    accept.poll(cx);
    expect([handle.budget, cx.wakes]).toEqual([1, 0]);
    await client(listener);
    await until(() => cx.wakes === 1);
    handle.budget = 0;
    expect(accept.poll(cx)).toBeTypeOf("symbol");
    expect(cx.wakes).toBe(2);
    handle.budget = 1;
    const stream = accept.poll(cx);
    expect(handle.budget).toBe(0);
    expect(stream).toBeInstanceOf(TcpStream);
    (stream as TcpStream).close();
    listener.close();
  });
});

describe("tcp listener: close", () => {
  test("wakes a task that accepts, with ClosedError; later ones fail too", async () => {
    const listener = await bind();
    const accept = go(listener.accept());
    await turn();
    listener.close();
    await expect(accept).rejects.toThrow(ClosedError);
    await expect(go(listener.accept())).rejects.toThrow(ClosedError);
    expect(listener.isClosed).toBe(true);
    listener.close();
    listener[Symbol.dispose]();
    await listener[Symbol.asyncDispose]();
  });

  test("drops connections that nobody accepted, and keeps those that somebody did", async () => {
    const listener = await bind();
    const [kept, dropped] = [await client(listener), await client(listener)];
    const stream = await go(listener.accept());
    await until(() => reactor().openSources === 3);
    listener.close();
    expect(reactor().openSources).toBe(1);
    await collect(dropped);
    const received = collect(kept);
    await go(stream.writeAll(Buffer.from("kept")));
    stream.close();
    expect((await received).toString()).toBe("kept");
  });

  test("a closed listener refuses connections", async () => {
    const listener = await bind();
    listener.close();
    await expect(nodeClient(listener.localAddress.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("reactor", () => {
  test("a source keeps the process alive while somebody waits on it, and no longer", async () => {
    const listener = await bind();
    expect(socketHandles()).toEqual([]);
    const accept = go(listener.accept());
    await turn();
    expect(socketHandles()).toEqual(["TCPServerWrap"]);
    const connect = go(TcpStream.connect(listener.localAddress));
    const [stream, ours] = await Promise.all([accept, connect]);
    await turn();
    expect(socketHandles()).toEqual([]);
    const read = go(stream.read(new Uint8Array(1)));
    await turn();
    expect(socketHandles()).toEqual(["TCPSocketWrap"]);
    await go(ours.writeAll(new Uint8Array(1)));
    await read;
    expect(socketHandles()).toEqual([]);
    const aborted = go(stream.read(new Uint8Array(1)));
    await turn();
    aborted.abort();
    await expect(aborted).rejects.toThrow();
    expect(socketHandles()).toEqual([]);
    for (const source of [listener, stream, ours]) source.close();
  });

  test("closing it closes every source and wakes whoever waits", async () => {
    const listener = await bind();
    await client(listener);
    const stream = await go(listener.accept());
    const waiting = [go(stream.read(new Uint8Array(1))), go(listener.accept())];
    await turn();
    expect(reactor().openSources).toBe(2);
    reactor().close();
    for (const handle of waiting) await expect(handle as PromiseLike<unknown>).rejects.toThrow(ClosedError);
    expect(reactor().openSources).toBe(0);
  });

  test("its end closes what was opened after connections that nobody has accepted", async () => {
    const listener = await bind();
    await client(listener);
    await until(() => reactor().openSources === 2);
    const last = await bind();
    reactor().close();
    expect([listener.isClosed, last.isClosed]).toEqual([true, true]);
    last.close();
  });

  test("each runtime has one of its own, made with the first source", async () => {
    const other = new Runtime({ reactor: "node" });
    expect([runtime.reactor, other.reactor]).toEqual(["none", "none"]);
    const listener = await bind();
    expect([runtime.reactor, other.reactor]).toEqual(["node", "none"]);
    listener.close();
  });
});

test("tcp listener: types", () => {
  expectTypeOf(TcpListener.bind).returns.toEqualTypeOf<Future<TcpListener>>();
  expectTypeOf(TcpListener.prototype.accept).returns.toEqualTypeOf<Future<TcpStream>>();
  expectTypeOf<TcpListener>().toExtend<Disposable & AsyncDisposable>();
});

test("tcp listener: incoming waits no longer when its next is given up, and accept can", async () => {
  const listener = await bind();
  const incoming = listener.incoming();
  const next = go(incoming.next());
  await turn();
  expect(runtime.handle.outstanding).toBe(1);
  next.abort();
  await expect(next).rejects.toThrow(CancelledError);
  expect(runtime.handle.outstanding).toBe(0);
  const accepted = go(listener.accept());
  await client(listener);
  (await accepted).close();
  listener.close();
});
