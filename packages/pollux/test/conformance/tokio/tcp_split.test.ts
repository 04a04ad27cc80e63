import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { text, utf8 } from "../../support/io.ts";
import { nodeServer } from "../../support/net.ts";
import { reactors } from "../../support/reactors.ts";

for (const [name, options] of reactors) {
  test(`split: lends the two sides, and leaves the stream open; on ${name}`, async () => {
    const server = await nodeServer((socket) => {
      socket.write("split");
      socket.pipe(socket);
    });
    try {
      await new Runtime(options).run(
        co(function* () {
          const stream = yield* TcpStream.connect(server);
          const [reader, writer] = stream.split();
          const buf = new Uint8Array(5);
          expect(yield* reader.stream.peek(buf)).toBe(5);
          yield* reader.readExact(buf);
          expect(text(buf)).toBe("split");
          expect(yield* writer.write(utf8("again"))).toBe(5);
          yield* reader.readExact(buf);
          expect(text(buf)).toBe("again");
          reader.close();
          writer.close();
          expect(stream.isClosed).toBe(false);
          yield* stream.writeAll(utf8("still"));
          yield* stream.readExact(buf);
          expect(text(buf)).toBe("still");
          stream.close();
        })(),
      );
    } finally {
      await server.close();
    }
  });
}
