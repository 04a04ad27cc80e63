import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tryJoin } from "../../../src/combine/try-join.ts";
import { blockFuture, co } from "../../../src/core/coroutine.ts";
import { WouldBlockError } from "../../../src/core/errors.ts";
import type { Suspend } from "../../../src/core/future.ts";
import { Pending } from "../../../src/core/poll.ts";
import { UnixListener } from "../../../src/net/unix-listener.ts";
import { UnixStream } from "../../../src/net/unix-stream.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { TestContext } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";

const folder = mkdtempSync(joinPath(tmpdir(), "pollux-"));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true }));

const program = (block: () => Generator<Suspend, void, unknown>): Promise<void> =>
  run(blockFuture(block(), "a test"));

const bytes = (text: string): Uint8Array => Buffer.from(text);

const connected = co(function* () {
  const listener = yield* UnixListener.bind(joinPath(folder, `s${files++}`));
  const [server, client] = yield* tryJoin(listener.accept(), UnixStream.connect(listener.path));
  return { listener, server, client };
});

/** What a stream gives up to its end, or until nothing is there. */
const drain = co(function* (stream: UnixStream, size: number) {
  const buf = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    yield* stream.readable();
    try {
      const middle = Math.min(size, at + 1000);
      at += stream.tryReadVectored([buf.subarray(at, middle), buf.subarray(middle)]);
    } catch (error) {
      if (!(error instanceof WouldBlockError)) throw error;
    }
  }
  return Buffer.from(buf).toString();
});

test("accept_read_write, accept_read_write_socketaddr: bytes that were written before the close are read, then the end", () =>
  program(function* () {
    const { server, client } = yield* connected();
    yield* client.writeAll(bytes("hello"));
    client.close();
    const buf = new Uint8Array(100);
    expect([yield* server.read(buf), yield* server.read(buf), yield* server.read(buf)]).toEqual([5, 0, 0]);
  }));

test("shutdown: the peer reads the end", () =>
  program(function* () {
    const { server, client } = yield* connected();
    yield* client.shutdown();
    expect(yield* server.read(new Uint8Array(1))).toBe(0);
  }));

test("try_read_write: the try functions fill a stream and drain it, and waits tell when", () =>
  program(function* () {
    const { server, client } = yield* connected();
    const readable = spawn(server.readable());
    yield* client.writable();
    let written = "";
    const message = "hello world";
    const fill = (write: () => number): void => {
      try {
        for (;;) written += message.slice(0, write());
      } catch (error) {
        if (!(error instanceof WouldBlockError)) throw error;
      }
    };
    fill(() => client.tryWrite(bytes(message)));
    yield* readable;
    expect(client.pollWriteReady(new TestContext(currentContext().runtime))).toBe(Pending);
    client.cancelWrite();
    expect(yield* drain(server, written.length)).toBe(written);
    written = "";
    yield* client.writable();
    fill(() => client.tryWriteVectored([bytes("hel"), bytes("lo "), bytes("world")]));
    expect(yield* drain(server, written.length)).toBe(written);
    client.close();
    for (;;) {
      if ((yield* server.ready({ read: true })).isReadClosed) break;
      expect(server.tryRead(new Uint8Array(1))).toBe(0);
    }
  }));

test("poll_read_ready: readable from when there is something until a read finds nothing, and at the end", () =>
  program(function* () {
    const { server, client } = yield* connected();
    const cx = new TestContext(currentContext().runtime);
    expect(() => server.tryRead(new Uint8Array(1))).toThrow(WouldBlockError);
    expect(server.pollReadReady(cx)).toBe(Pending);
    server.cancelRead();
    yield* client.writeAll(bytes("ping"));
    yield* server.readable();
    expect(server.pollReadReady(cx)).toBeUndefined();
    expect(yield* server.read(new Uint8Array(4))).toBe(4);
    expect(() => server.tryRead(new Uint8Array(4))).toThrow(WouldBlockError);
    expect(server.pollReadReady(cx)).toBe(Pending);
    server.cancelRead();
    client.close();
    yield* server.readable();
  }));

test("poll_write_ready: writable until a write finds no room, again when there is, and when the peer is gone", () =>
  program(function* () {
    const { server, client } = yield* connected();
    const cx = new TestContext(currentContext().runtime);
    yield* client.writable();
    expect(client.pollWriteReady(cx)).toBeUndefined();
    const piece = new Uint8Array(10_000);
    expect(() => {
      for (;;) client.tryWrite(piece);
    }).toThrow(WouldBlockError);
    expect(client.pollWriteReady(cx)).toBe(Pending);
    client.cancelWrite();
    yield* drain(server, client.bytesWritten);
    yield* client.writable();
    expect(() => {
      for (;;) client.tryWrite(piece);
    }).toThrow(WouldBlockError);
    server.close();
    yield* client.writable();
  }));

test("abstract_socket_name: a name that begins with a zero is that of no file", () =>
  program(function* () {
    const listener = yield* UnixListener.bind(`\0pollux-conformance-${process.pid}`);
    const [server, client] = yield* tryJoin(listener.accept(), UnixStream.connect(listener.path));
    expect(server.localAddress).toBe(`\0pollux-conformance-${process.pid}`);
    client.close();
  }));
