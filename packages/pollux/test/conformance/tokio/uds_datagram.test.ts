import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, expect, test } from "vitest";
import { blockFuture, co } from "../../../src/core/coroutine.ts";
import { WouldBlockError } from "../../../src/core/errors.ts";
import type { Suspend } from "../../../src/core/future.ts";
import { Pending } from "../../../src/core/poll.ts";
import { UnixDatagram } from "../../../src/net/unix-datagram.ts";
import { loadNative } from "../../../src/reactor/epoll/native.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { TestContext } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";

const onEpoll = test.runIf("native" in loadNative());
const folder = mkdtempSync(joinPath(tmpdir(), "pollux-"));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true }));

const program = (block: () => Generator<Suspend, void, unknown>): Promise<void> =>
  run(blockFuture(block(), "a test"));
const fresh = (): string => joinPath(folder, `s${files++}`);
const bytes = (text: string): Uint8Array => Buffer.from(text);
const buf = new Uint8Array(2000);

const echo = co(function* (server: UnixDatagram) {
  const own = new Uint8Array(2000);
  for (;;) {
    const { size, from } = yield* server.recvFrom(own);
    yield* server.sendTo(own.subarray(0, size), from ?? "");
  }
});

onEpoll("echo: a connected socket is answered by path", () =>
  program(function* () {
    const server = yield* UnixDatagram.bind(fresh());
    spawn(echo(server));
    const client = yield* UnixDatagram.bind(fresh());
    yield* client.connect(server.localAddress ?? "");
    yield* client.send(bytes("ECHO"));
    expect(yield* client.recv(buf)).toBe(4);
  }),
);

onEpoll("echo_from: one that is not connected is, too", () =>
  program(function* () {
    const server = yield* UnixDatagram.bind(fresh());
    spawn(echo(server));
    const client = yield* UnixDatagram.bind(fresh());
    yield* client.sendTo(bytes("ECHO"), server.localAddress ?? "");
    expect(yield* client.recvFrom(buf)).toMatchObject({ size: 4, from: server.localAddress });
  }),
);

onEpoll("try_send_recv_never_block: a full receiver and an empty one are told, and nothing waits", () =>
  program(function* () {
    const [a, b] = yield* UnixDatagram.pair();
    let sent = 0;
    expect(() => {
      for (; ; sent++) a.trySend(bytes("hello world"));
    }).toThrow(WouldBlockError);
    expect(sent).toBeGreaterThan(0);
    yield* b.readable();
    for (; sent > 0; sent--) expect(b.tryRecv(buf)).toBe(11);
    expect(() => b.tryRecv(buf)).toThrow(WouldBlockError);
  }),
);

onEpoll("split: one task sends while another one receives", () =>
  program(function* () {
    const socket = yield* UnixDatagram.bind(fresh());
    const received = spawn(socket.recv(buf));
    yield* socket.sendTo(bytes("hello"), socket.localAddress ?? "");
    expect(yield* received).toBe(5);
  }),
);

onEpoll("send_to_recv_from_poll, send_recv_poll: the same by polls", () =>
  program(function* () {
    const [a, b] = [yield* UnixDatagram.bind(fresh()), yield* UnixDatagram.bind(fresh())];
    const cx = currentContext();
    expect(a.pollSend(cx, bytes("hello"), b.localAddress)).toBe(5);
    yield* b.readable();
    expect(b.pollReceive(cx, buf, false)).toBe(5);
    expect(b.received(5).from).toBe(a.localAddress);
    yield* a.connect(b.localAddress ?? "");
    expect(a.pollSend(cx, bytes("again!"), null)).toBe(6);
    yield* b.readable();
    expect(b.pollReceive(cx, buf, false)).toBe(6);
  }),
);

onEpoll("try_send_to_recv_from: the try functions send to and receive from paths", () =>
  program(function* () {
    const [a, b] = [yield* UnixDatagram.bind(fresh()), yield* UnixDatagram.bind(fresh())];
    yield* a.writable();
    a.trySendTo(bytes("hello"), b.localAddress ?? "");
    yield* b.readable();
    expect(b.tryRecvFrom(buf)).toMatchObject({ size: 5, from: a.localAddress });
    expect(() => b.tryRecvFrom(buf)).toThrow(WouldBlockError);
  }),
);

onEpoll("poll_ready: a direction is ready until an operation has found that it is not", () =>
  program(function* () {
    const [a, b] = yield* UnixDatagram.pair();
    const cx = new TestContext(currentContext().runtime);
    yield* a.writable();
    expect(a.pollWriteReady(cx)).toBeUndefined();
    expect(() => {
      for (;;) a.trySend(bytes("hello"));
    }).toThrow(WouldBlockError);
    expect(a.pollWriteReady(cx)).toBe(Pending);
    a.cancelWrite();
    yield* b.readable();
    expect(b.pollReadReady(cx)).toBeUndefined();
    expect(() => {
      for (;;) b.tryRecv(buf);
    }).toThrow(WouldBlockError);
    expect(b.pollReadReady(cx)).toBe(Pending);
    b.cancelRead();
    yield* a.writable();
  }),
);
