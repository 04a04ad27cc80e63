import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { co, Runtime, spawn, TcpListener, type TcpStream } from "pollux";
import type { Mode } from "./programs.ts";

// Run as: node --expose-gc server.js PEER MODE SIZE. Prints its port; answers the line `gc`; ends with its input. Each
// server is written as its users would write it.

const [peer = "", givenMode = "", givenSize = ""] = process.argv.slice(2);
const mode = givenMode as Mode; // Checked by the table below.
const size = Number(givenSize);

/** The load has what it wanted and closes: any other failure is one of ours. */
function ignoreLeaving(error: unknown): void {
  if (!["ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
}

const echo = co(function* (stream: TcpStream) {
  const buf = new Uint8Array(size);
  try {
    for (let n: number; (n = yield* stream.read(buf)) > 0; ) yield* stream.writeAll(buf.subarray(0, n));
  } catch (error) {
    ignoreLeaving(error);
  } finally {
    stream.close();
  }
});

const readAll = co(function* (stream: TcpStream) {
  const buf = new Uint8Array(size);
  try {
    while ((yield* stream.read(buf)) > 0);
  } catch (error) {
    ignoreLeaving(error);
  } finally {
    stream.close();
  }
});

const writeForever = co(function* (stream: TcpStream) {
  const buf = new Uint8Array(size);
  try {
    for (;;) yield* stream.writeAll(buf);
  } catch (error) {
    ignoreLeaving(error);
  } finally {
    stream.close();
  }
});

const handlers = { echo, in: readAll, out: writeForever };

const serve = co(function* () {
  const listener = yield* TcpListener.bind("127.0.0.1:0");
  console.log(listener.localAddress.port);
  for (;;) spawn(handlers[mode](yield* listener.accept()));
});

function serveNode(): void {
  const on: Record<Mode, (socket: Socket) => void> = {
    echo: (socket) =>
      socket.on("data", (data) => {
        if (!socket.write(data)) {
          socket.pause();
          socket.once("drain", () => socket.resume());
        }
      }),
    in: (socket) => socket.on("data", () => {}),
    out: (socket) => {
      const bytes = new Uint8Array(size);
      const write = (): void => {
        while (socket.write(bytes));
      };
      socket.on("drain", write);
      write();
    },
  };
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => {}); // As above.
    on[mode](socket);
  });
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
}

const input = createInterface({ input: process.stdin });
input.on("line", () => {
  globalThis.gc?.();
  globalThis.gc?.();
  console.log("done");
});
input.on("close", () => process.exit(0));

if (peer === "node-net") serveNode();
else await new Runtime({ reactor: peer === "pollux-node" ? "node" : "auto" }).run(serve());
