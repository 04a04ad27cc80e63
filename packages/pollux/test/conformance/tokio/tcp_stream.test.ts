import { expect, test } from "vitest";
import { join } from "../../../src/combine/join.ts";
import type { Context } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { WouldBlockError } from "../../../src/core/errors.ts";
import { Pending } from "../../../src/core/poll.ts";
import { TcpListener } from "../../../src/net/tcp-listener.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { TestContext } from "../../support/context.ts";

const createPair = co(function* () {
  const listener = yield* TcpListener.bind("127.0.0.1:0");
  const [server, client] = yield* join(listener.accept(), TcpStream.connect(listener.localAddress));
  listener.close();
  return { client, server };
});

/** Calls until it would block; gives the bytes of all calls. */
function untilPending(attempt: () => number): number {
  for (let total = 0; ; ) {
    try {
      total += attempt();
    } catch (error) {
      expect(error).toBeInstanceOf(WouldBlockError);
      return total;
    }
  }
}

/** Writes until neither the stream nor the system below it takes any more. */
const writeUntilStuck = co(function* (stream: TcpStream, piece: Uint8Array | Uint8Array[]) {
  const write = (): number =>
    Array.isArray(piece) ? stream.tryWriteVectored(piece) : stream.tryWrite(piece);
  let total = 0;
  // The node reactor hands on in the background what it has taken over, until the system takes nothing for many turns.
  for (let idle = 0; idle < 20; ) {
    const size = untilPending(write);
    total += size;
    idle = size > 0 ? 0 : idle + 1;
    yield* sleep(0);
  }
  return total;
});

const readExactly = co(function* (stream: TcpStream, size: number) {
  const all = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    yield* stream.readable();
    untilPending(() => {
      const n = at < size ? stream.tryRead(all.subarray(at)) : stream.tryRead(new Uint8Array(1));
      at += n;
      return n;
    });
  }
  return all;
});

const isReadable = (stream: TcpStream, cx: Context): boolean => {
  const poll = stream.pollReadReady(cx);
  stream.cancelRead();
  return poll !== Pending;
};

const isWritable = (stream: TcpStream, cx: Context): boolean => {
  const poll = stream.pollWriteReady(cx);
  stream.cancelWrite();
  return poll !== Pending;
};

test("set_linger: none, 0, and none again", async () => {
  const main = co(function* () {
    const { client, server } = yield* createPair();
    for (const linger of [null, 0, null]) {
      client.setLinger(linger);
      expect(client.linger).toBe(linger);
    }
    client.close();
    server.close();
  });
  await run(main());
});

test("try_read_write, try_read_buf: do not wait, tell when they would, and who waits for readiness is woken", async () => {
  const main = co(function* () {
    const { client, server } = yield* createPair();
    const data = Buffer.alloc(4000, 2);
    const cx = new TestContext();
    expect(server.pollReadReady(cx)).toBe(Pending);
    yield* client.writable();
    expect(client.tryWrite(data)).toBe(data.length);
    while (cx.wakes === 0) yield* sleep(0);
    let written = data.length;
    const parts = Array.from({ length: 400 }, (_, i) => data.subarray(i * 10, i * 10 + 10));
    for (const piece of [data, parts]) {
      written += yield* writeUntilStuck(client, piece);
      expect(isWritable(client, cx)).toBe(false);
      const all = yield* readExactly(server, written);
      expect(all.every((byte) => byte === 2)).toBe(true);
      yield* client.writable();
      written = 0;
    }
    client.close();
    for (;;) {
      const ready = yield* server.ready({ read: true });
      if (ready.isReadClosed) break;
      yield* yieldNow();
    }
    server.close();
  });
  await run(main());
});

test("poll_read_ready: readable while there is something to read, or the end", async () => {
  const main = co(function* () {
    const { client, server } = yield* createPair();
    const cx = new TestContext();
    expect(isReadable(server, cx)).toBe(false);
    yield* client.writeAll(Buffer.from("ping"));
    yield* server.readable();
    expect(isReadable(server, cx)).toBe(true);
    expect(untilPending(() => server.tryRead(new Uint8Array(3)))).toBe(4);
    expect(isReadable(server, cx)).toBe(false);
    client.close();
    yield* server.readable();
    expect(isReadable(server, cx)).toBe(true);
    server.close();
  });
  await run(main());
});

test("poll_write_ready: writable while something is taken over, or the peer is gone", async () => {
  const main = co(function* () {
    const { client, server } = yield* createPair();
    const cx = new TestContext();
    expect(isWritable(client, cx)).toBe(true);
    yield* writeUntilStuck(client, new Uint8Array(1_000_000));
    expect(isWritable(client, cx)).toBe(false);
    server.reset();
    yield* client.writable();
    expect(isWritable(client, cx)).toBe(true);
    client.close();
  });
  await run(main());
});

test("read_closed: bytes alone do not close the read side", async () => {
  const main = co(function* () {
    const { client, server } = yield* createPair();
    const ready = client.ready({ read: true });
    const cx = new TestContext();
    expect(ready.poll(cx)).toBe(Pending);
    yield* server.writeAll(Buffer.from("ping"));
    expect((yield* ready).isReadClosed).toBe(false);
    client.close();
    server.close();
  });
  await run(main());
});

test("write_closed: room alone does not close the write side", async () => {
  const main = co(function* () {
    const { client, server } = yield* createPair();
    const written = yield* writeUntilStuck(client, new Uint8Array(1_000_000));
    const ready = client.ready({ write: true });
    expect(ready.poll(new TestContext())).toBe(Pending);
    yield* readExactly(server, written);
    expect((yield* ready).isWriteClosed).toBe(false);
    client.close();
    server.close();
  });
  await run(main());
});
