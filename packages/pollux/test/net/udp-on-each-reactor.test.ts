import { spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { co } from "../../src/core/coroutine.ts";
import { ClosedError, FutureInUseError, UnsupportedError, WouldBlockError } from "../../src/core/errors.ts";
import type { Future } from "../../src/core/future.ts";
import { UdpSocket } from "../../src/net/udp-socket.ts";
import { loadNative } from "../../src/reactor/epoll/native.ts";
import { Runtime, type RuntimeOptions } from "../../src/runtime/runtime.ts";
import type { JoinHandle } from "../../src/task/join-handle.ts";
import { cancelAtEveryPoll } from "../support/cancel-at-every-poll.ts";
import { turn, until } from "../support/net.ts";
import { nothingLeft, openSources } from "../support/open-sources.ts";
import { SimReactor } from "../support/sim-reactor.ts";

// What every reactor has in common: the same program, and the same outcome.

const reactors: [name: string, options: RuntimeOptions][] = [
  ["node", { reactor: "node" }],
  ["sim", { reactor: () => new SimReactor() }],
];

if ("native" in loadNative()) reactors.unshift(["epoll", { reactor: "epoll" }]);

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** A socket of `node:dgram` on the loopback. */
async function peer(): Promise<{ socket: Socket; port: number; next(): Promise<string> }> {
  const socket = createSocket("udp4");
  socket.on("error", () => {});
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const next = async (): Promise<string> => String((await once(socket, "message"))[0]);
  return { socket, port: socket.address().port, next };
}

describe.each(reactors)("udp on the %s reactor", (name, options) => {
  let runtime: Runtime;
  const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
  const bind = (): JoinHandle<UdpSocket> => go(UdpSocket.bind("127.0.0.1:0"));
  const buf = new Uint8Array(2000);
  const text = (size: number): string => Buffer.from(buf.subarray(0, size)).toString();

  beforeEach(() => {
    runtime = new Runtime(options);
  });

  afterEach(async () => {
    await nothingLeft(runtime);
  });

  const pair = async (): Promise<[UdpSocket, UdpSocket]> => {
    const [a, b] = [await bind(), await bind()];
    await go(a.connect(b.localAddress));
    await go(b.connect(a.localAddress));
    return [a, b];
  };

  const close = (...sockets: UdpSocket[]): void => {
    for (const socket of sockets) socket.close();
  };

  test("a datagram arrives with its sender's address", async () => {
    const [a, b] = [await bind(), await bind()];
    expect(await go(a.sendTo(bytes("hello"), b.localAddress))).toBe(5);
    const received = await go(b.recvFrom(buf));
    expect(received).toEqual({ size: 5, from: a.localAddress, isTruncated: false });
    expect(text(5)).toBe("hello");
    close(a, b);
  });

  test("an address is given as a string, too, and is numeric", async () => {
    const [a, b] = [await bind(), await bind()];
    await go(a.sendTo(bytes("x"), `127.0.0.1:${b.localAddress.port}`));
    expect(await go(b.recv(buf))).toBe(1);
    expect(() => a.sendTo(bytes("x"), "localhost:80")).toThrow(/lookupHost/);
    expect(() => a.sendTo(bytes("x"), "127.0.0.1")).toThrow(RangeError);
    expect(() => a.sendTo(bytes("x"), { host: "127.0.0.1", port: 0 })).toThrow(RangeError);
    expect(() => a.sendTo("x" as never, "127.0.0.1:1")).toThrow(TypeError);
    close(a, b);
  });

  test("connected, it sends to and hears of its peer alone", async () => {
    const [a, b] = await pair();
    const stranger = await bind();
    expect(a.peerAddress).toEqual(b.localAddress);
    await go(stranger.sendTo(bytes("stranger"), b.localAddress));
    expect(await go(a.send(bytes("friend")))).toBe(6);
    expect(text(await go(b.recv(buf)))).toBe("friend");
    expect(() => b.tryRecv(buf)).toThrow(WouldBlockError);
    close(a, b, stranger);
  });

  test("it can be connected again, to another", async () => {
    const [a, b] = await pair();
    const c = await bind();
    await go(a.connect(c.localAddress));
    await go(a.send(bytes("to c")));
    expect(text(await go(c.recv(buf)))).toBe("to c");
    expect(() => b.tryRecv(buf)).toThrow(WouldBlockError);
    close(a, b, c);
  });

  test("not connected, send fails with EDESTADDRREQ", async () => {
    const a = await bind();
    await expect(go(a.send(bytes("x")))).rejects.toMatchObject({ code: "EDESTADDRREQ", syscall: "send" });
    expect(a.peerAddress).toBeNull();
    close(a);
  });

  test("an empty datagram is one", async () => {
    const [a, b] = await pair();
    expect(await go(a.send(new Uint8Array(0)))).toBe(0);
    expect(await go(b.recvFrom(buf))).toMatchObject({ size: 0, isTruncated: false });
    close(a, b);
  });

  test("a datagram that does not fit is cut, and recvFrom says so; the next comes whole", async () => {
    const [a, b] = await pair();
    const small = new Uint8Array(3);
    for (const each of ["abcdef", "ghijkl", "mno"]) await go(a.send(bytes(each)));
    expect(await go(b.recv(small))).toBe(3);
    expect(Buffer.from(small).toString()).toBe("abc");
    expect(await go(b.recvFrom(small))).toMatchObject({ size: 3, isTruncated: true });
    expect(await go(b.recvFrom(small))).toMatchObject({ size: 3, isTruncated: false });
    expect(Buffer.from(small).toString()).toBe("mno");
    close(a, b);
  });

  test("a short datagram does not hide those behind it", async () => {
    const [a, b] = await pair();
    for (let i = 0; i < 50; i++) await go(a.send(bytes(`${i}`)));
    await go(b.readable());
    const received: string[] = [];
    while (received.length < 50) received.push(text(await go(b.recv(buf))));
    expect(received).toEqual(Array.from({ length: 50 }, (_, i) => `${i}`));
    close(a, b);
  });

  test("peek leaves the datagram", async () => {
    const [a, b] = await pair();
    const peeked = go(b.peekFrom(buf));
    await turn();
    await go(a.send(bytes("hello")));
    expect(await peeked).toEqual({ size: 5, from: a.localAddress, isTruncated: false });
    expect(await go(b.peek(new Uint8Array(2)))).toBe(2);
    expect(b.tryPeekFrom(buf).size).toBe(5);
    expect(text(await go(b.recv(buf)))).toBe("hello");
    expect(() => b.tryPeekFrom(buf)).toThrow(WouldBlockError);
    close(a, b);
  });

  test("the try functions do not wait", async () => {
    const [a, b] = await pair();
    expect(() => b.tryRecv(buf)).toThrow(WouldBlockError);
    expect(a.trySend(bytes("one"))).toBe(3);
    await go(b.readable());
    expect(b.tryRecvFrom(buf)).toMatchObject({ size: 3 });
    const c = await bind();
    expect(c.trySendTo(bytes("two!"), b.localAddress)).toBe(4);
    close(a, b, c);
  });

  test("ready tells of each direction", async () => {
    const [a, b] = await pair();
    expect(await go(b.ready({ write: true }))).toMatchObject({ isWritable: true });
    const ready = go(b.ready({ read: true }));
    await go(a.send(bytes("x")));
    expect(await ready).toMatchObject({ isReadable: true, isFailed: false });
    expect(() => b.ready({})).toThrow(TypeError);
    await go(b.recv(buf));
    close(a, b);
  });

  test("one operation waits in each direction", async () => {
    const [a, b] = await pair();
    const recv = go(b.recv(buf));
    await turn();
    await expect(go(b.recv(buf))).rejects.toThrow(FutureInUseError);
    expect(() => b.tryRecv(buf)).toThrow(FutureInUseError);
    await go(b.send(bytes("meanwhile")));
    await go(a.send(bytes("x")));
    await recv;
    close(a, b);
  });

  test("recv: cancelled at any poll, leaves the datagram", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const [a, b] = await pair();
      const recv = go(cancelAt(b.recvFrom(buf)));
      await turn();
      await go(a.send(bytes("one")));
      await go(a.send(bytes("two")));
      const outcome = await recv;
      if (outcome.cancelled) expect(text(await go(b.recv(buf)))).toBe("one");
      expect(text(await go(b.recv(buf)))).toBe("two");
      close(a, b);
    });
    expect(polls).toBe(2);
  });

  test("bind and connect: cancelled at any poll, leave nothing open", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      const outcome = await go(cancelAt(UdpSocket.bind("localhost:0")));
      if (!outcome.cancelled) outcome.value.close();
      await until(() => openSources(runtime) === 0);
    });
    await cancelAtEveryPoll(async (cancelAt) => {
      const [a, b] = [await bind(), await bind()];
      await go(cancelAt(a.connect({ host: "localhost", port: b.localAddress.port })));
      close(a, b);
    });
  });

  test("send: cancelled before its first poll, has sent nothing", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      const [a, b] = await pair();
      const outcome = await go(cancelAt(a.send(bytes("x"))));
      await go(a.send(bytes("end")));
      expect(text(await go(b.recv(buf)))).toBe(outcome.cancelled ? "end" : "x");
      close(a, b);
    });
  });

  test("nobody there: a connected socket hears ECONNREFUSED once, and goes on", async () => {
    const gone = await bind();
    const a = await bind();
    await go(a.connect(gone.localAddress));
    gone.close();
    await until(() => openSources(runtime) === 1);
    const recv = go(a.recv(buf));
    await turn();
    await go(a.send(bytes("x")));
    await expect(recv).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const back = await go(UdpSocket.bind(gone.localAddress));
    await go(back.connect(a.localAddress));
    await go(back.send(bytes("back")));
    expect(text(await go(a.recv(buf)))).toBe("back");
    close(a, back);
  });

  test("what is too long is refused with EMSGSIZE, at once", async () => {
    const [a, b] = await pair();
    await expect(go(a.send(new Uint8Array(65_508)))).rejects.toMatchObject({ code: "EMSGSIZE" });
    await expect(go(a.sendTo(new Uint8Array(65_508), b.localAddress))).rejects.toMatchObject({
      code: "EMSGSIZE",
    });
    const large = new Uint8Array(65_507);
    expect(await go(a.send(large))).toBe(65_507);
    expect(await go(b.recv(new Uint8Array(70_000)))).toBe(65_507);
    close(a, b);
  });

  test("an address that is taken is refused", async () => {
    const a = await bind();
    await expect(go(UdpSocket.bind(a.localAddress))).rejects.toMatchObject({ code: "EADDRINUSE" });
    close(a);
  });

  test("options are set at the bind and later, and told", async () => {
    const a = await go(UdpSocket.bind("127.0.0.1:0", { ttl: 9, broadcast: true, multicastLoop: false }));
    expect([a.ttl, a.broadcast, a.multicastLoop, a.multicastTtl]).toEqual([9, true, false, 1]);
    a.setTtl(12);
    a.setBroadcast(false);
    a.setMulticastLoop(true);
    a.setMulticastTtl(3);
    a.setRecvBufferSize(100_000);
    a.setSendBufferSize(50_000);
    expect([a.ttl, a.broadcast, a.multicastLoop, a.multicastTtl]).toEqual([12, false, true, 3]);
    expect([a.recvBufferSize, a.sendBufferSize]).toEqual([100_000, 50_000]);
    close(a);
  });

  test("options that make no sense are refused at the call", async () => {
    expect(() => UdpSocket.bind("127.0.0.1:0", { ttl: 256 })).toThrow(RangeError);
    expect(() => UdpSocket.bind("127.0.0.1:0", { ttl: 0 })).toThrow(RangeError);
    expect(() => UdpSocket.bind("127.0.0.1:0", { broadcast: 1 as never })).toThrow(TypeError);
    expect(() => UdpSocket.bind({ host: "", port: 0 })).toThrow(RangeError);
    expect(() => UdpSocket.bind({ host: "127.0.0.1", port: 70_000 })).toThrow(RangeError);
    const a = await bind();
    expect(() => a.joinMulticast("localhost")).toThrow(RangeError);
    expect(() => a.setMulticastTtl(-1)).toThrow(RangeError);
    expect(() => a.recv("x" as never)).toThrow(TypeError);
    close(a);
  });

  test("a close ends what waits with ClosedError; the address stays known", async () => {
    const [a, b] = await pair();
    const recv = go(a.recv(buf));
    await turn();
    a.close();
    a.close();
    await expect(recv).rejects.toThrow(ClosedError);
    await expect(go(a.send(bytes("x")))).rejects.toThrow(ClosedError);
    await expect(go(a.readable())).rejects.toThrow(ClosedError);
    expect(a.isClosed).toBe(true);
    expect(a.localAddress.port).toBeGreaterThan(0);
    expect(a.peerAddress).toBeNull();
    close(b);
  });

  test("the end of the runtime's main future closes it", async () => {
    const a = await runtime.run(UdpSocket.bind("127.0.0.1:0"));
    expect(a.isClosed).toBe(true);
  });

  describe.runIf(name !== "sim")("with the system below", () => {
    test("speaks with a peer of node:dgram", async () => {
      const { socket, port, next } = await peer();
      const a = await bind();
      const message = next();
      await go(a.sendTo(bytes("from us"), { host: "127.0.0.1", port }));
      expect(await message).toBe("from us");
      socket.send("from node", a.localAddress.port, "127.0.0.1");
      const { size, from } = await go(a.recvFrom(buf));
      expect([text(size), from.port]).toEqual(["from node", port]);
      socket.close();
      close(a);
    });

    test.runIf(existsSync("/bin/bash"))(
      "hears of a peer that is neither Node nor ours: bash (skipped where there is none)",
      async () => {
        const a = await bind();
        const sent = spawn("/bin/bash", ["-c", `printf hello > /dev/udp/127.0.0.1/${a.localAddress.port}`]);
        expect(text(await go(a.recv(buf)))).toBe("hello");
        if (sent.exitCode === null) await once(sent, "exit");
        close(a);
      },
    );

    test("a name is looked up when it is bound or connected", async () => {
      const a = await go(UdpSocket.bind({ host: "localhost", port: 0 }));
      expect(["127.0.0.1", "::1"]).toContain(a.localAddress.host);
      await go(a.connect({ host: "localhost", port: 9 }));
      expect(a.peerAddress?.port).toBe(9);
      await expect(go(UdpSocket.bind({ host: "no-such-host.invalid", port: 0 }))).rejects.toMatchObject({
        code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
      });
      close(a);
    });

    test("an address that is not this machine's is refused", async () => {
      await expect(go(UdpSocket.bind("192.0.2.1:0"))).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
    });

    const hasIPv6 = Object.values(networkInterfaces())
      .flat()
      .some((info) => info?.address === "::1");

    test.runIf(hasIPv6)("IPv6 works as IPv4 does", async () => {
      const a = await go(UdpSocket.bind("[::1]:0", { ttl: 7, ipv6Only: true }));
      const b = await go(UdpSocket.bind("[::1]:0"));
      await go(a.sendTo(bytes("six"), b.localAddress));
      const { size, from } = await go(b.recvFrom(buf));
      expect([text(size), from]).toEqual(["six", a.localAddress]);
      expect(a.ttl).toBe(7);
      close(a, b);
    });

    test("a group is joined, heard and left", async () => {
      const a = await go(UdpSocket.bind("0.0.0.0:0", { multicastInterface: "127.0.0.1" }));
      const b = await go(UdpSocket.bind("127.0.0.1:0", { multicastInterface: "127.0.0.1" }));
      const group = { host: "239.83.21.7", port: a.localAddress.port };
      a.joinMulticast(group.host, { interface: "127.0.0.1" });
      expect(() => a.joinMulticast(group.host, { interface: "127.0.0.1" })).toThrow(
        expect.objectContaining({ code: "EADDRINUSE" }),
      );
      await go(b.sendTo(bytes("to all"), group));
      expect(text(await go(a.recv(buf)))).toBe("to all");
      a.leaveMulticast(group.host, { interface: "127.0.0.1" });
      expect(() => a.leaveMulticast(group.host, { interface: "127.0.0.1" })).toThrow(
        expect.objectContaining({ code: "EADDRNOTAVAIL" }),
      );
      expect(b.multicastInterface).toBe("127.0.0.1");
      expect(() => a.joinMulticast("10.0.0.1")).toThrow(expect.objectContaining({ code: "EINVAL" }));
      expect(() => a.joinMulticast(group.host, { interface: "no-such-interface" })).toThrow(RangeError);
      close(a, b);
    });

    test("a source of a group is joined alone", async () => {
      const a = await go(UdpSocket.bind("0.0.0.0:0"));
      const b = await go(UdpSocket.bind("127.0.0.1:0", { multicastInterface: "127.0.0.1" }));
      const on = { interface: "127.0.0.1", source: "127.0.0.1" };
      a.joinMulticast("232.1.2.3", on);
      await go(b.sendTo(bytes("from the source"), { host: "232.1.2.3", port: a.localAddress.port }));
      expect(text(await go(a.recv(buf)))).toBe("from the source");
      a.leaveMulticast("232.1.2.3", on);
      expect(() => a.joinMulticast("ff02::1", on)).toThrow(RangeError);
      close(a, b);
    });

    test("a broadcast address needs the option", async () => {
      const a = await bind();
      const send = async (): Promise<void> => {
        await go(a.sendTo(bytes("x"), { host: "255.255.255.255", port: 9 }));
        await turn();
        await go(a.sendTo(bytes("x"), { host: "127.0.0.1", port: 9 }));
      };
      await expect(send()).rejects.toMatchObject({ code: expect.stringMatching(/EACCES|ENETUNREACH/) });
      close(a);
    });

    test("a socket that nobody waits on does not keep what it cannot hold", async () => {
      const { socket, port } = await peer();
      const a = await bind();
      await go(a.connect({ host: "127.0.0.1", port }));
      const sends = Array.from(
        { length: 2000 },
        () => new Promise((sent) => socket.send(Buffer.alloc(1000), a.localAddress.port, "127.0.0.1", sent)),
      );
      await Promise.all(sends);
      let received = 0;
      for (let i = 0; i < 20; i++) await turn();
      for (let idle = 0; idle < 20; ) {
        try {
          a.tryRecv(buf);
          received++;
          idle = 0;
        } catch (error) {
          if (!(error instanceof WouldBlockError)) throw error;
          idle++;
          await turn();
        }
      }
      expect(received).toBeGreaterThan(50);
      expect(received).toBeLessThan(1000);
      socket.close();
      close(a);
    });
  });

  test.runIf(name === "epoll")("several sockets share an address with reusePort", async () => {
    const a = await go(UdpSocket.bind("127.0.0.1:0", { reusePort: true }));
    const b = await go(UdpSocket.bind({ ...a.localAddress, reusePort: true }));
    close(a, b);
  });

  test.runIf(name === "epoll")("a connected socket can send elsewhere, too", async () => {
    const [a, b] = await pair();
    const c = await bind();
    await go(a.sendTo(bytes("c"), c.localAddress));
    expect(text(await go(c.recv(buf)))).toBe("c");
    close(a, b, c);
  });

  test.runIf(name === "node")("a connected socket refuses to send elsewhere, as Node's does", async () => {
    const [a, b] = await pair();
    const c = await bind();
    await expect(go(a.sendTo(bytes("c"), c.localAddress))).rejects.toThrow(UnsupportedError);
    expect(await go(a.sendTo(bytes("b"), b.localAddress))).toBe(1);
    expect(text(await go(b.recv(buf)))).toBe("b");
    close(a, b, c);
  });

  test("a query as of DNS is answered by a tiny server", async () => {
    const server = await bind();
    const serve = go(
      co(function* () {
        const query = new Uint8Array(512);
        for (;;) {
          const { size, from } = yield* server.recvFrom(query);
          const answer = Buffer.from(query.subarray(0, size));
          answer.writeUInt16BE(0x8180, 2); // A response, recursion available.
          answer.writeUInt16BE(1, 6); // One answer.
          const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
          yield* server.sendTo(Buffer.concat([answer, record]), from);
        }
      })(),
    );
    const query = Buffer.from("1234010000010000000000000765786d61706c65046f72670000010001", "hex");
    const client = await bind();
    await go(client.connect(server.localAddress));
    await go(client.send(query));
    const size = await go(client.recv(buf));
    expect(Buffer.from(buf.subarray(size - 4, size))).toEqual(Buffer.from([192, 0, 2, 7]));
    expect(buf[0]).toBe(0x12);
    serve.abort();
    await serve.then(null, () => {});
    close(client, server);
  });
});
