import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { join } from "../../src/combine/join.ts";
import { co } from "../../src/core/coroutine.ts";
import { CancelledError, UnexpectedEofError } from "../../src/core/errors.ts";
import type { Future } from "../../src/core/future.ts";
import { fromPromise } from "../../src/interop/promise.ts";
import { copyBidirectional } from "../../src/io/copy-bidirectional.ts";
import type { Duplex } from "../../src/io/duplex.ts";
import { TcpListener } from "../../src/net/tcp-listener.ts";
import { TcpStream } from "../../src/net/tcp-stream.ts";
import { UnixListener } from "../../src/net/unix-listener.ts";
import { UnixStream } from "../../src/net/unix-stream.ts";
import { Runtime } from "../../src/runtime/runtime.ts";
import { spawn } from "../../src/task/spawn.ts";
import { TlsAcceptor } from "../../src/tls/tls-acceptor.ts";
import { TlsConnector } from "../../src/tls/tls-connector.ts";
import type { TlsStream } from "../../src/tls/tls-stream.ts";
import { cancelAtEveryPoll } from "../support/cancel-at-every-poll.ts";
import { utf8 } from "../support/io.ts";
import { turn, until } from "../support/net.ts";
import { nothingLeft } from "../support/open-sources.ts";
import { reactors } from "../support/reactors.ts";
import { ca, client, server } from "../support/tls-certificates.ts";
import { runTool, startTool, testWith } from "../support/tools.ts";

// TLS over sockets, on every reactor, and with peers that others have written.

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(joinPath(tmpdir(), "pollux-tls-"));
  const files = { "ca.pem": ca, "server.pem": server.cert, "server.key": server.key };
  for (const [name, text] of Object.entries(files)) writeFileSync(joinPath(folder, name), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

const inFolder = (name: string): string => joinPath(folder, name);

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const pattern = (size: number, seed: number): Buffer =>
  Buffer.from(Array.from({ length: size }, (_, n) => ((n * 2_654_435_761 + seed) >>> 13) & 0xff));

const acceptor = new TlsAcceptor({ ...server, ca, requestCert: true, rejectUnauthorized: false });
const connector = new TlsConnector({ ca, ...client });

/** Accepts one connection and serves it; the connection is closed then. */
const serveOne = co(function* (listener: TcpListener, serve: (stream: TlsStream) => Future<void>) {
  const stream = yield* acceptor.accept(yield* listener.accept());
  try {
    yield* serve(stream);
  } finally {
    stream.close();
    listener.close();
  }
});

describe.each(reactors)("tls on the %s reactor", (name, options) => {
  let runtime: Runtime;
  const go = <T>(future: Future<T>): Promise<T> => runtime.run(future);

  beforeEach(() => {
    runtime = new Runtime(options);
  });

  afterEach(async () => {
    await nothingLeft(runtime);
  });

  const tcp = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const pair = yield* join(TcpStream.connect(listener.localAddress), listener.accept());
    listener.close();
    return pair;
  });

  const unix = co(function* () {
    const listener = yield* UnixListener.bind(inFolder(`${name}.sock`));
    const pair = yield* join(UnixStream.connect(inFolder(`${name}.sock`)), listener.accept());
    listener.close();
    return pair;
  });

  const secure = co(function* (below: () => Future<readonly [Duplex, Duplex]>) {
    const [ours, theirs] = yield* below();
    return yield* join(connector.connect(ours, "localhost"), acceptor.accept(theirs));
  });

  const kinds: [string, () => Future<readonly [Duplex, Duplex]>][] = [
    ["TCP", tcp],
    ["a Unix socket", unix],
  ];
  for (const [kind, below] of kinds) {
    test.each([997, 100_000])(`over ${kind}, 1 MB goes both ways at once, in pieces of %i bytes`, (piece) =>
      go(
        co(function* () {
          const [a, b] = yield* secure(below);
          const send = co(function* (stream: Duplex, bytes: Uint8Array) {
            for (let at = 0; at < bytes.length; at += piece)
              yield* stream.writeAll(bytes.subarray(at, at + piece));
            yield* stream.shutdown();
          });
          const [there, back] = [pattern(1_000_000, 1), pattern(1_000_000, 2)];
          const [, , atB, atA] = yield* join(send(a, there), send(b, back), b.readToEnd(), a.readToEnd());
          expect([sha(atB), sha(atA)]).toEqual([sha(there), sha(back)]);
          a.close();
          b.close();
        })(),
      ),
    );
  }

  test("a connection that is cut is told from one that has ended", () =>
    go(
      co(function* () {
        for (const ends of [true, false]) {
          const [a, b] = yield* secure(tcp);
          yield* b.writeAll(utf8("all of it"));
          if (ends) yield* b.shutdown();
          else yield* b.flush();
          b.close();
          let failure: unknown = null;
          try {
            expect(yield* a.readToString()).toBe("all of it");
          } catch (error) {
            failure = error;
          }
          if (ends) expect(failure).toBeNull();
          else expect(failure).toBeInstanceOf(UnexpectedEofError);
          a.close();
        }
      })(),
    ));

  test("a proxy hands encrypted bytes on, both directions and their ends", () =>
    go(
      co(function* () {
        const [a, middleA] = yield* tcp();
        const [middleB, b] = yield* tcp();
        const proxy = spawn(copyBidirectional(middleA, middleB));
        const [ours, theirs] = yield* join(connector.connect(a, "localhost"), acceptor.accept(b));
        yield* ours.writeAll(utf8("there"));
        yield* ours.shutdown();
        expect(yield* theirs.readToString()).toBe("there");
        yield* theirs.writeAll(utf8("and back"));
        yield* theirs.shutdown();
        expect(yield* ours.readToString()).toBe("and back");
        ours.close();
        theirs.close();
        yield* proxy;
        middleA.close();
        middleB.close();
      })(),
    ));

  test("a cancel in the handshake closes the socket, at every poll", () =>
    cancelAtEveryPoll(async (cancelAt) => {
      await go(
        co(function* () {
          const [ours, theirs] = yield* tcp();
          const serving = spawn(acceptor.accept(theirs)).observed();
          const outcome = yield* cancelAt(
            co(function* () {
              try {
                return yield* connector.connect(ours, "localhost");
              } finally {
                ours.close();
              }
            })(),
          );
          if (!outcome.cancelled) outcome.value.close();
          ours.close();
          expect(ours.isClosed).toBe(true);
          try {
            (yield* serving).close();
          } catch (error) {
            // Cut in the handshake.
            expect(error).toBeInstanceOf(Error);
          }
        })(),
      );
    }));

  test("an abort of the task that reads closes all", async () => {
    const task = runtime.spawn(
      co(function* () {
        const [a, b] = yield* secure(tcp);
        try {
          yield* a.read(new Uint8Array(1));
        } finally {
          a.close();
          b.close();
        }
      })(),
    );
    await until(() => runtime.metrics().outstanding > 0);
    for (let n = 0; n < 50; n++) await turn();
    task.abort();
    await expect(task).rejects.toThrow(CancelledError);
  });

  test("a client of node:tls asks, half-closes, and hears the answer", () =>
    go(
      co(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const { port } = listener.localAddress;
        const serving = spawn(
          serveOne(
            listener,
            co(function* (stream: TlsStream) {
              expect(stream).toMatchObject({ authorized: true, servername: "one.test" });
              const size = (yield* stream.readToEnd()).length;
              yield* stream.writeAll(utf8(`${size} bytes`));
              yield* stream.shutdown();
            }),
          ),
        );
        const answer = yield* fromPromise(async () => {
          const socket = connect({ port, host: "127.0.0.1", servername: "one.test", ca, ...client });
          await once(socket, "secureConnect");
          const chunks: Buffer[] = [];
          socket.on("data", (chunk: Buffer) => chunks.push(chunk));
          socket.end(pattern(300_000, 1));
          await once(socket, "end");
          return Buffer.concat(chunks).toString();
        });
        expect(answer).toBe("300000 bytes");
        yield* serving;
      })(),
    ));

  test("a server of node:tls is asked, takes a session up again, and sees who asks", () =>
    go(
      co(function* () {
        const seen: unknown[] = [];
        const peer = createServer({ ...server, ca, requestCert: true }, (socket: TLSSocket) => {
          seen.push([socket.authorized, socket.isSessionReused()]);
          socket.end(pattern(200_000, 5));
          socket.resume();
        });
        peer.listen(0, "127.0.0.1");
        yield* fromPromise(once(peer, "listening"));
        // It listens on a port.
        const { port } = peer.address() as AddressInfo;
        let session: Uint8Array | undefined;
        for (let n = 0; n < 2; n++) {
          const below = yield* TcpStream.connect({ host: "127.0.0.1", port });
          const stream: TlsStream = yield* connector.connect(below, "localhost", { session });
          expect(sha(yield* stream.readToEnd())).toBe(sha(pattern(200_000, 5)));
          yield* stream.shutdown();
          session = stream.sessionTicket;
          stream.close();
        }
        expect(seen).toEqual([
          [true, false],
          [true, true],
        ]);
        peer.close();
        yield* fromPromise(once(peer, "close"));
      })(),
    ));

  testWith("openssl", "openssl s_client connects, asks, and sees a chain that it trusts", () =>
    go(
      co(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const { port } = listener.localAddress;
        const serving = spawn(
          serveOne(
            listener,
            co(function* (stream: TlsStream) {
              const buf = new Uint8Array(100);
              const size = yield* stream.read(buf);
              yield* stream.writeAll(buf.subarray(0, size).reverse());
              yield* stream.shutdown();
            }),
          ),
        );
        const tool = startTool(
          "openssl",
          [
            ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "one.test"],
            ["-CAfile", inFolder("ca.pem"), "-verify_return_error", "-ign_eof"],
          ].flat(),
          null,
        );
        yield* fromPromise(tool.says(/Verify return code: 0 \(ok\)/));
        tool.write("olleh");
        yield* serving;
        tool.end();
        expect((yield* fromPromise(tool.ended)).stdout).toContain("hello");
      })(),
    ),
  );

  testWith("openssl", "openssl s_server is connected to, with TLS 1.2 and 1.3", () =>
    go(
      co(function* () {
        for (const [flag, protocol] of [
          ["-tls1_2", "TLSv1.2"],
          ["-tls1_3", "TLSv1.3"],
        ] as const) {
          const tool = startTool(
            "openssl",
            [
              ["s_server", "-accept", "127.0.0.1:0", flag, "-rev", "-naccept", "1"],
              ["-cert", inFolder("server.pem"), "-key", inFolder("server.key")],
            ].flat(),
            null,
          );
          const port = yield* fromPromise(tool.says(/ACCEPT 127\.0\.0\.1:(\d+)/));
          const below = yield* TcpStream.connect({ host: "127.0.0.1", port: Number(port) });
          const stream = yield* connector.connect(below, "localhost");
          expect(stream.protocol).toBe(protocol);
          yield* stream.writeAll(utf8("stressed\n"));
          const buf = new Uint8Array(9);
          yield* stream.readExact(buf);
          expect(Buffer.from(buf).toString()).toBe("desserts\n");
          yield* stream.shutdown();
          stream.close();
          tool.kill();
          yield* fromPromise(tool.ended);
        }
      })(),
    ),
  );

  testWith("curl", "curl fetches 1 MB by https", () =>
    go(
      co(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const { port } = listener.localAddress;
        const body = pattern(1_000_000, 9);
        const serving = spawn(
          serveOne(
            listener,
            co(function* (stream: TlsStream) {
              const buf = new Uint8Array(4096);
              let head = "";
              while (!head.includes("\r\n\r\n")) {
                const size = yield* stream.read(buf);
                if (size === 0) break;
                head += Buffer.from(buf.subarray(0, size)).toString();
              }
              expect(head).toMatch(/^GET \/file HTTP\/1\.1\r\n/);
              yield* stream.writeAll(
                utf8(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`),
              );
              yield* stream.writeAll(body);
              yield* stream.shutdown();
            }),
          ),
        );
        const { code, stdout, stderr } = yield* fromPromise(
          runTool(
            "curl",
            [
              [
                "--silent",
                "--show-error",
                "--max-time",
                "30",
                "--noproxy",
                "*",
                "--cacert",
                inFolder("ca.pem"),
              ],
              ["--resolve", `one.test:${port}:127.0.0.1`, `https://one.test:${port}/file`],
            ].flat(),
          ),
        );
        expect([code, stderr]).toEqual([0, ""]);
        expect(sha(Buffer.from(stdout, "latin1"))).toBe(sha(body));
        yield* serving;
      })(),
    ),
  );
});
