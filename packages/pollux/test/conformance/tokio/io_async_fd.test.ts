import { afterEach, expect, test } from "vitest";
import { select } from "../../../src/combine/select.ts";
import { blockFuture, co } from "../../../src/core/coroutine.ts";
import { WouldBlockError } from "../../../src/core/errors.ts";
import type { Future, Suspend } from "../../../src/core/future.ts";
import { Pending } from "../../../src/core/poll.ts";
import { AsyncFd } from "../../../src/reactor/epoll/async-fd.ts";
import {
  AF_INET,
  AF_UNIX,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../../../src/reactor/epoll/constants.ts";
import { requireNative } from "../../../src/reactor/epoll/epoll-of-thread.ts";
import { loadNative } from "../../../src/reactor/epoll/native.ts";
import { OwnedFd } from "../../../src/reactor/epoll/owned-fd.ts";
import { ADDRESS_BYTES, encodeAddress } from "../../../src/reactor/epoll/socket-address.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { sleep } from "../../../src/time/sleep.ts";

const onEpoll = test.runIf("native" in loadNative());
const MSG_OOB = 1;

const program = (block: () => Generator<Suspend, void, unknown>): Promise<void> =>
  run(blockFuture(block(), "a test"));

const open: { close(): void }[] = [];
const buf = new Uint8Array(100_000);
const one = Buffer.from("0");

afterEach(() => {
  for (const each of open.splice(0).reverse()) each.close();
});

/** Two sockets that are connected to each other. */
function socketPair(): [OwnedFd, OwnedFd] {
  const native = requireNative("a test");
  const fds = new Int32Array(2);
  expect(native.socketPair(AF_UNIX, SOCK_STREAM, new Uint8Array(fds.buffer))).toBe(0);
  return [owned(fds[0] ?? -1), owned(fds[1] ?? -1)];
}

function owned(fd: number): OwnedFd {
  requireNative("a test").release(fd);
  const descriptor = OwnedFd.adopt(fd);
  open.push(descriptor);
  return descriptor;
}

function registered(fd: OwnedFd, options: Parameters<typeof AsyncFd.register>[1] = {}): AsyncFd {
  const descriptor = AsyncFd.register(fd, options);
  open.push(descriptor);
  return descriptor;
}

/** A socket on the loopback, bound to a port that the system chooses, and its address. */
function inetSocket(type: number): { fd: number; address: Uint8Array } {
  const native = requireNative("a test");
  const address = new Uint8Array(ADDRESS_BYTES);
  encodeAddress("127.0.0.1", 0, address);
  const fd = native.socket(AF_INET, type, 0);
  native.bind(fd, address);
  native.name(fd, 0, address);
  return { fd, address };
}

const isPending = co(function* (future: Future<unknown>) {
  const { key } = yield* select({ future, time: sleep(5) }, { biased: true });
  return key === "time";
});

onEpoll("initially_writable: a fresh socket can be written to, and not read from", () =>
  program(function* () {
    const [a] = socketPair();
    const fd = registered(a);
    (yield* fd.writable()).clearReady();
    expect(yield* isPending(fd.readable())).toBe(true);
  }),
);

onEpoll("reset_readable: it counts as readable until that is cleared, and the next event is heard", () =>
  program(function* () {
    const [a, b] = socketPair();
    const fd = registered(a);
    expect(yield* isPending(fd.readable())).toBe(true);
    b.write(one);
    const guard = yield* fd.readable();
    expect(guard.tryIo(() => a.read(new Uint8Array(1)))).toBe(1);
    yield* fd.readable();
    guard.clearReady();
    expect(yield* isPending(fd.readable())).toBe(true);
    b.write(one);
    yield* fd.readable();
  }),
);

onEpoll("reset_writable: a write that would wait clears it, and room makes it writable again", () =>
  program(function* () {
    const [a, b] = socketPair();
    const fd = registered(a);
    const guard = yield* fd.writable();
    while (guard.tryIo(() => a.write(buf)) !== Pending);
    expect(yield* isPending(fd.writable())).toBe(true);
    const writable = spawn(fd.writable());
    yield* yieldNow();
    expect(() => {
      for (;;) b.read(buf);
    }).toThrow(WouldBlockError);
    yield* writable;
  }),
);

onEpoll("drop_closes: to close it leaves the descriptor, whose own close the other end sees", () => {
  const [a, b] = socketPair();
  const fd = registered(a);
  expect(() => b.read(buf)).toThrow(WouldBlockError);
  fd.close();
  expect(() => b.read(buf)).toThrow(WouldBlockError);
  a.close();
  expect(b.read(buf)).toBe(0);
});

onEpoll("reregister: a descriptor that was left can be registered again", () => {
  const [a] = socketPair();
  registered(a).close();
  registered(a);
});

onEpoll("guard_try_io: what succeeds clears nothing, what would wait does", () =>
  program(function* () {
    const [a, b] = socketPair();
    b.write(one);
    const fd = registered(a);
    const guard = yield* fd.readable();
    a.read(buf);
    guard.tryIo(() => undefined);
    yield* fd.readable();
    guard.tryIo(() => {
      throw new WouldBlockError("nothing is there");
    });
    expect(yield* isPending(fd.readable())).toBe(true);
    b.write(one);
    yield* fd.readable();
  }),
);

onEpoll(
  "try_io_readable, try_io_writable: an operation is tried only while the descriptor counts as ready",
  () =>
    program(function* () {
      const [a, b] = socketPair();
      const fd = registered(a);
      yield* fd.writable();
      const called = (
        interest: { read?: boolean; write?: boolean },
        result: typeof Pending | undefined,
      ): boolean => {
        let was = false;
        fd.tryIo(interest, () => {
          was = true;
          return result;
        });
        return was;
      };
      expect(called({ read: true }, undefined)).toBe(false);
      b.write(one);
      yield* fd.readable();
      for (const interest of [{ read: true }, { write: true }]) {
        expect(called(interest, undefined)).toBe(true);
        expect(called(interest, Pending)).toBe(true);
        expect(called(interest, undefined)).toBe(false);
      }
    }),
);

onEpoll("multiple_waiters: all that wait are woken, though each clears it", () =>
  program(function* () {
    const [a, b] = socketPair();
    const fd = registered(a);
    const waits = co(function* () {
      const guard = yield* fd.readable();
      yield* yieldNow();
      guard.clearReady();
    });
    const tasks = Array.from({ length: 10 }, () => spawn(waits()));
    yield* yieldNow();
    b.write(one);
    for (const task of tasks) yield* task;
  }),
);

onEpoll("priority_event_on_oob_data: urgent data is told to who asks for it", () =>
  program(function* () {
    const native = requireNative("a test");
    const listener = inetSocket(SOCK_STREAM);
    native.listen(listener.fd, 1);
    const ours = native.socket(AF_INET, SOCK_STREAM, 0);
    native.connect(ours, listener.address);
    const theirs = owned(native.accept(listener.fd, new Uint8Array(ADDRESS_BYTES)));
    const fd = registered(theirs, { priority: true });
    native.send(ours, Buffer.from("hello"), 0, 5, MSG_OOB);
    expect((yield* fd.ready({ priority: true })).ready.isPriority).toBe(true);
    native.close(ours);
    native.close(listener.fd);
  }),
);

onEpoll("clear_ready_matching_clears_ready: one direction is cleared, and the other is not", () =>
  program(function* () {
    const [a, b] = socketPair();
    b.write(one);
    const fd = registered(a);
    const guard = yield* fd.ready({ read: true, write: true });
    expect(guard.ready).toMatchObject({ isReadable: true, isWritable: true });
    guard.clearReady({ read: true });
    expect(yield* isPending(fd.readable())).toBe(true);
    yield* fd.writable();
    guard.clearReady({ write: true });
    expect(yield* isPending(fd.writable())).toBe(true);
  }),
);

onEpoll("await_error_readiness_timestamping: that a time stamp has come is told as an error", () =>
  program(function* () {
    const SO_TIMESTAMPING = 37;
    const SEND_AND_SOFTWARE = 0b10010;
    const native = requireNative("a test");
    const { fd: number, address } = inetSocket(SOCK_DGRAM);
    native.setOption(
      number,
      SOL_SOCKET,
      SO_TIMESTAMPING,
      new Uint8Array(new Int32Array([SEND_AND_SOFTWARE]).buffer),
    );
    native.connect(number, address);
    const socket = owned(number);
    const fd = registered(socket, { priority: true });
    expect(yield* isPending(fd.ready({ priority: true }))).toBe(true);
    socket.write(one);
    expect((yield* fd.ready({ priority: true })).ready.isError).toBe(true);
  }),
);

onEpoll("await_error_readiness_invalid_address: that nobody is there is told as an error", () =>
  program(function* () {
    const [IPPROTO_IP, IP_RECVERR] = [0, 11];
    const native = requireNative("a test");
    const gone = inetSocket(SOCK_DGRAM);
    native.close(gone.fd);
    const { fd: number } = inetSocket(SOCK_DGRAM);
    native.setOption(number, IPPROTO_IP, IP_RECVERR, new Uint8Array(new Int32Array([1]).buffer));
    const fd = registered(owned(number), { read: true });
    expect(native.sendTo(number, one, 0, 1, 0, gone.address)).toBe(1);
    expect((yield* fd.readable()).ready.isError).toBe(true);
  }),
);

onEpoll("try_new, try_with_interest: what cannot be registered stays with who has it", () => {
  const [a] = socketPair();
  registered(a);
  expect(() => AsyncFd.register(a)).toThrow(expect.objectContaining({ code: "EEXIST" }));
  expect(() => AsyncFd.register({ fd: -1 }, { read: true })).toThrow(RangeError);
  expect(a.isClosed).toBe(false);
});
