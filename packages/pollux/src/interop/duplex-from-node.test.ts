import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { nodeClient } from "../../test/support/net.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, FutureInUseError } from "../core/errors.ts";
import { run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { duplexFromNode } from "./duplex-from-node.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("duplexFromNode", () => {
  test("reads and writes at the same time, half-closes, and sees the end of the other side", async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = await nodeClient((server.address() as AddressInfo).port, true);
    const main = co(function* () {
      const stream = duplexFromNode(socket);
      const big = new Uint8Array(3_000_000).fill(7);
      const writing = spawn(
        co(function* () {
          yield* stream.writeAll(big);
          yield* stream.shutdown();
        })(),
      );
      const buf = new Uint8Array(100_000);
      let size = 0;
      for (let n: number; (n = yield* stream.read(buf)) > 0; ) size += n;
      yield* writing;
      stream.close();
      return size;
    });
    expect(await run(main())).toBe(3_000_000);
    server.close();
    await once(server, "close");
  });

  test("has two sides: one may wait on each, and no more", () => {
    const stream = duplexFromNode(new PassThrough({ highWaterMark: 1 }));
    const cx = new TestContext();
    const read = stream.read(new Uint8Array(1));
    pending(read, cx);
    expect(readyNow(stream.write(bytes("a")), cx)).toBe(1);
    expect(() => stream.read(new Uint8Array(1)).poll(cx)).toThrow(FutureInUseError);
  });

  test("close wakes who waits on either side, and can be waited for", async () => {
    const through = new PassThrough({ highWaterMark: 1 });
    const stream = duplexFromNode(through);
    const cx = new TestContext();
    const read = stream.read(new Uint8Array(1));
    pending(read, cx);
    await stream[Symbol.asyncDispose]();
    expect(() => read.poll(cx)).toThrow(ClosedError);
    expect(() => stream.write(bytes("a")).poll(cx)).toThrow(ClosedError);
    expect([through.closed, through.errored]).toEqual([true, null]);
  });

  test("takes a Duplex of bytes", () => {
    const wrong = duplexFromNode as (stream: unknown) => unknown;
    expect(() => wrong(Readable.from([], { objectMode: false }))).toThrow(
      "duplexFromNode needs a Writable of Node",
    );
    expect(() => wrong(new PassThrough({ objectMode: true }))).toThrow("object mode");
  });
});
