import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { join } from "../../src/combine/join.ts";
import { co } from "../../src/core/coroutine.ts";
import type { Future } from "../../src/core/future.ts";
import { fromPromise } from "../../src/interop/promise.ts";
import { BufReader } from "../../src/io/buf-reader.ts";
import { copy } from "../../src/io/copy.ts";
import type { Duplex } from "../../src/io/duplex.ts";
import { TcpListener } from "../../src/net/tcp-listener.ts";
import { TcpStream } from "../../src/net/tcp-stream.ts";
import { UdpSocket } from "../../src/net/udp-socket.ts";
import { UnixListener } from "../../src/net/unix-listener.ts";
import { UnixStream } from "../../src/net/unix-stream.ts";
import { Runtime } from "../../src/runtime/runtime.ts";
import { spawn } from "../../src/task/spawn.ts";
import { encodeAnswer, parseQuery } from "../support/dns.ts";
import { text, utf8 } from "../support/io.ts";
import { nothingLeft } from "../support/open-sources.ts";
import { reactors } from "../support/reactors.ts";
import { runTool, startTool, testWith } from "../support/tools.ts";

// Peers that others have written, as clients and as servers: what one implementation does with itself proves little.

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(joinPath(tmpdir(), "pollux-peers-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const BIG = Buffer.from(
  Array.from({ length: 1_000_000 }, (_, n) => 97 + (((n * 2_654_435_761) >>> 13) % 26)),
).toString("latin1");

const sha = (bytes: string | Uint8Array): string =>
  createHash("sha256")
    .update(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes)
    .digest("hex");

/** Accepts one connection, and closes it when it has been served. */
const serveOne = co(function* (
  listener: { accept(): Future<Duplex>; close(): void },
  serve: (stream: Duplex) => Future<unknown>,
) {
  const stream = yield* listener.accept();
  try {
    yield* serve(stream);
  } finally {
    stream.close();
    listener.close();
  }
});

/** Sends back what comes, up to the end, and then ends too. */
const echo = co(function* (stream: Duplex) {
  yield* copy(stream, stream);
  yield* stream.shutdown();
});

/** Sends all, half-closes, and gives all that comes back. */
const exchange = co(function* (stream: Duplex, bytes: string) {
  const [reader, writer] = stream.split();
  const write = co(function* () {
    yield* writer.writeAll(Buffer.from(bytes, "latin1"));
    yield* writer.shutdown();
  });
  const [, answer] = yield* join(write(), reader.readToEnd());
  stream.close();
  return answer;
});

describe.each(reactors)("peers on the %s reactor", (reactor, options) => {
  let runtime: Runtime;
  const go = <T>(future: Future<T>): Promise<T> => runtime.run(future);
  const path = (name: string): string => joinPath(folder, `${reactor}-${name}`);

  beforeEach(() => {
    runtime = new Runtime(options);
  });

  afterEach(async () => {
    await nothingLeft(runtime);
  });

  /** Reads a request of HTTP, with its body. */
  const readRequest = co(function* (stream: Duplex) {
    const reader = new BufReader(stream);
    const lines: string[] = [];
    for (let line: unknown; (line = yield* reader.readLine()) !== ""; ) lines.push(String(line));
    const length = /content-length: (\d+)/i.exec(lines.join("\n"))?.[1] ?? "0";
    const body = new Uint8Array(Number(length));
    if (body.length > 0) yield* reader.readExact(body);
    return { request: lines[0], body };
  });

  const curl = (...args: string[]): ReturnType<typeof runTool> =>
    runTool("curl", ["--silent", "--show-error", "--max-time", "30", "--noproxy", "*", ...args]);

  testWith("curl", "curl fetches 1 MB", () =>
    go(
      co(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const serving = spawn(
          serveOne(
            listener,
            co(function* (stream: Duplex) {
              expect((yield* readRequest(stream)).request).toBe("GET /big HTTP/1.1");
              yield* stream.writeAll(utf8(`HTTP/1.1 200 OK\r\nContent-Length: ${BIG.length}\r\n\r\n`));
              yield* stream.writeAll(utf8(BIG));
              yield* stream.shutdown();
            }),
          ),
        );
        const { code, stdout, stderr } = yield* fromPromise(
          curl(`http://127.0.0.1:${listener.localAddress.port}/big`),
        );
        expect([code, stderr, sha(stdout)]).toEqual([0, "", sha(BIG)]);
        yield* serving;
      })(),
    ),
  );

  testWith("curl", "curl sends a body over a Unix socket", () =>
    go(
      co(function* () {
        const listener = yield* UnixListener.bind(path("curl"));
        const serving = spawn(
          serveOne(
            listener,
            co(function* (stream: Duplex) {
              const { request, body } = yield* readRequest(stream);
              const answer = `${request} with ${body.length} bytes`;
              yield* stream.writeAll(
                utf8(`HTTP/1.1 200 OK\r\nContent-Length: ${answer.length}\r\n\r\n${answer}`),
              );
              yield* stream.shutdown();
            }),
          ),
        );
        const { code, stdout, stderr } = yield* fromPromise(
          curl("--unix-socket", path("curl"), "--data", "a=1&b=2", "http://localhost/form"),
        );
        expect([code, stderr, stdout]).toEqual([0, "", "POST /form HTTP/1.1 with 7 bytes"]);
        yield* serving;
      })(),
    ),
  );

  // The client of each is given a place, and what it is to send; it half-closes then, and prints what comes back.
  const clients: [tool: string, kind: string, args: (place: string) => string[]][] = [
    ["nc", "TCP", (port) => ["-N", "127.0.0.1", port]],
    ["socat", "TCP", (port) => ["-t", "30", "-", `TCP4:127.0.0.1:${port}`]],
    ["nc", "Unix", (place) => ["-N", "-U", place]],
    ["socat", "Unix", (place) => ["-t", "30", "-", `UNIX-CONNECT:${place}`]],
  ];
  for (const [tool, kind, args] of clients) {
    testWith(tool, `${tool} is a client of a ${kind} echo: 1 MB, and a half-close`, () =>
      go(
        co(function* () {
          const place = path(`${tool}-client`);
          const tcp = kind === "TCP" ? yield* TcpListener.bind("127.0.0.1:0") : null;
          const listener = tcp ?? (yield* UnixListener.bind(place));
          const serving = spawn(serveOne(listener, echo));
          const address = tcp === null ? place : String(tcp.localAddress.port);
          const { code, stdout } = yield* fromPromise(runTool(tool, args(address), BIG));
          expect([code, sha(stdout)]).toEqual([0, sha(BIG)]);
          yield* serving;
        })(),
      ),
    );
  }

  testWith("nc", "nc is a server: it hears what we send, and we its answer and its end", () =>
    go(
      co(function* () {
        const tool = startTool("nc", ["-v", "-N", "-l", "127.0.0.1", "0"], "from nc");
        const port = yield* fromPromise(tool.says(/Listening on \S+ (\d+)/));
        const stream = yield* TcpStream.connect(`127.0.0.1:${port}`);
        expect(text(yield* exchange(stream, BIG))).toBe("from nc");
        const { code, stdout } = yield* fromPromise(tool.ended);
        expect([code, sha(stdout)]).toEqual([0, sha(BIG)]);
      })(),
    ),
  );

  testWith("socat", "socat is a server of TCP, which sends 1 MB back through a pipe", () =>
    go(
      co(function* () {
        const tool = startTool("socat", ["-d", "-d", "-t", "30", "TCP4-LISTEN:0,bind=127.0.0.1", "EXEC:cat"]);
        const port = yield* fromPromise(tool.says(/listening on AF=2 127\.0\.0\.1:(\d+)/));
        const stream = yield* TcpStream.connect(`127.0.0.1:${port}`);
        expect(sha(yield* exchange(stream, BIG))).toBe(sha(BIG));
        expect((yield* fromPromise(tool.ended)).code).toBe(0);
      })(),
    ),
  );

  testWith("socat", "socat is a server of Unix sockets", () =>
    go(
      co(function* () {
        const listen = `UNIX-LISTEN:${path("server")}`;
        const tool = startTool("socat", ["-d", "-d", "-t", "30", listen, "EXEC:tr a-z A-Z"]);
        yield* fromPromise(tool.says(/listening on/));
        const stream = yield* UnixStream.connect(path("server"));
        expect(text(yield* exchange(stream, "quiet"))).toBe("QUIET");
        expect((yield* fromPromise(tool.ended)).code).toBe(0);
      })(),
    ),
  );

  // Node 20 takes the zeros behind an abstract name for a part of it: who is not told so does not find it.
  if (reactor === "epoll")
    testWith("socat", "socat meets us at an abstract name", () =>
      go(
        co(function* () {
          const name = `pollux-${process.pid}-${reactor}`;
          const listener = yield* UnixListener.bind(`\0${name}`);
          const serving = spawn(serveOne(listener, echo));
          const { stdout } = yield* fromPromise(
            runTool("socat", ["-t", "30", "-", `ABSTRACT-CONNECT:${name}`], "no file"),
          );
          expect(stdout).toBe("no file");
          yield* serving;
        })(),
      ),
    );

  test("node:net is a client and a server: 1 MB, and a half-close", () =>
    go(
      co(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const serving = spawn(serveOne(listener, echo));
        const received = yield* fromPromise(async () => {
          const socket = connect(listener.localAddress.port, "127.0.0.1");
          const chunks: Buffer[] = [];
          socket.on("data", (chunk: Buffer) => chunks.push(chunk));
          socket.end(BIG, "latin1");
          await once(socket, "close");
          return Buffer.concat(chunks);
        });
        expect(sha(received)).toBe(sha(BIG));
        yield* serving;

        const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
        server.listen(0, "127.0.0.1");
        yield* fromPromise(once(server, "listening"));
        // It listens on a port.
        const { port } = server.address() as AddressInfo;
        const stream = yield* TcpStream.connect(`127.0.0.1:${port}`);
        expect(sha(yield* exchange(stream, BIG))).toBe(sha(BIG));
        server.close();
        yield* fromPromise(once(server, "close"));
      })(),
    ));

  testWith("dig", "dig asks a server of ours for names that there are, and one that there is not", () =>
    go(
      co(function* () {
        const socket = yield* UdpSocket.bind("127.0.0.1:0");
        const records: Record<string, Uint8Array> = {
          "1 castor.test": Uint8Array.of(192, 0, 2, 7),
          "16 pollux.test": Buffer.from("\x08immortal", "latin1"),
        };
        const serving = spawn(
          co(function* () {
            const buf = new Uint8Array(512);
            for (;;) {
              const { size, from } = yield* socket.recvFrom(buf);
              const question = parseQuery(buf.subarray(0, size));
              const data = records[`${question.type} ${question.name}`] ?? null;
              yield* socket.sendTo(encodeAnswer(question, data), from);
            }
          })(),
        );
        const dig = (...args: string[]): Future<string> =>
          fromPromise(
            runTool("dig", ["@127.0.0.1", "-p", String(socket.localAddress.port), "+noedns", ...args]).then(
              ({ stdout }) => stdout.trim(),
            ),
          );
        expect(yield* dig("+short", "castor.test", "A")).toBe("192.0.2.7");
        expect(yield* dig("+short", "pollux.test", "TXT")).toBe('"immortal"');
        expect(yield* dig("+noall", "+comments", "leda.test", "A")).toContain("status: NXDOMAIN");
        serving.abort();
        yield* fromPromise(serving.then(null, () => {}));
        socket.close();
      })(),
    ),
  );

  test("a client of UDP asks a server of node:dgram", () =>
    go(
      co(function* () {
        const server = createSocket("udp4", (message, { port, address }) => {
          server.send(message.toString().toUpperCase(), port, address);
        });
        server.bind(0, "127.0.0.1");
        yield* fromPromise(once(server, "listening"));
        const socket = yield* UdpSocket.bind("127.0.0.1:0");
        yield* socket.connect({ host: "127.0.0.1", port: server.address().port });
        const buf = new Uint8Array(2000);
        for (const message of ["a", "b".repeat(1400), "c"]) {
          yield* socket.send(utf8(message));
          expect(text(buf.subarray(0, yield* socket.recv(buf)))).toBe(message.toUpperCase());
        }
        socket.close();
        server.close();
        yield* fromPromise(once(server, "close"));
      })(),
    ));

  testWith("socat", "socat answers a datagram", () =>
    go(
      co(function* () {
        const socket = yield* UdpSocket.bind("127.0.0.1:0");
        const tool = startTool("socat", ["-", `UDP4:127.0.0.1:${socket.localAddress.port}`], null);
        tool.write("question");
        const buf = new Uint8Array(100);
        const { size, from } = yield* socket.recvFrom(buf);
        expect(text(buf.subarray(0, size))).toBe("question");
        yield* socket.sendTo(utf8("answer"), from);
        yield* fromPromise(tool.says(/answer/));
        tool.end();
        yield* fromPromise(tool.ended);
        socket.close();
      })(),
    ),
  );
});
