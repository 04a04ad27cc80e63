import type { Socket } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nodeClient, nodeServer, until } from "../../../test/support/net.ts";
import { linger } from "./linger.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A socket with bytes that the peer does not take, and that peer. */
async function stuck(): Promise<{ socket: Socket; peer: Socket; close(): Promise<void> }> {
  const server = await nodeServer(() => {}, { pauseOnConnect: true });
  const socket = await nodeClient(server.port);
  await until(() => server.sockets.length === 1);
  const [peer] = server.sockets;
  if (peer === undefined) throw new Error("no peer");
  for (let i = 0; i < 400; i++) socket.write(Buffer.alloc(65_536));
  return { socket, peer, close: () => server.close() };
}

test("linger: gives up 10 s after the close where nothing moves", async () => {
  const { socket, close } = await stuck();
  // What the system takes at once has been taken.
  for (let left = -1, same = 0; same < 50; left = socket.writableLength) {
    await new Promise((resolve) => setImmediate(resolve));
    same = socket.writableLength === left ? same + 1 : 0;
  }
  linger(socket);
  vi.advanceTimersByTime(9_999);
  expect(socket.destroyed).toBe(false);
  vi.advanceTimersByTime(1);
  expect(socket.destroyed).toBe(true);
  await until(() => vi.getTimerCount() === 0);
  await close();
});

test("linger: goes on as long as bytes move, and ends with the last", async () => {
  const { socket, peer, close } = await stuck();
  let received = 0;
  peer.on("data", (chunk: Buffer) => {
    received += chunk.length;
  });
  linger(socket);
  while (!socket.destroyed) {
    const before = socket.writableLength;
    vi.advanceTimersByTime(9_000);
    expect(socket.destroyed).toBe(false);
    peer.resume();
    await until(() => socket.writableLength !== before || socket.destroyed);
    peer.pause();
    vi.advanceTimersByTime(1_000);
  }
  peer.resume();
  await until(() => received === 400 * 65_536);
  await until(() => vi.getTimerCount() === 0);
  await close();
});
