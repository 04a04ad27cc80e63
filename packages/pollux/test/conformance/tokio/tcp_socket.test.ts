import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { UnsupportedError } from "../../../src/core/errors.ts";
import { TcpSocket } from "../../../src/net/tcp-socket.ts";
import { canReusePort } from "../../../src/reactor/node/node-tcp-options.ts";
import { run } from "../../../src/runtime/runtime.ts";

const connects = co(function* (make: () => TcpSocket, address: string, boundTo: string | null) {
  const server = make();
  server.bind(address);
  const listener = yield* server.listen(128);
  const socket = make();
  if (boundTo !== null) socket.bind(boundTo);
  const client = yield* socket.connect(listener.localAddress);
  const accepted = yield* listener.accept();
  expect(accepted.peerAddress).toEqual(client.localAddress);
  for (const each of [client, accepted, listener]) each.close();
});

test("basic_usage_v4: a socket of IPv4 listens, another one connects to it", async () => {
  await run(connects(TcpSocket.v4, "127.0.0.1:0", null));
});

test("basic_usage_v6: a socket of IPv6 listens, another one connects to it", async () => {
  await run(connects(TcpSocket.v6, "[::1]:0", null));
});

test("bind_before_connect: a socket that is bound connects", async () => {
  await run(connects(TcpSocket.v4, "127.0.0.1:0", "127.0.0.1:0"));
});

test("basic_linger: there is none, until it is set to 0", () => {
  const socket = TcpSocket.v4();
  socket.bind("127.0.0.1:0");
  expect(socket.linger).toBe(null);
  socket.setLinger(0);
  expect(socket.linger).toBe(0);
});

/** What is set is what is got afterwards, and something else than before. */
function setsAndGets<T>(
  set: (socket: TcpSocket, value: T) => void,
  get: (socket: TcpSocket) => T,
  value: T,
): void {
  for (const socket of [TcpSocket.v4(), TcpSocket.v6()]) {
    expect(get(socket)).not.toEqual(value);
    set(socket, value);
    expect(get(socket)).toEqual(value);
  }
}

test("keepalive: is off until it is set", () => {
  setsAndGets<boolean | number>(
    (socket, on) => socket.setKeepAlive(on),
    (socket) => socket.keepAlive,
    true,
  );
});

test("nodelay: is what it was set to", () => {
  setsAndGets(
    (socket, on) => socket.setNoDelay(on),
    (socket) => socket.noDelay,
    false,
  );
});

test("reuseaddr: is on, and cannot be taken away on Node's sockets", async () => {
  const main = co(function* () {
    for (const socket of [TcpSocket.v4(), TcpSocket.v6()]) {
      socket.setReuseAddress(true);
      expect(() => socket.setReuseAddress(false)).toThrow(UnsupportedError);
      expect(socket.reuseAddress).toBe(true);
    }
  });
  await run(main(), { reactor: "node" });
});

test("reuseport: is off until it is set, where Node has it", async () => {
  const main = co(function* () {
    const set = (): void =>
      setsAndGets(
        (socket, on) => socket.setReusePort(on),
        (socket) => socket.reusePort,
        true,
      );
    if (canReusePort(process.versions.node)) set();
    else expect(set).toThrow(UnsupportedError);
  });
  await run(main(), { reactor: "node" });
});
