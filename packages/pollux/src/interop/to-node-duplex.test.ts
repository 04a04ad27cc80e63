import { once } from "node:events";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { Duplex as NodeDuplex, PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { FedReader } from "../../test/support/memory-bytes.ts";
import { until } from "../../test/support/net.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { duplexFromNode } from "./duplex-from-node.ts";
import { toNodeDuplex } from "./to-node-duplex.ts";

describe("duplexes", () => {
  test("duplexFromNode over a socket: reads, writes, half-closes; toNodeDuplex over that is a socket again", async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const socket = createConnection({ port, host: "127.0.0.1", allowHalfOpen: true });
    const stream = toNodeDuplex(duplexFromNode(socket));
    stream.end("hello");
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("hello");
    await until(() => socket.closed);
    server.close();
    await once(server, "close");
  });

  test("toNodeDuplex: the end of the read side leaves the write side open", async () => {
    const [left, right] = pair();
    const stream = toNodeDuplex(duplexFromNode(left));
    right.end();
    stream.resume();
    await once(stream, "end");
    stream.write("late");
    const [chunk] = await once(right, "data");
    expect(String(chunk)).toBe("late");
    stream.destroy();
    await once(stream, "close");
    expect(left.destroyed).toBe(true);
  });

  test("toNodeDuplex: destroy cancels what waits, and closes", async () => {
    const [left] = pair();
    const stream = toNodeDuplex(duplexFromNode(left));
    stream.read();
    await turn();
    const failure = new Error("enough");
    stream.destroy(failure);
    const [error] = await once(stream, "error").catch((caught: unknown) => [caught]);
    expect(error).toBe(failure);
    await until(() => left.closed);
  });

  test("toNodeDuplex takes a duplex", () => {
    expect(() => (toNodeDuplex as (duplex: unknown) => unknown)(new FedReader())).toThrow(
      "toNodeDuplex needs a Duplex",
    );
  });
});

/** Two streams of Node, each of which gives what is written to the other. */
function pair(): [NodeDuplex, NodeDuplex] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const end = (input: PassThrough, output: PassThrough): NodeDuplex =>
    new NodeDuplex({
      read() {
        const chunk: unknown = input.read();
        if (chunk !== null) this.push(chunk);
        else if (input.readableEnded) this.push(null);
        else {
          const again = (): void => {
            input.off("readable", again);
            input.off("end", again);
            this._read(0);
          };
          input.once("readable", again);
          input.once("end", again);
        }
      },
      write(chunk, encoding, callback) {
        output.write(chunk, encoding, callback);
      },
      final(callback) {
        output.end(callback);
      },
    });
  return [end(back, there), end(there, back)];
}
