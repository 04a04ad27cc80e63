import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { nothingLeft } from "../../test/support/open-sources.ts";
import { co } from "../core/coroutine.ts";
import { UnsupportedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { canReusePort } from "../reactor/node/node-tcp-options.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { TcpListener } from "./tcp-listener.ts";
import { TcpSocket } from "./tcp-socket.ts";
import type { TcpStream } from "./tcp-stream.ts";

let runtime: Runtime;

beforeEach(() => {
  runtime = new Runtime({ reactor: "node" });
});

afterEach(async () => {
  await nothingLeft(runtime);
});

describe("tcp socket", () => {
  test("listens with its options, which accepted connections have", async () => {
    const socket = TcpSocket.v4();
    socket.setNoDelay(false);
    socket.setKeepAlive(7000);
    socket.setLinger(0);
    socket.setReuseAddress(true);
    socket.bind({ host: "127.0.0.1", port: 0 });
    const listener = await runtime.spawn(socket.listen(5));
    const ours = await runtime.spawn(TcpSocket.v4().connect(listener.localAddress));
    const theirs = await runtime.spawn(listener.accept());
    expect([theirs.noDelay, theirs.keepAlive, theirs.linger]).toEqual([false, 7000, 0]);
    expect([ours.noDelay, ours.keepAlive, ours.linger]).toEqual([true, false, null]);
    for (const each of [theirs, ours, listener]) each.close();
  });

  test("of IPv6 leaves IPv4 alone", async () => {
    const socket = TcpSocket.v6();
    socket.bind("[::]:0");
    const listener = await runtime.spawn(socket.listen(5));
    const { port } = listener.localAddress;
    await expect(runtime.spawn(TcpSocket.v4().connect(`127.0.0.1:${port}`))).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    const ours = await runtime.spawn(TcpSocket.v6().connect(`[::1]:${port}`));
    const theirs = await runtime.spawn(listener.accept());
    expect(theirs.peerAddress.family).toBe("IPv6");
    for (const each of [theirs, ours, listener]) each.close();
  });

  test("a port that is taken on our end fails with the system's error", async () => {
    const server = TcpSocket.v4();
    server.bind("127.0.0.1:0");
    const listener = await runtime.spawn(server.listen(5));
    const client = TcpSocket.v4();
    client.bind(listener.localAddress);
    await expect(runtime.spawn(client.connect(listener.localAddress))).rejects.toMatchObject({
      code: "EADDRINUSE",
      errno: -98,
      syscall: "bind",
    });
    listener.close();
  });

  test("says at the call what is wrong with an address", () => {
    const socket = TcpSocket.v4();
    expect(() => socket.listen(5)).toThrow(TypeError);
    for (const wrong of ["localhost:80", "[::1]:80", "127.0.0.1", "127.0.0.1:65536"]) {
      expect(() => socket.bind(wrong)).toThrow(RangeError);
      expect(() => socket.connect(wrong)).toThrow(RangeError);
    }
    expect(() => socket.connect("127.0.0.1:0")).toThrow(RangeError);
    expect(() => TcpSocket.v6().bind("127.0.0.1:80")).toThrow(RangeError);
    // @ts-expect-error a port is a number
    expect(() => socket.bind({ host: "127.0.0.1", port: "80" })).toThrow(TypeError);
    socket.bind("127.0.0.1:0");
    expect(() => socket.listen(0)).toThrow(RangeError);
  });

  test("refuses at the call what the reactor cannot set, and what makes no sense", async () => {
    const main = co(function* () {
      const socket = TcpSocket.v4();
      expect(() => socket.setSendBufferSize(4096)).toThrow(UnsupportedError);
      expect(() => socket.setRecvBufferSize(4096)).toThrow(UnsupportedError);
      expect(() => socket.setTtl(3)).toThrow(UnsupportedError);
      expect(() => socket.setLinger(1000)).toThrow(UnsupportedError);
      expect(() => socket.setReuseAddress(false)).toThrow(UnsupportedError);
      expect([socket.sendBufferSize, socket.recvBufferSize, socket.ttl, socket.linger]).toEqual([
        undefined,
        undefined,
        undefined,
        null,
      ]);
      for (const wrong of [0, -1, 1.5, Number.NaN]) {
        expect(() => socket.setSendBufferSize(wrong)).toThrow(RangeError);
        expect(() => socket.setKeepAlive(wrong)).toThrow(RangeError);
      }
      // @ts-expect-error a flag is a boolean
      expect(() => socket.setNoDelay(1)).toThrow(TypeError);
    });
    await runtime.run(main());
  });

  test("reusePort: two listeners share a port where Node can, and else it is refused", async () => {
    if (!canReusePort(process.versions.node)) {
      // Without a runtime it is refused when the socket is opened; in a task, at the call.
      const socket = TcpSocket.v4();
      socket.setReusePort(true);
      socket.bind("127.0.0.1:0");
      await expect(runtime.spawn(socket.listen(5))).rejects.toThrow(UnsupportedError);
      const main = co(function* () {
        expect(() => TcpSocket.v4().setReusePort(true)).toThrow(UnsupportedError);
      });
      await runtime.run(main());
      return;
    }
    const listen = (port: number): Future<TcpListener> => {
      const socket = TcpSocket.v4();
      socket.setReusePort(true);
      socket.bind({ host: "127.0.0.1", port });
      return socket.listen(5);
    };
    const first = await runtime.spawn(listen(0));
    const second = await runtime.spawn(listen(first.localAddress.port));
    expect(second.localAddress).toEqual(first.localAddress);
    first.close();
    second.close();
  });

  test("types", () => {
    expectTypeOf<TcpSocket["listen"]>().returns.toEqualTypeOf<Future<TcpListener>>();
    expectTypeOf<TcpSocket["connect"]>().returns.toEqualTypeOf<Future<TcpStream>>();
  });
});
