import { expect, test } from "vitest";
import { blockFuture, co } from "../../../src/core/coroutine.ts";
import { WouldBlockError } from "../../../src/core/errors.ts";
import type { Suspend } from "../../../src/core/future.ts";
import { Pending } from "../../../src/core/poll.ts";
import { UdpSocket } from "../../../src/net/udp-socket.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { mpsc } from "../../../src/sync/mpsc.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { pending, TestContext } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";

const program = (block: () => Generator<Suspend, void, unknown>): Promise<void> =>
  run(blockFuture(block(), "a test"));

const bytes = (text: string): Uint8Array => Buffer.from(text);
const buf = new Uint8Array(2000);
const text = (size: number): string => Buffer.from(buf.subarray(0, size)).toString();

const bind = (): ReturnType<typeof UdpSocket.bind> => UdpSocket.bind("127.0.0.1:0");

const connected = co(function* () {
  const [a, b] = [yield* bind(), yield* bind()];
  yield* a.connect(b.localAddress);
  yield* b.connect(a.localAddress);
  return [a, b] as const;
});

test("send_recv: two sockets that are connected exchange datagrams", () =>
  program(function* () {
    const [a, b] = yield* connected();
    yield* a.send(bytes("hello"));
    expect(text(yield* b.recv(buf))).toBe("hello");
  }));

test("send_recv_poll: the same by polls", () =>
  program(function* () {
    const [a, b] = yield* connected();
    const cx = currentContext();
    expect(a.pollSend(cx, bytes("hello"), null)).toBe(5);
    yield* b.readable();
    expect(b.pollReceive(cx, buf, false)).toBe(5);
  }));

test("send_to_recv_closed_returns_err: a receive hears that the other socket is gone", () =>
  program(function* () {
    const [a, b] = yield* connected();
    b.close();
    yield* a.send(bytes("x"));
    let code: unknown;
    try {
      yield* a.recv(buf);
    } catch (error) {
      code = (error as NodeJS.ErrnoException).code;
    }
    expect(code).toBe("ECONNREFUSED");
  }));

test("send_to_recv_from: a datagram comes with its sender", () =>
  program(function* () {
    const [a, b] = [yield* bind(), yield* bind()];
    yield* a.sendTo(bytes("hello"), b.localAddress);
    expect(yield* b.recvFrom(buf)).toEqual({ size: 5, from: a.localAddress, isTruncated: false });
  }));

test("send_to_recv_from_poll: the same by polls", () =>
  program(function* () {
    const [a, b] = [yield* bind(), yield* bind()];
    const cx = currentContext();
    expect(a.pollSend(cx, bytes("hello"), b.localAddress)).toBe(5);
    yield* b.readable();
    expect(b.pollReceive(cx, buf, false)).toBe(5);
    expect(b.received(5).from).toEqual(a.localAddress);
  }));

test("send_to_peek_from: a peek leaves the datagram, and tells the sender", () =>
  program(function* () {
    const [a, b] = [yield* bind(), yield* bind()];
    yield* a.sendTo(bytes("hello"), b.localAddress);
    for (let i = 0; i < 2; i++)
      expect(yield* b.peekFrom(buf)).toMatchObject({ size: 5, from: a.localAddress });
    expect(yield* b.recvFrom(buf)).toMatchObject({ size: 5, from: a.localAddress });
  }));

test("send_to_try_peek_from: the same without waiting", () =>
  program(function* () {
    const [a, b] = [yield* bind(), yield* bind()];
    yield* a.sendTo(bytes("hello"), b.localAddress);
    yield* b.readable();
    for (let i = 0; i < 2; i++) expect(b.tryPeekFrom(buf)).toMatchObject({ size: 5, from: a.localAddress });
    expect(b.tryRecvFrom(buf)).toMatchObject({ size: 5, from: a.localAddress });
    expect(() => b.tryPeekFrom(buf)).toThrow(WouldBlockError);
  }));

test("send_to_peek_from_poll: the same by polls", () =>
  program(function* () {
    const [a, b] = [yield* bind(), yield* bind()];
    yield* a.sendTo(bytes("hello"), b.localAddress);
    yield* b.readable();
    const cx = currentContext();
    for (const peek of [true, true, false]) expect(b.pollReceive(cx, buf, peek)).toBe(5);
    expect(b.pollReceive(new TestContext(cx.runtime), buf, true)).toBe(Pending);
    b.cancelRead();
  }));

test("peek_sender, poll_peek_sender, try_peek_sender: who sent is told before anything is received", () =>
  program(function* () {
    const [a, b] = [yield* bind(), yield* bind()];
    const none = new Uint8Array(0);
    yield* a.sendTo(bytes("hello"), b.localAddress);
    expect((yield* b.peekFrom(none)).from).toEqual(a.localAddress);
    expect(b.pollReceive(currentContext(), none, true)).toBe(0);
    expect(b.tryPeekFrom(none)).toEqual({ size: 0, from: a.localAddress, isTruncated: true });
    expect((yield* b.recvFrom(buf)).size).toBe(5);
  }));

test("split: one task sends while another one receives", () =>
  program(function* () {
    const socket = yield* bind();
    const send = co(function* () {
      yield* socket.sendTo(bytes("hello"), socket.localAddress);
    });
    const sent = spawn(send());
    expect(text(yield* socket.recv(buf))).toBe("hello");
    yield* sent;
  }));

test("split_chan, split_chan_poll: a task that sends what a channel gives answers one that receives", () =>
  program(function* () {
    const server = yield* bind();
    const [tx, rx] = mpsc<{ data: Uint8Array; to: typeof server.localAddress }>(10);
    const answers = co(function* () {
      for (let i = 0; i < 10; i++) {
        const { data, to } = yield* rx.recv();
        yield* server.sendTo(data, to);
      }
    });
    const receives = co(function* () {
      for (let i = 0; i < 10; i++) {
        const { size, from } = yield* server.recvFrom(buf);
        yield* tx.send({ data: buf.slice(0, size), to: from });
      }
    });
    const tasks = [spawn(answers()), spawn(receives())];
    const client = yield* bind();
    const own = new Uint8Array(100);
    for (let i = 0; i < 10; i++) {
      yield* client.sendTo(bytes(`message ${i}`), server.localAddress);
      const size = yield* client.recv(own);
      expect(Buffer.from(own.subarray(0, size)).toString()).toBe(`message ${i}`);
    }
    for (const task of tasks) yield* task;
  }));

test("try_send_spawn: what is sent without waiting wakes a task that waits for it", () =>
  program(function* () {
    const [a, b] = yield* connected();
    const received = spawn(b.recv(buf));
    yield* a.writable();
    expect(a.trySend(bytes("hello"))).toBe(5);
    expect(yield* received).toBe(5);
  }));

test("try_send_recv: the try functions send and receive", () =>
  program(function* () {
    const [a, b] = yield* connected();
    yield* a.writable();
    a.trySend(bytes("hello"));
    yield* b.readable();
    expect(b.tryRecv(buf)).toBe(5);
    expect(() => b.tryRecv(buf)).toThrow(WouldBlockError);
  }));

test("try_send_to_recv_from: and so to and from addresses", () =>
  program(function* () {
    const [a, b] = [yield* bind(), yield* bind()];
    yield* a.writable();
    a.trySendTo(bytes("hello"), b.localAddress);
    yield* b.readable();
    expect(b.tryRecvFrom(buf)).toMatchObject({ size: 5, from: a.localAddress });
  }));

test("poll_ready: a direction is ready until an operation has found that it is not", () =>
  program(function* () {
    const [a, b] = yield* connected();
    expect(() => b.tryRecv(buf)).toThrow(WouldBlockError);
    const cx = new TestContext(currentContext().runtime);
    expect(a.pollWriteReady(cx)).toBeUndefined();
    const readable = b.readable();
    pending(readable, cx);
    a.trySend(bytes("x"));
    yield* a.writable();
    readable.cancel(cx);
    yield* b.readable();
    expect(b.pollReadReady(cx)).toBeUndefined();
    expect(b.tryRecv(buf)).toBe(1);
    expect(() => b.tryRecv(buf)).toThrow(WouldBlockError);
    expect(b.pollReadReady(cx)).toBe(Pending);
    b.cancelRead();
  }));

const sockets = ["127.0.0.1:0", "[::1]:0"] as const;

test("broadcast: is set and told", () =>
  program(function* () {
    for (const at of sockets) {
      const socket = yield* UdpSocket.bind(at);
      expect(socket.broadcast).toBe(false);
      socket.setBroadcast(true);
      expect(socket.broadcast).toBe(true);
    }
  }));

test("multicast_loop_v4, multicast_loop_v6: are set and told", () =>
  program(function* () {
    for (const at of sockets) {
      const socket = yield* UdpSocket.bind(at);
      expect(socket.multicastLoop).toBe(true);
      socket.setMulticastLoop(false);
      expect(socket.multicastLoop).toBe(false);
    }
  }));

test("multicast_ttl_v4: is set and told", () =>
  program(function* () {
    for (const at of sockets) {
      const socket = yield* UdpSocket.bind(at);
      expect(socket.multicastTtl).toBe(1);
      socket.setMulticastTtl(40);
      expect(socket.multicastTtl).toBe(40);
    }
  }));

test("ttl: is set and told", () =>
  program(function* () {
    const socket = yield* bind();
    expect(socket.ttl).not.toBe(40);
    socket.setTtl(40);
    expect(socket.ttl).toBe(40);
  }));
