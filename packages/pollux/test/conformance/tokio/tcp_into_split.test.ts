import { once } from "node:events";
import { expect, test } from "vitest";
import { tryJoin } from "../../../src/combine/try-join.ts";
import { co } from "../../../src/core/coroutine.ts";
import { TcpListener } from "../../../src/net/tcp-listener.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { text, utf8 } from "../../support/io.ts";
import { collect, nodeServer } from "../../support/net.ts";
import { reactors } from "../../support/reactors.ts";

const MESSAGE = utf8("split");

for (const [name, options] of reactors) {
  test(`split: one half reads while the other one writes; on ${name}`, () =>
    new Runtime(options).run(
      co(function* () {
        const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
        const [ours, theirs] = yield* tryJoin(TcpStream.connect(listener.localAddress), listener.accept());
        listener.close();
        const [reader, writer] = ours.intoSplit();
        const buf = new Uint8Array(32);
        const [, written, read] = yield* tryJoin(
          co(function* () {
            yield* theirs.writeAll(MESSAGE);
            const got = new Uint8Array(MESSAGE.length);
            yield* theirs.readExact(got);
            expect(got).toEqual(MESSAGE);
          })(),
          writer.write(MESSAGE),
          co(function* () {
            expect(yield* reader.stream.peek(buf)).toBe(MESSAGE.length);
            expect(yield* reader.stream.peek(buf)).toBe(MESSAGE.length);
            return yield* reader.read(buf);
          })(),
        );
        expect(written).toBe(MESSAGE.length);
        expect(text(buf.subarray(0, read))).toBe("split");
        writer.close();
        expect(ours.isClosed).toBe(false);
        reader.close();
        expect(ours.isClosed).toBe(true);
        theirs.close();
      })(),
    ));

  test(`reunite: halves of two connections do not go together, those of one do; on ${name}`, async () => {
    const server = await nodeServer(() => {});
    try {
      await new Runtime(options).run(
        co(function* () {
          const stream1 = yield* TcpStream.connect(server);
          const stream2 = yield* TcpStream.connect(server);
          const [read1, write1] = stream1.intoSplit();
          const [read2, write2] = stream2.intoSplit();
          expect(() => read1.reunite(write2)).toThrow(RangeError);
          expect(read1.reunite(write1)).toBe(stream1);
          // Nothing was closed by it.
          yield* stream1.writeAll(MESSAGE);
          stream1.close();
          read2.close();
          write2.close();
          expect(stream2.isClosed).toBe(true);
        })(),
      );
    } finally {
      await server.close();
    }
  });

  test(`drop_write: to close the writing half ends what the peer reads, while the other half goes on; on ${name}`, async () => {
    const received: Promise<Buffer>[] = [];
    const server = await nodeServer(
      (socket) => {
        socket.write(MESSAGE);
        received.push(collect(socket).finally(() => socket.end()));
      },
      { allowHalfOpen: true },
    );
    try {
      await new Runtime(options).run(
        co(function* () {
          const stream = yield* TcpStream.connect(server);
          const [reader, writer] = stream.intoSplit();
          const buf = new Uint8Array(32);
          expect(yield* reader.read(buf)).toBe(MESSAGE.length);
          const reading = spawn(reader.read(buf));
          yield* yieldNow();
          writer.close();
          // The peer closes once it has read our end.
          expect(yield* reading).toBe(0);
          reader.close();
        })(),
      );
      expect(await Promise.all(received)).toEqual([Buffer.alloc(0)]);
      await Promise.all(
        server.sockets.filter((socket) => !socket.closed).map((socket) => once(socket, "close")),
      );
    } finally {
      await server.close();
    }
  });
}
