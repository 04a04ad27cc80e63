import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { TcpListener } from "../../../src/net/tcp-listener.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import { spawn } from "../../../src/task/spawn.ts";

test("shutdown: the other side reads the end, ends its own, and both have nothing more to read", async () => {
  const main = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const visit = co(function* () {
      const stream = yield* TcpStream.connect(listener.localAddress);
      yield* stream.shutdown();
      expect(yield* stream.read(new Uint8Array(1))).toBe(0);
      stream.close();
    });
    const visitor = spawn(visit());
    const stream = yield* listener.accept();
    expect(yield* stream.read(new Uint8Array(1))).toBe(0);
    yield* stream.shutdown();
    yield* visitor;
    stream.close();
    listener.close();
  });
  await run(main());
});

test("shutdown_after_tcp_reset: of a connection that the peer has reset, it ends or says ECONNRESET", async () => {
  const main = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const [connected, isConnected] = oneshot<void>();
    const [dropped, isDropped] = oneshot<void>();
    const visit = co(function* () {
      const stream = yield* TcpStream.connect(listener.localAddress);
      connected.send();
      yield* isDropped;
      try {
        yield* stream.shutdown();
      } catch (error) {
        expect(error).toMatchObject({ code: "ECONNRESET" });
      } finally {
        stream.close();
      }
    });
    const visitor = spawn(visit());
    const stream = yield* listener.accept();
    stream.setLinger(0);
    yield* isConnected;
    stream.close();
    dropped.send();
    yield* visitor;
    listener.close();
  });
  await run(main());
});

test("shutdown_multiple_calls: ending it again does nothing", async () => {
  const main = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const [connected, isConnected] = oneshot<void>();
    const visit = co(function* () {
      const stream = yield* TcpStream.connect(listener.localAddress);
      connected.send();
      for (let i = 0; i < 3; i++) yield* stream.shutdown();
      stream.close();
    });
    const visitor = spawn(visit());
    const stream = yield* listener.accept();
    yield* isConnected;
    yield* stream.shutdown();
    yield* visitor;
    stream.close();
    listener.close();
  });
  await run(main());
});
