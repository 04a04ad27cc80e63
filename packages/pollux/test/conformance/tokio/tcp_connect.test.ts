import { expect, test } from "vitest";
import { join } from "../../../src/combine/join.ts";
import { co } from "../../../src/core/coroutine.ts";
import type { Future } from "../../../src/core/future.ts";
import { TcpListener } from "../../../src/net/tcp-listener.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";

const bothKnowEachOther = co(function* (address: string, family: "IPv4" | "IPv6") {
  const listener = yield* TcpListener.bind(address);
  expect(listener.localAddress.family).toBe(family);
  const accepted = spawn(listener.accept());
  const mine = yield* TcpStream.connect(listener.localAddress);
  const theirs = yield* accepted;
  expect(mine.localAddress).toEqual(theirs.peerAddress);
  expect(theirs.localAddress).toEqual(mine.peerAddress);
  for (const each of [mine, theirs, listener]) each.close();
});

test("connect_v4: the two ends of a connection over IPv4 know each other's address", async () => {
  await run(bothKnowEachOther("127.0.0.1:0", "IPv4"));
});

test("connect_v6: the two ends of a connection over IPv6 know each other's address", async () => {
  await run(bothKnowEachOther("[::1]:0", "IPv6"));
});

async function connects(connect: (port: number) => Future<TcpStream>): Promise<void> {
  const main = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const [server, client] = yield* join(listener.accept(), connect(listener.localAddress.port));
    for (const each of [server, client, listener]) each.close();
  });
  await run(main());
}

test("connect_addr_ip_string, connect_addr_ip_str_slice: connects to an address and a port in one string", () =>
  connects((port) => TcpStream.connect(`127.0.0.1:${port}`)));

test("connect_addr_host_string: connects to a name and a port in one string", () =>
  connects((port) => TcpStream.connect(`localhost:${port}`)));

test("connect_addr_ip_port_tuple, connect_addr_ip_str_port_tuple: connects to an address and a port given apart", () =>
  connects((port) => TcpStream.connect({ host: "127.0.0.1", port })));

test("connect_addr_host_str_port_tuple: connects to a name and a port given apart", () =>
  connects((port) => TcpStream.connect({ host: "localhost", port })));
