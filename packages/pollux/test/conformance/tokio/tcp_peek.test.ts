import { expect, test } from "vitest";
import { join } from "../../../src/combine/join.ts";
import { co } from "../../../src/core/coroutine.ts";
import { TcpListener } from "../../../src/net/tcp-listener.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import { run } from "../../../src/runtime/runtime.ts";

test("peek: what is peeked at is read after it", async () => {
  const main = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const [right, left] = yield* join(listener.accept(), TcpStream.connect(listener.localAddress));
    yield* right.writeAll(new Uint8Array([1, 2, 3, 4]));
    const buf = new Uint8Array(16);
    expect([...buf.subarray(0, yield* left.peek(buf))]).toEqual([1, 2, 3, 4]);
    buf.fill(0);
    expect([...buf.subarray(0, yield* left.read(buf))]).toEqual([1, 2, 3, 4]);
    for (const each of [right, left, listener]) each.close();
  });
  await run(main());
});
