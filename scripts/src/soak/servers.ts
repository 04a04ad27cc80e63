import { join } from "node:path";
import {
  co,
  type Future,
  type SocketAddress,
  scope,
  spawn,
  TcpListener,
  type TcpStream,
  UdpSocket,
  UnixListener,
  type UnixStream,
} from "pollux";
import { codeOf } from "./job.ts";
import type { Random } from "./random.ts";

/** Servers that echo. Those over connections break some of them off. */
export interface Servers {
  readonly tcp: SocketAddress;
  readonly unix: string;
  readonly udp: SocketAddress;
}

export type Connection = TcpStream | UnixStream;

/** How many connections in a hundred are reset by the server in the middle. */
const RESETS = 3;

/** What ends a connection whose other end does not care. */
const GONE: ReadonlySet<string | undefined> = new Set(["ECONNRESET", "EPIPE", "ENOTCONN"]);

const echo = co(function* (stream: Connection, random: Random) {
  const resetAfter = random.chance(RESETS) ? random.below(20_000) : Number.POSITIVE_INFINITY;
  const buf = new Uint8Array(4096);
  try {
    for (let n: number, total = 0; (n = yield* stream.read(buf)) > 0; ) {
      total += n;
      if (total > resetAfter) {
        reset(stream);
        return;
      }
      yield* stream.writeAll(buf.subarray(0, n));
    }
    yield* stream.shutdown();
  } catch (error) {
    if (!GONE.has(codeOf(error))) throw error;
  } finally {
    stream.close();
  }
});

/** A Unix socket knows no reset: it is closed with what it has not read. */
export function reset(stream: Connection): void {
  if ("reset" in stream) stream.reset();
  else stream.close();
}

const serve = co(function* (listener: { accept(): Future<Connection> }, random: Random) {
  for (;;) spawn(echo(yield* listener.accept(), random.fork()), { name: "echo" });
});

const serveDatagrams = co(function* (socket: UdpSocket) {
  const buf = new Uint8Array(2048);
  for (;;) {
    try {
      const { size, from } = yield* socket.recvFrom(buf);
      yield* socket.sendTo(buf.subarray(0, size), from);
    } catch (error) {
      // Who has asked has gone.
      if (codeOf(error) !== "ECONNREFUSED") throw error;
    }
  }
});

/** Runs a body beside the servers, which end with it. */
export const withServers = co(function* (
  folder: string,
  random: Random,
  body: (servers: Servers) => Future<void>,
) {
  const path = join(folder, "echo.sock");
  const tcp = yield* TcpListener.bind({ host: "127.0.0.1", port: 0, backlog: 1024 });
  const unix = yield* UnixListener.bind({ path, backlog: 1024 });
  const udp = yield* UdpSocket.bind("127.0.0.1:0");
  try {
    yield* scope(function* (s) {
      s.spawn(serve(tcp, random.fork()), { name: "tcp" });
      s.spawn(serve(unix, random.fork()), { name: "unix" });
      s.spawn(serveDatagrams(udp), { name: "udp" });
      yield* body({ tcp: tcp.localAddress, unix: path, udp: udp.localAddress });
      s.abortAll();
    });
  } finally {
    for (const socket of [tcp, unix, udp]) socket.close();
  }
});
