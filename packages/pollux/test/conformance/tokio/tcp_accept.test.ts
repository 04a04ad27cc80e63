import { expect, test } from "vitest";
import { map } from "../../../src/combine/map.ts";
import type { Context } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import type { Future } from "../../../src/core/future.ts";
import type { Poll } from "../../../src/core/poll.ts";
import { End, type StreamSource } from "../../../src/core/stream-source.ts";
import { TcpListener } from "../../../src/net/tcp-listener.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { Stream } from "../../../src/stream/stream.ts";
import { unboundedMpsc } from "../../../src/sync/mpsc.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";

/** Binds, accepts in a task and connects; the two ends have to know each other. */
async function accepts(bind: Future<TcpListener>): Promise<void> {
  const main = co(function* () {
    const listener = yield* bind;
    const [tx, rx] = oneshot<TcpStream>();
    spawn(map(listener.accept(), (stream) => tx.send(stream)));
    const client = yield* TcpStream.connect(listener.localAddress);
    const server = yield* rx;
    expect(client.localAddress).toEqual(server.peerAddress);
    for (const each of [client, server, listener]) each.close();
  });
  await run(main());
}

test("ip_str: binds to an address and a port in one string", () => accepts(TcpListener.bind("127.0.0.1:0")));

test("host_str: binds to a name and a port in one string", () => accepts(TcpListener.bind("localhost:0")));

test("socket_addr, str_port_tuple, ip_port_tuple: binds to an address and a port given apart", async () => {
  await accepts(TcpListener.bind({ host: "127.0.0.1", port: 0 }));
});

test("no_extra_poll: who accepts is polled when a connection is there, and at no other time", async () => {
  let polls = 0;
  class Tracked implements StreamSource<TcpStream> {
    readonly #incoming: Stream<TcpStream>;
    constructor(listener: TcpListener) {
      this.#incoming = listener.incoming();
    }
    pollNext(cx: Context): Poll<TcpStream | End> {
      polls++;
      return this.#incoming.pollNext(cx);
    }
    cancel(cx: Context): Poll<void> {
      return this.#incoming.cancel(cx);
    }
  }
  const main = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const [tx, rx] = unboundedMpsc<TcpStream>();
    const serve = co(function* () {
      const incoming = new Stream(new Tracked(listener));
      for (let stream: TcpStream | End; (stream = yield* incoming.next()) !== End; ) tx.send(stream);
    });
    const server = spawn(serve());
    yield* yieldNow();
    expect(polls).toBe(1);
    const client = yield* TcpStream.connect(listener.localAddress);
    const stream = yield* rx.recv();
    yield* yieldNow();
    expect(polls).toBe(1 + 2);
    for (const each of [client, stream, listener]) each.close();
    yield* server;
  });
  await run(main());
});
