import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { until } from "../../../test/support/net.ts";
import { join } from "../../combine/join.ts";
import { co } from "../../core/coroutine.ts";
import { TcpListener } from "../../net/tcp-listener.ts";
import { TcpStream } from "../../net/tcp-stream.ts";
import { Runtime } from "../../runtime/runtime.ts";
import { loadNative } from "./native.ts";

describe.runIf("native" in loadNative())("epoll: tcp", () => {
  let runtime: Runtime;

  beforeEach(() => {
    runtime = new Runtime({ reactor: "epoll" });
  });

  afterEach(() => runtime.shutdown());

  const pair = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const [theirs, ours] = yield* join(listener.accept(), TcpStream.connect(listener.localAddress));
    listener.close();
    return { theirs, ours };
  });

  test("what was written arrives, though bytes of the peer's are unread when the stream is closed", async () => {
    const listener = await runtime.spawn(TcpListener.bind("127.0.0.1:0"));
    const socket = connect(listener.localAddress.port, "127.0.0.1");
    let received = 0;
    let failure: Error | undefined;
    socket.on("data", (data) => {
      received += data.length;
    });
    socket.on("error", (error) => {
      failure = error;
    });
    const ended = new Promise((resolve) => socket.on("close", resolve));
    socket.pause();
    socket.write("never read");
    const stream = await runtime.spawn(listener.accept());
    await runtime.spawn(stream.readable());
    await runtime.spawn(stream.writeAll(new Uint8Array(500_000)));
    stream.close();
    listener.close();
    socket.resume();
    await ended;
    expect([received, failure]).toEqual([500_000, undefined]);
  });

  test("a linger that would stop the thread is refused", async () => {
    const { theirs, ours } = await runtime.spawn(pair());
    expect(() => ours.setLinger(2000)).toThrow(expect.objectContaining({ code: "POLLUX_UNSUPPORTED" }));
    ours.setLinger(null);
    for (const stream of [theirs, ours]) stream.close();
  });

  test("readable is not ready once a read has taken exactly what was there", async () => {
    const { theirs, ours } = await runtime.spawn(pair());
    await runtime.spawn(theirs.writeAll(new Uint8Array(5)));
    await runtime.spawn(ours.readable());
    expect(ours.tryRead(new Uint8Array(5))).toBe(5);
    const readable = runtime.spawn(ours.readable());
    let isReady = false;
    void readable.then(() => {
      isReady = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isReady).toBe(false);
    await runtime.spawn(theirs.writeAll(new Uint8Array(1)));
    await until(() => isReady);
    for (const stream of [theirs, ours]) stream.close();
  });

  test("a buffer that was taken away while a read waited is not the end of the stream", async () => {
    const { theirs, ours } = await runtime.spawn(pair());
    const buf = new Uint8Array(8);
    const read = runtime.spawn(ours.read(buf));
    await new Promise((resolve) => setImmediate(resolve));
    structuredClone(buf.buffer, { transfer: [buf.buffer] });
    await runtime.spawn(theirs.writeAll(new Uint8Array(5)));
    expect(await read).toBe(0);
    expect(await runtime.spawn(ours.read(new Uint8Array(8)))).toBe(5);
    for (const stream of [theirs, ours]) stream.close();
  });

  test("workers of node:cluster share a port through the primary, on Node's sockets", () => {
    const program = fileURLToPath(new URL("../../../test/support/cluster-program.mjs", import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [program], {
      encoding: "utf8",
      timeout: 20_000,
    });
    expect([stdout, stderr]).toEqual(["true node\n", ""]);
  });
});
