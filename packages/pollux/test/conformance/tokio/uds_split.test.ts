import { expect, test } from "vitest";
import { tryJoin } from "../../../src/combine/try-join.ts";
import { blockFuture, co } from "../../../src/core/coroutine.ts";
import { UnixStream } from "../../../src/net/unix-stream.ts";
import { loadNative } from "../../../src/reactor/epoll/native.ts";
import { run } from "../../../src/runtime/runtime.ts";

const onEpoll = test.runIf("native" in loadNative());

onEpoll("split: each of two streams is written to by one task and read by another", async () => {
  const both = co(function* (stream: UnixStream, sent: string, expected: string) {
    const write = co(function* () {
      yield* stream.writeAll(Buffer.from(sent));
      yield* stream.shutdown();
    });
    const read = co(function* () {
      const chunks: Buffer[] = [];
      const buf = new Uint8Array(100);
      for (let n: number; (n = yield* stream.read(buf)) > 0; ) chunks.push(Buffer.from(buf.subarray(0, n)));
      return Buffer.concat(chunks).toString();
    });
    const [, received] = yield* tryJoin(write(), read());
    expect(received).toBe(expected);
  });
  function* main() {
    const [a, b] = yield* UnixStream.pair();
    yield* tryJoin(both(a, "A", "B"), both(b, "B", "A"));
  }
  await run(blockFuture(main(), "a test"));
});
