import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { TcpListener } from "../../../src/net/tcp-listener.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";

test("echo_server: 1,024 messages come back as they were sent, and then the end", async () => {
  const message = "foo bar baz";
  const rounds = 1024;
  const main = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const visit = co(function* () {
      const stream = yield* TcpStream.connect(listener.localAddress);
      for (let i = 0; i < rounds; i++) {
        yield* stream.writeAll(Buffer.from(message));
        const buf = Buffer.alloc(message.length);
        for (let size = 0; size < buf.length; ) size += yield* stream.read(buf.subarray(size));
        expect(buf.toString()).toBe(message);
      }
      stream.close();
    });
    const visitor = spawn(visit());
    const stream = yield* listener.accept();
    const buf = new Uint8Array(1000);
    let copied = 0;
    for (let n: number; (n = yield* stream.read(buf)) > 0; copied += n)
      yield* stream.writeAll(buf.subarray(0, n));
    expect(copied).toBe(rounds * message.length);
    yield* visitor;
    stream.close();
    listener.close();
  });
  await run(main());
});
