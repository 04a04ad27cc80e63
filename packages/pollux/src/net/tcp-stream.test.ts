import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, TestContext } from "../../test/support/context.ts";
import { collect, nodeClient, nodeServer, socketHandles, turn, until } from "../../test/support/net.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, FutureInUseError, NoRuntimeError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Reactor } from "../reactor/reactor.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { yieldNow } from "../task/yield-now.ts";
import { TcpListener } from "./tcp-listener.ts";
import { TcpStream } from "./tcp-stream.ts";

const host = "127.0.0.1";

let runtime: Runtime;
let peers: Socket[] = [];
const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
const reactor = (): Reactor => runtime.handle.reactor as Reactor;

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

/** Both ends of a connection: ours, and a socket of Node's. */
async function pair(
  options: { allowHalfOpen?: boolean } = {},
): Promise<{ stream: TcpStream; socket: Socket }> {
  const listener = await go(TcpListener.bind({ host, port: 0 }));
  const [stream, socket] = await Promise.all([
    go(listener.accept()),
    nodeClient(listener.localAddress.port, options.allowHalfOpen),
  ]);
  listener.close();
  peers.push(socket);
  return { stream, socket };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (text: string): Uint8Array => Buffer.from(text);

const readText = co(function* (stream: TcpStream, size: number = 1000) {
  const buf = new Uint8Array(size);
  return text(buf.subarray(0, yield* stream.read(buf)));
});

const readToEnd = co(function* (stream: TcpStream) {
  const hash = createHash("sha1");
  const buf = new Uint8Array(50_000);
  let size = 0;
  for (let n: number; (n = yield* stream.read(buf)) > 0; size += n) hash.update(buf.subarray(0, n));
  return { size, hash: hash.digest("hex") };
});

const sha1 = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex");

/** The buffers of the back end, in bytes. */
function buffered(stream: TcpStream): { read: number; written: number; isFull: boolean } {
  const { socket, chunks } = (stream as unknown as { source: { socket: Socket; chunks: { bytes: number } } })
    .source;
  const written = socket.writableLength;
  const isFull = written >= socket.writableHighWaterMark;
  return { read: chunks.bytes + socket.readableLength, written, isFull };
}

describe("tcp stream: connect", () => {
  test("gives a stream that knows both of its ends", async () => {
    const peer = await nodeServer(() => {});
    const stream = await go(TcpStream.connect({ host, port: peer.port }));
    await until(() => peer.sockets.length === 1);
    expect(stream.peerAddress).toEqual({ host, port: peer.port, family: "IPv4" });
    expect(stream.localAddress).toEqual({ host, port: peer.sockets[0]?.remotePort, family: "IPv4" });
    stream.close();
    expect(stream.peerAddress.port).toBe(peer.port);
    await peer.close();
  });

  test("resolves names", async () => {
    const peer = await nodeServer((socket) => socket.end("hello"));
    const stream = await go(TcpStream.connect({ host: "localhost", port: peer.port }));
    expect(await go(readText(stream))).toBe("hello");
    stream.close();
    await peer.close();
  });

  test("does nothing before the first poll", async () => {
    const peer = await nodeServer(() => {});
    const connect = TcpStream.connect({ host, port: peer.port });
    for (let i = 0; i < 10; i++) await turn();
    expect(peer.sockets).toEqual([]);
    connect.cancel(new TestContext());
    expect(runtime.reactor).toBe("none");
    await peer.close();
  });

  test("fails with the system's error where nobody listens", async () => {
    const peer = await nodeServer(() => {});
    await peer.close();
    await expect(go(TcpStream.connect({ host, port: peer.port }))).rejects.toMatchObject({
      code: "ECONNREFUSED",
      errno: -111,
      syscall: "connect",
      address: host,
      port: peer.port,
    });
  });

  test("fails with the whole of the system's error where a name has several addresses", async () => {
    const peer = await nodeServer(() => {});
    await peer.close();
    await expect(go(TcpStream.connect({ host: "localhost", port: peer.port }))).rejects.toMatchObject({
      code: "ECONNREFUSED",
      errno: expect.any(Number),
      syscall: "connect",
      address: expect.any(String),
      port: peer.port,
    });
  });

  test("fails with the resolver's error where a name has no address", async () => {
    const connect = go(TcpStream.connect({ host: "name.invalid", port: 80 }));
    await expect(connect).rejects.toMatchObject({ syscall: "getaddrinfo" });
  });

  test("says what is wrong with its options at the call", () => {
    // @ts-expect-error options are needed
    expect(() => TcpStream.connect()).toThrow(TypeError);
    // @ts-expect-error a host is a string
    expect(() => TcpStream.connect({ host: 1, port: 80 })).toThrow(TypeError);
    // @ts-expect-error a port is a number
    expect(() => TcpStream.connect({ host, port: "80" })).toThrow(TypeError);
    // @ts-expect-error a flag is a boolean
    expect(() => TcpStream.connect({ host, port: 80, noDelay: 1 })).toThrow(TypeError);
    expect(() => TcpStream.connect({ host: "", port: 80 })).toThrow(RangeError);
    for (const port of [-1, 0, 1.5, 65_536, Number.NaN]) {
      expect(() => TcpStream.connect({ host, port })).toThrow(RangeError);
    }
  });

  test("needs a runtime", () => {
    expect(() => TcpStream.connect({ host, port: 80 }).poll(new TestContext())).toThrow(NoRuntimeError);
  });

  test("cancelled at any poll, leaves no connection", async () => {
    const peer = await nodeServer(() => {});
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const outcome = await go(cancelAt(TcpStream.connect({ host, port: peer.port })));
      if (!outcome.cancelled) outcome.value.close();
      expect(reactor()?.openSources ?? 0).toBe(0);
      expect(runtime.handle.outstanding).toBe(0);
    });
    expect(polls).toBe(2);
    await peer.close();
    await until(() => socketHandles().length === 0);
  });

  test("polled after its end, says so", async () => {
    const peer = await nodeServer(() => {});
    const connect = TcpStream.connect({ host, port: peer.port });
    const stream = await go(connect);
    expect(() => connect.poll(new TestContext(runtime.handle))).toThrow(PollAfterCompletionError);
    stream.close();
    await peer.close();
  });
});

/** The timer that the system has armed for a connection: "02" is that of keep-alive. */
function systemTimer({ localAddress, peerAddress }: TcpStream): string | undefined {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");
  const ends = new RegExp(`:${hex(localAddress.port)} \\w+:${hex(peerAddress.port)} 01 \\w+:\\w+ (\\w\\w):`);
  return ends.exec(readFileSync("/proc/net/tcp", "utf8"))?.[1];
}

describe.runIf(existsSync("/proc/net/tcp"))("tcp stream: keep-alive", () => {
  test("is what the system does, for both ends, from the options and later", async () => {
    const listener = await go(TcpListener.bind({ host, port: 0, keepAlive: 60_000 }));
    const ours = await go(TcpStream.connect(listener.localAddress));
    const theirs = await go(listener.accept());
    const kept = await go(TcpStream.connect({ ...listener.localAddress, family: "any", keepAlive: true }));
    expect([ours, theirs, kept].map(systemTimer)).toEqual(["00", "02", "02"]);
    ours.setKeepAlive(5000);
    theirs.setKeepAlive(false);
    expect([ours, theirs].map(systemTimer)).toEqual(["02", "00"]);
    for (const each of [ours, theirs, kept, listener]) each.close();
    await until(() => reactor().openSources === 0);
  });
});

describe("tcp stream: read and write", () => {
  test("bytes arrive as they were sent, both ways, in any sizes", async () => {
    const { stream, socket } = await pair();
    const sent = randomBytes(3_000_000);
    socket.pipe(socket);
    const write = co(function* () {
      for (let at = 0, size = 1; at < sent.length; at += size, size = (size * 7 + 1) % 200_000) {
        yield* stream.writeAll(sent.subarray(at, at + size));
      }
      yield* stream.shutdown();
    });
    const [received] = await Promise.all([go(readToEnd(stream)), go(write())]);
    expect(received).toEqual({ size: sent.length, hash: sha1(sent) });
    stream.close();
  });

  test("read waits until something arrives, and gives what fits", async () => {
    const { stream, socket } = await pair();
    const first = go(readText(stream, 3));
    await turn();
    socket.write("hello");
    expect(await first).toBe("hel");
    expect(await go(readText(stream, 3))).toBe("lo");
    stream.close();
  });

  test("read gives 0 at the end, again and again, after everything that was sent", async () => {
    const { stream, socket } = await pair({ allowHalfOpen: true });
    socket.end("bye");
    expect(await go(readText(stream))).toBe("bye");
    for (let i = 0; i < 3; i++) expect(await go(readText(stream))).toBe("");
    stream.close();
  });

  test("a write buffer can be used again as soon as write has returned", async () => {
    const { stream, socket } = await pair();
    socket.pause();
    const write = co(function* () {
      const buf = new Uint8Array(60_000);
      const sizes: number[] = [];
      // Until the system takes no more, so that bytes wait for it.
      while (!buffered(stream).isFull) {
        buf.fill(sizes.length + 1);
        sizes.push(yield* stream.write(buf));
      }
      buf.fill(0);
      return sizes;
    });
    const sizes = await go(write());
    const received = collect(socket);
    stream.close();
    const all = await received;
    expect(all.equals(Buffer.concat(sizes.map((size, i) => Buffer.alloc(size, i + 1))))).toBe(true);
    await until(() => reactor().openSources === 0);
  });

  test("what has been written is sent after a close, and nothing is left then", async () => {
    const { stream, socket } = await pair();
    socket.pause();
    const fill = co(function* () {
      let size = 0;
      const buf = new Uint8Array(100_000);
      // As long as the system takes it at once.
      while (!buffered(stream).isFull) size += yield* stream.write(buf);
      return size;
    });
    const size = await go(fill());
    expect(buffered(stream).written).toBeGreaterThan(0);
    stream.close();
    expect(stream.isClosed).toBe(true);
    expect((await collect(socket)).length).toBe(size);
    await until(() => reactor().openSources === 0);
  });

  test("write gives 0 for an empty buffer, and writeAll is done", async () => {
    const { stream } = await pair();
    expect(await go(stream.write(new Uint8Array()))).toBe(0);
    await go(stream.writeAll(new Uint8Array()));
    stream.close();
  });

  test("one task reads while another one writes", async () => {
    const { stream, socket } = await pair();
    const reader = go(readText(stream));
    await turn();
    await go(stream.writeAll(bytes("ping")));
    expect(text((await once(socket, "data"))[0])).toBe("ping");
    socket.write("pong");
    expect(await reader).toBe("pong");
    stream.close();
  });

  test("two reads at once are a mistake; the one that waits is not disturbed", async () => {
    const { stream, socket } = await pair();
    const first = go(readText(stream));
    await turn();
    await expect(go(readText(stream))).rejects.toThrow(FutureInUseError);
    socket.write("x");
    expect(await first).toBe("x");
    socket.write("y");
    expect(await go(readText(stream))).toBe("y");
    stream.close();
  });

  test("two writes at once are a mistake", async () => {
    const { stream, socket } = await pair();
    socket.pause();
    const first = go(stream.writeAll(new Uint8Array(50_000_000)));
    await turn();
    await expect(go(stream.write(new Uint8Array(1)))).rejects.toThrow(FutureInUseError);
    await expect(go(stream.shutdown())).rejects.toThrow(FutureInUseError);
    first.abort();
    await expect(first).rejects.toThrow();
    const rest = collect(socket);
    await go(stream.shutdown());
    await rest;
    stream.close();
  });

  test("says what is wrong with a buffer at the call", async () => {
    const { stream } = await pair();
    // @ts-expect-error a buffer is needed
    expect(() => stream.read()).toThrow(TypeError);
    // @ts-expect-error bytes are needed
    expect(() => stream.write("text")).toThrow(TypeError);
    // @ts-expect-error bytes are needed
    expect(() => stream.writeAll(new ArrayBuffer(1))).toThrow(TypeError);
    expect(() => stream.read(new Uint8Array())).toThrow(RangeError);
    stream.close();
  });

  test("every operation says so when it is polled after its end", async () => {
    const { stream, socket } = await pair();
    socket.write("x");
    const cx = new TestContext(runtime.handle);
    const operations = [
      stream.read(new Uint8Array(1)),
      stream.write(bytes("x")),
      stream.writeAll(bytes("x")),
      stream.shutdown(),
    ];
    for (const operation of operations) {
      await go(operation as Future<unknown>);
      expect(() => operation.poll(cx)).toThrow(PollAfterCompletionError);
    }
    stream.close();
  });

  test("types: read and write give numbers of bytes", () => {
    expectTypeOf(TcpStream.prototype.read).returns.toEqualTypeOf<Future<number>>();
    expectTypeOf(TcpStream.prototype.write).returns.toEqualTypeOf<Future<number>>();
    expectTypeOf(TcpStream.prototype.writeAll).returns.toEqualTypeOf<Future<void>>();
    expectTypeOf<TcpStream>().toExtend<Disposable & AsyncDisposable>();
  });
});

describe("tcp stream: budget", () => {
  test("each operation takes a unit of the budget before any effect, and gives it back when it must wait", async () => {
    const { stream, socket } = await pair();
    const { handle } = runtime;
    const cx = new TestContext(handle);
    const operations = [stream.read(new Uint8Array(8)), stream.write(bytes("x")), stream.shutdown()];
    handle.budget = 0;
    for (const operation of operations) {
      expect((operation as Future<unknown>).poll(cx)).toBeTypeOf("symbol");
      expect(cx.takeWakes()).toBe(1);
      operation.cancel(cx);
    }
    expect(socket.bytesRead).toBe(0);
    handle.budget = 5;
    const read = stream.read(new Uint8Array(8));
    pending(read, cx);
    expect(handle.budget).toBe(5);
    socket.write("x");
    await until(() => cx.wakes > 0);
    handle.budget = 5;
    expect(read.poll(cx)).toBe(1);
    expect(handle.budget).toBe(4);
    stream.close();
  });

  test("a task that always finds something to read lets others run", async () => {
    const { stream, socket } = await pair();
    socket.write(new Uint8Array(10_000));
    let read = 0;
    let others = 0;
    const reader = co(function* () {
      for (const buf = new Uint8Array(1); read < 10_000; ) read += yield* stream.read(buf);
    });
    const other = co(function* () {
      while (read < 10_000) {
        others++;
        yield* yieldNow();
      }
    });
    await Promise.all([go(reader()), go(other())]);
    expect(others).toBeGreaterThan(10_000 / 128 - 2);
    stream.close();
  });
});

describe("tcp stream: shutdown", () => {
  test("the peer reads the end and may go on writing", async () => {
    const { stream, socket } = await pair({ allowHalfOpen: true });
    const received = collect(socket);
    await go(stream.writeAll(bytes("question")));
    await go(stream.shutdown());
    expect(text(await received)).toBe("question");
    socket.write("ans");
    expect(await go(readText(stream))).toBe("ans");
    socket.end("wer");
    expect(await go(readText(stream))).toBe("wer");
    expect(await go(readText(stream))).toBe("");
    // Both sides have ended, so the descriptor is given back without a close.
    await until(() => reactor().openSources === 0);
    expect(await go(readText(stream))).toBe("");
    stream.close();
  });

  test("we may go on writing after the peer has ended", async () => {
    const { stream, socket } = await pair({ allowHalfOpen: true });
    const received = collect(socket);
    socket.end();
    expect(await go(readText(stream))).toBe("");
    await go(stream.writeAll(bytes("still here")));
    await go(stream.shutdown());
    expect(text(await received)).toBe("still here");
    stream.close();
  });

  test("comes after everything that was written, and is idempotent", async () => {
    const { stream, socket } = await pair();
    const received = collect(socket);
    const sent = randomBytes(2_000_000);
    await go(stream.writeAll(sent));
    await go(stream.shutdown());
    await go(stream.shutdown());
    expect(sha1(await received)).toBe(sha1(sent));
    stream.close();
  });

  test("writing after it fails with ClosedError", async () => {
    const { stream } = await pair({ allowHalfOpen: true });
    await go(stream.shutdown());
    await expect(go(stream.write(bytes("x")))).rejects.toThrow(ClosedError);
    await expect(go(stream.writeAll(bytes("x")))).rejects.toThrow(
      "the write side of the TCP stream is closed",
    );
    stream.close();
  });
});

describe("tcp stream: close", () => {
  test("wakes a task that reads, with ClosedError", async () => {
    const { stream } = await pair();
    const reader = go(readText(stream));
    await turn();
    stream.close();
    await expect(reader).rejects.toThrow(ClosedError);
    expect(runtime.handle.outstanding).toBe(0);
  });

  test("wakes a task that writes, with ClosedError", async () => {
    const { stream, socket } = await pair();
    socket.pause();
    const writer = go(stream.writeAll(new Uint8Array(50_000_000)));
    await until(() => runtime.handle.outstanding > 0);
    stream.close();
    await expect(writer).rejects.toThrow(ClosedError);
    socket.destroy();
    await until(() => reactor().openSources === 0);
  });

  test("every operation fails after it; closing twice is harmless", async () => {
    const { stream, socket } = await pair();
    await new Promise((resolve) => socket.write("unread", resolve));
    stream.close();
    stream.close();
    stream[Symbol.dispose]();
    await stream[Symbol.asyncDispose]();
    await expect(go(readText(stream))).rejects.toThrow(ClosedError);
    await expect(go(stream.write(bytes("x")))).rejects.toThrow(ClosedError);
    await expect(go(stream.shutdown())).rejects.toThrow(ClosedError);
    expect(() => stream.setNoDelay(true)).toThrow(ClosedError);
  });

  test("the peer sees it", async () => {
    const { stream, socket } = await pair();
    stream.close();
    expect(await collect(socket)).toEqual(Buffer.alloc(0));
  });
});

describe("tcp stream: failures", () => {
  test("a reset reaches the read that waits, once, as the system's error; later operations are closed", async () => {
    const { stream, socket } = await pair();
    const reader = go(readText(stream));
    await turn();
    socket.resetAndDestroy();
    await expect(reader).rejects.toMatchObject({ code: "ECONNRESET", syscall: "read", errno: -104 });
    const later = go(readText(stream)).then(null, (error: unknown) => error);
    expect(await later).toBeInstanceOf(ClosedError);
    expect(((await later) as Error).cause).toMatchObject({ code: "ECONNRESET" });
    await expect(go(stream.write(bytes("x")))).rejects.toThrow(ClosedError);
    stream.close();
  });

  test("a reset that nobody waits for reaches the next read, after the bytes that came before", async () => {
    const { stream, socket } = await pair();
    socket.write("last words");
    pendingThenCancelled(stream.read(new Uint8Array(1)));
    await until(() => buffered(stream).read === 10);
    socket.resetAndDestroy();
    await until(() => reactor().openSources === 0);
    expect(await go(readText(stream, 4))).toBe("last");
    expect(await go(readText(stream))).toBe(" words");
    await expect(go(readText(stream))).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(go(readText(stream))).rejects.toThrow(ClosedError);
    stream.close();
  });

  test("bytes that were held back in a paused socket are read before the failure", async () => {
    const { stream, socket } = await pair();
    const sent = randomBytes(120_000);
    socket.write(sent);
    pendingThenCancelled(stream.read(new Uint8Array(1)));
    await until(() => buffered(stream).read > 70_000);
    // A reset is met by a socket that is paused only when it writes.
    socket.resetAndDestroy();
    await turn();
    for (let i = 0; i < 20 && reactor().openSources > 0; i++) {
      await go(stream.write(bytes("x"))).then(null, () => {});
      await turn();
    }
    const held = buffered(stream).read;
    expect(held).toBeGreaterThan(70_000);
    const buf = new Uint8Array(held);
    let size = 0;
    while (size < held) size += await go(stream.read(buf.subarray(size)));
    expect(sha1(buf)).toBe(sha1(sent.subarray(0, held)));
    await expect(go(readText(stream))).rejects.toThrow();
    stream.close();
  });

  test("a write to a peer that has gone fails with the system's error, and so does one that waits", async () => {
    const { stream, socket } = await pair();
    socket.pause();
    const writer = go(stream.writeAll(new Uint8Array(50_000_000)));
    await until(() => buffered(stream).written > 0);
    socket.resetAndDestroy();
    await expect(writer).rejects.toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) });
    stream.close();
  });

  test("of a read and a write that wait, one meets the failure and the other one sees it as a cause", async () => {
    const { stream, socket } = await pair();
    socket.pause();
    const reader = go(readText(stream)).then(null, (error: unknown) => error);
    const writer = go(stream.writeAll(new Uint8Array(50_000_000))).then(null, (error: unknown) => error);
    await until(() => buffered(stream).written > 0);
    socket.resetAndDestroy();
    const errors = (await Promise.all([reader, writer])) as Error[];
    const system = errors.filter((error) => "syscall" in error);
    expect(system).toHaveLength(1);
    expect(errors.find((error) => error instanceof ClosedError)?.cause).toBe(system[0]);
    stream.close();
  });

  test("the end stays the end, when a later write fails", async () => {
    const { stream, socket } = await pair();
    socket.end();
    expect(await go(readText(stream))).toBe("");
    socket.destroy();
    const write = co(function* () {
      for (;;) {
        yield* stream.write(bytes("x"));
        yield* yieldNow();
      }
    });
    const writer = go(write()).then(null, (error: unknown) => error);
    await until(() => reactor().openSources === 0);
    expect(await go(readText(stream))).toBe("");
    expect(await writer).toMatchObject({ code: expect.stringMatching(/^(EPIPE|ECONNRESET)$/) });
    expect(await go(readText(stream))).toBe("");
    stream.close();
  });

  test("a failure that nobody meets is no error event", async () => {
    const { stream, socket } = await pair();
    pendingThenCancelled(stream.read(new Uint8Array(1)));
    socket.resetAndDestroy();
    await until(() => reactor().openSources === 0);
    stream.close();
  });
});

/** Polls a read once, so that the socket flows, and takes it back. */
function pendingThenCancelled(operation: Future<unknown>): void {
  const cx = pending(operation, new TestContext(runtime.handle));
  operation.cancel(cx);
}

describe("tcp stream: back-pressure", () => {
  test("a writer that nobody reads from is stopped, and its memory is bounded", async () => {
    const { stream, socket } = await pair();
    socket.pause();
    let written = 0;
    let most = 0;
    const write = co(function* () {
      for (const buf = new Uint8Array(1_000_000); ; most = Math.max(most, buffered(stream).written)) {
        written += yield* stream.write(buf);
      }
    });
    const writer = go(write());
    // Until the system has taken nothing for many turns.
    for (let before = -1, same = 0; same < 50; before = written) {
      await turn();
      same = written === before ? same + 1 : 0;
    }
    expect(runtime.handle.outstanding).toBe(1);
    expect(most).toBeLessThan(2 * 65_536);
    // The buffers of the system are between the two.
    expect(written).toBeLessThan(64_000_000);
    writer.abort();
    await expect(writer).rejects.toThrow();
    const received = collect(socket);
    stream.close();
    expect((await received).length).toBe(written);
    await until(() => reactor().openSources === 0);
  });

  test("a peer that writes to a slow reader is stopped, and our memory is bounded", async () => {
    const { stream, socket } = await pair();
    const sent = randomBytes(20_000_000);
    socket.end(sent);
    await go(readText(stream, 1));
    for (let before = -1, same = 0; same < 50; before = socket.writableLength) {
      await turn();
      same = socket.writableLength === before ? same + 1 : 0;
    }
    expect(socket.writableLength).toBeGreaterThan(0);
    expect(buffered(stream).read).toBeLessThan(3 * 65_536);
    const rest = await go(readToEnd(stream));
    expect(rest).toEqual({ size: sent.length - 1, hash: sha1(sent.subarray(1)) });
    stream.close();
  });

  test("nothing is read before the first read, on either end", async () => {
    const peer = await nodeServer((socket) => socket.write(new Uint8Array(10_000)));
    const { stream: accepted, socket } = await pair();
    const connected = await go(TcpStream.connect(peer));
    socket.write(new Uint8Array(10_000));
    for (let i = 0; i < 20; i++) await turn();
    for (const stream of [accepted, connected]) {
      expect(buffered(stream).read).toBe(0);
      expect((await go(readText(stream, 20_000))).length).toBe(10_000);
      stream.close();
    }
    await peer.close();
  });

  test("a peer that sends single bytes does not make many objects", async () => {
    const { stream, socket } = await pair();
    pendingThenCancelled(stream.read(new Uint8Array(1)));
    for (let i = 0; i < 200; i++) {
      await new Promise((resolve) => socket.write("x", resolve));
      await turn();
    }
    const { chunks } = (stream as unknown as { source: { chunks: { pieces: number } } }).source;
    expect(chunks.pieces).toBeLessThanOrEqual(32);
    socket.end();
    expect((await go(readToEnd(stream))).size).toBe(200);
    stream.close();
  });
});

describe("tcp stream: cancel at every poll", () => {
  test("read: bytes that have arrived are there for the next", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const { stream, socket } = await pair();
      const buf = new Uint8Array(100);
      const first = go(cancelAt(stream.read(buf)));
      await turn();
      socket.write("hello");
      const outcome = await first;
      let got = outcome.cancelled ? "" : text(buf.subarray(0, outcome.value));
      while (got.length < 5) got += await go(readText(stream));
      expect(got).toBe("hello");
      expect(runtime.handle.outstanding).toBe(0);
      stream.close();
    });
    expect(polls).toBe(2);
  });

  test("write: either it has written or not", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const { stream, socket } = await pair();
      socket.pause();
      const fill = co(function* () {
        let size = 0;
        while (!buffered(stream).isFull) size += yield* stream.write(new Uint8Array(50_000));
        return size;
      });
      let size = await go(fill());
      const write = go(cancelAt(stream.write(new Uint8Array(1000))));
      await turn();
      const received = collect(socket);
      const outcome = await write;
      if (!outcome.cancelled) size += outcome.value;
      await go(stream.writeAll(bytes("end")));
      stream.close();
      const all = await received;
      expect(all.length).toBe(size + 3);
      expect(text(all.subarray(-3))).toBe("end");
      expect(runtime.handle.outstanding).toBe(0);
      await until(() => reactor().openSources === 0);
    });
    expect(polls).toBe(2);
  });

  test("writeAll: the stream can be closed, and nothing is left", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const { stream, socket } = await pair();
      const received = collect(socket);
      const sent = new Uint8Array(1_000_000);
      const outcome = await go(cancelAt(stream.writeAll(sent)));
      stream.close();
      const size = (await received).length;
      if (outcome.cancelled) expect(size).toBeLessThan(sent.length);
      else expect(size).toBe(sent.length);
      expect(runtime.handle.outstanding).toBe(0);
      await until(() => reactor().openSources === 0);
    });
    expect(polls).toBeGreaterThanOrEqual(1);
  });

  test("shutdown: begun, it ends the side all the same", async () => {
    let attempts = 0;
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const { stream, socket } = await pair({ allowHalfOpen: true });
      const received = collect(socket);
      await go(stream.writeAll(bytes("x")));
      await go(cancelAt(stream.shutdown()));
      if (attempts++ === 0) await go(stream.shutdown());
      expect(text(await received)).toBe("x");
      await expect(go(stream.write(bytes("y")))).rejects.toThrow(ClosedError);
      expect(runtime.handle.outstanding).toBe(0);
      stream.close();
    });
    expect(polls).toBe(2);
  });
});

test("tcp stream: 100,000 cancelled reads leave nothing behind", async () => {
  const { stream, socket } = await pair();
  const cx = new TestContext(runtime.handle);
  const cancelled = (): void => {
    const read = stream.read(buf);
    read.poll(cx);
    read.cancel(cx);
  };
  const buf = new Uint8Array(10);
  for (let i = 0; i < 10_000; i++) cancelled();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 100_000; i++) cancelled();
  globalThis.gc?.();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  expect(runtime.handle.outstanding).toBe(0);
  socket.write("x");
  expect(await go(readText(stream))).toBe("x");
  stream.close();
});

test("tcp stream: 2,000 connections opened and dropped leave no handle", { timeout: 30_000 }, async () => {
  const listener = await go(TcpListener.bind({ host, port: 0, backlog: 4096 }));
  const serve = co(function* () {
    for (let i = 0; i < 2000; i++) {
      const stream = yield* listener.accept();
      yield* stream.writeAll(bytes("hi"));
      stream.close();
    }
  });
  const visit = co(function* () {
    const stream = yield* TcpStream.connect(listener.localAddress);
    const got = yield* readText(stream);
    stream.close();
    return got;
  });
  const server = go(serve());
  for (let i = 0; i < 20; i++) {
    const all = await Promise.all(Array.from({ length: 100 }, () => go(visit())));
    expect(new Set(all)).toEqual(new Set(["hi"]));
  }
  await server;
  listener.close();
  expect(reactor().openSources).toBe(0);
  await until(() => socketHandles().length === 0);
});
