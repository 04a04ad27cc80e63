import { createHash } from "node:crypto";
import { createSecureContext } from "node:tls";
import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, TestContext } from "../../test/support/context.ts";
import { text, utf8 } from "../../test/support/io.ts";
import { turn } from "../../test/support/net.ts";
import { ca, client, expired, other, server } from "../../test/support/tls-certificates.ts";
import { allSettled } from "../combine/all-settled.ts";
import { join } from "../combine/join.ts";
import type { Context } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, FutureInUseError, TimeoutError, UnexpectedEofError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { fromPromise } from "../interop/promise.ts";
import { Duplex } from "../io/duplex.ts";
import { type DuplexStream, duplex } from "../io/duplex-stream.ts";
import { run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { advance, pause } from "../time/clock.ts";
import { TlsAcceptor, type TlsAcceptorOptions } from "./tls-acceptor.ts";
import { TlsConnector, type TlsConnectorOptions, type TlsConnectSettings } from "./tls-connector.ts";
import { TlsError } from "./tls-error.ts";
import type { TlsStream } from "./tls-stream.ts";

interface Setting {
  readonly accept?: Partial<TlsAcceptorOptions>;
  readonly connect?: TlsConnectorOptions;
  readonly settings?: TlsConnectSettings;
  readonly servername?: string;
  readonly capacity?: number;
}

/** Both ends of a connection in memory, as they are before TLS. */
function ends(capacity = 65_536): [DuplexStream, DuplexStream] {
  return duplex(capacity);
}

const secure = co(function* (setting: Setting = {}) {
  const [ours, theirs] = ends(setting.capacity);
  const connector = new TlsConnector({ ca, ...setting.connect });
  const acceptor = new TlsAcceptor({ ...server, ...setting.accept });
  return yield* join(
    connector.connect(ours, setting.servername ?? "localhost", setting.settings),
    acceptor.accept(theirs),
  );
});

/** How a handshake fails that does: on the client's side, and on the server's. */
const refusal = co(function* (setting: Setting) {
  const [ours, theirs] = ends();
  const connector = new TlsConnector({ ca, ...setting.connect });
  const acceptor = new TlsAcceptor({ ...server, ...setting.accept });
  const [there, here] = yield* allSettled([
    connector.connect(ours, setting.servername ?? "localhost"),
    acceptor.accept(theirs),
  ]);
  return { client: there, server: here, ours, theirs };
});

const failureOf = co(function* (future: Future<unknown>) {
  try {
    yield* future;
  } catch (error) {
    return error;
  }
  throw new Error("it has not failed");
});

/** Turns of Node's loop, in which all goes on that can. */
const turns = co(function* (count: number) {
  for (let n = 0; n < count; n++) yield* fromPromise(turn());
});

const closeAll = (...streams: Duplex[]): void => {
  for (const stream of streams) stream.close();
};

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Bytes that repeat nowhere near. */
const pattern = (size: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, n) => ((n * 2_654_435_761 + seed) >>> 13) & 0xff);

const sendAll = co(function* (stream: Duplex, bytes: Uint8Array, piece: number) {
  for (let at = 0; at < bytes.length; at += piece) yield* stream.writeAll(bytes.subarray(at, at + piece));
  yield* stream.shutdown();
});

describe("TlsStream", () => {
  test("says what was agreed on", () =>
    run(
      co(function* () {
        const [a, b] = yield* secure({
          connect: { ALPNProtocols: ["h2", "http/1.1"] },
          accept: { ALPNProtocols: ["http/1.1"] },
        });
        expectTypeOf(a).toEqualTypeOf<TlsStream>();
        for (const each of [a, b]) {
          expect(each).toMatchObject({
            alpnProtocol: "http/1.1",
            servername: "localhost",
            protocol: "TLSv1.3",
            isSessionReused: false,
            authorizationError: null,
          });
          expect(each.cipher).toMatch(/^TLS_/);
        }
        expect([a.authorized, b.authorized]).toEqual([true, false]);
        expect(a.peerCertificate?.checkHost("one.test")).toBe("one.test");
        expect(b.peerCertificate).toBeUndefined();
        closeAll(a, b);
      })(),
    ));

  test.each([
    ["small pieces", 1_000, 700],
    ["large pieces", 300_000, 65_536],
  ])("carries 1 MB both ways at once, in %s", (_name, piece, capacity) =>
    run(
      co(function* () {
        const [a, b] = yield* secure({ capacity });
        const [there, back] = [pattern(1_000_000, 1), pattern(1_000_000, 2)];
        const [, , atB, atA] = yield* join(
          sendAll(a, there, piece),
          sendAll(b, back, piece),
          b.readToEnd(),
          a.readToEnd(),
        );
        expect([sha(atB), sha(atA)]).toEqual([sha(there), sha(back)]);
        closeAll(a, b);
      })(),
    ),
  );

  test("shutdown ends what the peer reads, and the other direction goes on", () =>
    run(
      co(function* () {
        const [a, b] = yield* secure();
        yield* a.writeAll(utf8("question"));
        yield* a.shutdown();
        expect(yield* b.readToString()).toBe("question");
        yield* b.writeAll(utf8("answer"));
        yield* b.shutdown();
        expect(yield* a.readToString()).toBe("answer");
        expect(yield* a.read(new Uint8Array(1))).toBe(0);
        expect(yield* failureOf(a.write(utf8("more")))).toBeInstanceOf(ClosedError);
        closeAll(a, b);
      })(),
    ));

  test("read fails where the stream below ends and TLS has not, after all that came before", () =>
    run(
      co(function* () {
        const [a, b] = yield* secure();
        yield* b.writeAll(utf8("half a"));
        yield* b.flush();
        b.close();
        const buf = new Uint8Array(100);
        expect(text(buf.subarray(0, yield* a.read(buf)))).toBe("half a");
        expect(yield* failureOf(a.read(buf))).toBeInstanceOf(UnexpectedEofError);
        expect(yield* failureOf(a.read(buf))).toBeInstanceOf(UnexpectedEofError);
        a.close();
      })(),
    ));

  test("write holds back what a peer that does not read leaves, and no more than 64 KiB and what is on its way", () =>
    run(
      co(function* () {
        const [a, b] = yield* secure({ capacity: 10_000 });
        const piece = new Uint8Array(16_384).fill(7);
        let taken = 0;
        const writing = spawn(
          co(function* () {
            for (let n = 0; n < 1_000; n++) {
              yield* a.writeAll(piece);
              taken += piece.length;
            }
            yield* a.shutdown();
          })(),
        );
        // A stalled reader: what the writer can do is done when turns change nothing.
        let before = -1;
        while (before !== taken) {
          before = taken;
          yield* turns(20);
        }
        expect(taken).toBeGreaterThan(0);
        expect(taken).toBeLessThanOrEqual(3 * 65_536);
        expect((yield* b.readToEnd()).length).toBe(1_000 * piece.length);
        yield* writing;
        closeAll(a, b);
      })(),
    ));

  test("read asks the stream below for no more than it is asked for", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends(1_000_000);
        const counting = new Counting(ours);
        const [a, b] = yield* join(
          new TlsConnector({ ca }).connect(counting, "localhost"),
          new TlsAcceptor(server).accept(theirs),
        );
        yield* b.writeAll(new Uint8Array(500_000));
        yield* b.flush();
        const before = counting.bytesRead;
        yield* turns(20);
        expect(counting.bytesRead).toBe(before);
        yield* a.read(new Uint8Array(1));
        expect(counting.bytesRead - before).toBeLessThanOrEqual(2 * 65_536);
        closeAll(a, b);
      })(),
    ));

  test("writeVectored encrypts small buffers as one piece, and large ones as far as that goes", () =>
    run(
      co(function* () {
        const [a, b] = yield* secure({ capacity: 500_000 });
        const head = utf8("head ");
        expect(yield* a.writeVectored([head, new Uint8Array(0), utf8("body")])).toBe(9);
        expect(yield* a.writeVectored([new Uint8Array(0)])).toBe(0);
        yield* a.flush();
        expect(yield* a.writeVectored([head, pattern(100_000, 4)])).toBe(65_536);
        const rest = [pattern(100_000, 4).subarray(65_531), utf8(" end")];
        const [, got] = yield* join(
          co(function* () {
            yield* a.writeAllVectored(rest);
            yield* a.shutdown();
          })(),
          b.readToEnd(),
        );
        const all = [head, utf8("body"), head, pattern(100_000, 4), utf8(" end")];
        expect(sha(got)).toBe(sha(Buffer.concat(all)));
        closeAll(a, b);
      })(),
    ));

  test("writeVectored that has to wait takes what comes after an empty buffer", () =>
    run(
      co(function* () {
        const [a, b] = yield* secure();
        yield* a.writeAll(pattern(65_536, 1));
        yield* join(
          co(function* () {
            expect(yield* a.writeVectored([new Uint8Array(0), utf8("data")])).toBe(4);
          })(),
          b.readExact(new Uint8Array(65_536)),
        );
        closeAll(a, b);
      })(),
    ));

  test("many streams at once send and read much, each its own", () =>
    run(
      co(function* () {
        const talk = co(function* (seed: number) {
          // Small, so that many pieces wait half-way.
          const [a, b] = yield* secure({ capacity: 20_000 });
          const [there, back] = [pattern(700_000, seed), pattern(500_000, seed + 1)];
          const [gotBack, gotThere] = yield* join(
            a.readToEnd(),
            b.readToEnd(),
            sendAll(a, there, 100_000),
            sendAll(b, back, 70_001),
          );
          expect([sha(gotThere), sha(gotBack)]).toEqual([sha(there), sha(back)]);
          closeAll(a, b);
        });
        const tasks = Array.from({ length: 20 }, (_, n) => spawn(talk(1000 * n)));
        for (const task of tasks) yield* task;
      })(),
    ));

  test("a stream that was taken over is refused to others", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends();
        const [a, b] = yield* join(
          new TlsConnector({ ca }).connect(ours, "localhost"),
          new TlsAcceptor(server).accept(theirs),
        );
        expect(yield* failureOf(ours.read(new Uint8Array(1)))).toBeInstanceOf(FutureInUseError);
        expect(yield* failureOf(ours.write(utf8("plain")))).toBeInstanceOf(FutureInUseError);
        closeAll(a, b);
      })(),
    ));

  test("the end below is read once", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends();
        const counting = new Counting(ours);
        const [a, b] = yield* join(
          new TlsConnector({ ca }).connect(counting, "localhost"),
          new TlsAcceptor(server).accept(theirs),
        );
        b.close();
        expect(yield* failureOf(a.readToEnd())).toBeInstanceOf(UnexpectedEofError);
        expect(counting.endsRead).toBe(1);
        a.close();
      })(),
    ));

  test("a stream on which an operation waits is not taken over, and goes on", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends(4);
        const connector = new TlsConnector({ ca });
        const reading = spawn(ours.readExact(new Uint8Array(1)));
        yield* yieldNow();
        expect(yield* failureOf(connector.connect(ours, "localhost"))).toBeInstanceOf(FutureInUseError);
        const writing = spawn(ours.writeAll(new Uint8Array(8)));
        yield* theirs.writeAll(utf8("x"));
        yield* reading;
        yield* turns(1);
        expect(yield* failureOf(connector.connect(ours, "localhost"))).toBeInstanceOf(FutureInUseError);
        yield* theirs.readExact(new Uint8Array(8));
        yield* writing;
        yield* theirs.writeAll(utf8("y"));
        expect(yield* ours.read(new Uint8Array(4))).toBe(1);
      })(),
    ));

  test("a write that fails below is told to the next one, and what has come in can be read", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends();
        const failing = new Failing(ours);
        const [a, b] = yield* join(
          new TlsConnector({ ca }).connect(failing, "localhost"),
          new TlsAcceptor(server).accept(theirs),
        );
        yield* b.writeAll(utf8("refused"));
        failing.failure = Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
        yield* a.writeAll(utf8("lost"));
        expect(yield* failureOf(a.flush())).toBe(failing.failure);
        const again = yield* failureOf(a.write(utf8("lost")));
        expect(again).toBeInstanceOf(ClosedError);
        expect(again).toHaveProperty("cause", failing.failure);
        const buf = new Uint8Array(100);
        expect(text(buf.subarray(0, yield* a.read(buf)))).toBe("refused");
        closeAll(a, b);
      })(),
    ));

  test("a read that fails below fails with the same error", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends();
        const failing = new Failing(ours);
        const [a, b] = yield* join(
          new TlsConnector({ ca }).connect(failing, "localhost"),
          new TlsAcceptor(server).accept(theirs),
        );
        // The tickets that come after the handshake.
        expect(yield* b.write(utf8("x"))).toBe(1);
        yield* a.read(new Uint8Array(1));
        failing.readFailure = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
        expect(yield* failureOf(a.read(new Uint8Array(1)))).toBe(failing.readFailure);
        closeAll(a, b);
      })(),
    ));

  test("a record that was tampered with is an error of TLS", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends();
        const tampering = new Tampering(theirs);
        const [a, b] = yield* join(
          new TlsConnector({ ca }).connect(ours, "localhost"),
          new TlsAcceptor(server).accept(tampering),
        );
        tampering.tampers = true;
        yield* b.writeAll(utf8("genuine"));
        const error = yield* failureOf(a.readToEnd());
        expect(error).toBeInstanceOf(TlsError);
        expect(error).toHaveProperty("code", expect.stringMatching(/^ERR_SSL_/));
        const later = yield* failureOf(a.read(new Uint8Array(1)));
        expect(later).toBeInstanceOf(ClosedError);
        expect(later).toHaveProperty("cause", error);
        closeAll(a, b);
      })(),
    ));

  test("what comes in one read with the end of the handshake, and is no TLS, fails whatever is done first", () =>
    run(
      co(function* () {
        for (const attempt of [
          (stream: TlsStream) => stream.read(new Uint8Array(1)),
          (stream: TlsStream) => stream.writeAll(utf8("hello")),
        ]) {
          const [ours, theirs] = ends();
          const [a, b] = yield* join(
            new TlsConnector({ ca }).connect(ours, "localhost"),
            new TlsAcceptor(server).accept(new Trailing(theirs)),
          );
          const error = yield* failureOf(attempt(b));
          expect(error).toBeInstanceOf(TlsError);
          expect(error).toHaveProperty("code", expect.stringMatching(/^ERR_SSL_/));
          for (const later of [
            b.read(new Uint8Array(1)),
            b.writeAll(utf8("hello")),
            b.flush(),
            b.shutdown(),
          ]) {
            const failure = yield* failureOf(later);
            expect(failure).toBeInstanceOf(ClosedError);
            expect(failure).toHaveProperty("cause", error);
          }
          closeAll(a, b);
        }
      })(),
    ));

  test("close wakes who waits on either side, closes the stream below, and can be waited for", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends(100);
        const [a, b] = yield* join(
          new TlsConnector({ ca }).connect(ours, "localhost"),
          new TlsAcceptor(server).accept(theirs),
        );
        const reading = spawn(failureOf(a.read(new Uint8Array(1))));
        const writing = spawn(failureOf(a.writeAll(new Uint8Array(1_000_000))));
        yield* turns(1);
        a.close();
        a.close();
        expect(yield* reading).toBeInstanceOf(ClosedError);
        expect(yield* writing).toBeInstanceOf(ClosedError);
        expect(yield* failureOf(a.read(new Uint8Array(1)))).toBeInstanceOf(ClosedError);
        expect(yield* failureOf(theirs.read(new Uint8Array(1)))).toBeInstanceOf(FutureInUseError);
        expect(yield* failureOf(b.readToEnd())).toBeInstanceOf(UnexpectedEofError);
        b.close();
      })(),
    ));

  test("asyncDispose ends when Node has closed too", async () => {
    const [a, b] = await run(secure());
    await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
    const cx = new TestContext();
    expect(() => a.read(new Uint8Array(1)).poll(cx)).toThrow(ClosedError);
  });

  test("each side has one operation at a time", async () => {
    const [a, b] = await run(secure());
    const cx = new TestContext();
    const read = a.read(new Uint8Array(1));
    pending(read, cx);
    expect(() => a.read(new Uint8Array(1)).poll(cx)).toThrow(FutureInUseError);
    closeAll(a, b);
  });

  test("a cancel of read loses nothing, at every poll", () =>
    cancelAtEveryPoll((cancelAt) =>
      run(
        co(function* () {
          const [a, b] = yield* secure({ capacity: 40 });
          const sent = pattern(300, 3);
          const writing = spawn(sendAll(b, sent, 300));
          const buf = new Uint8Array(300);
          const outcome = yield* cancelAt(a.read(buf));
          const first = outcome.cancelled ? new Uint8Array(0) : buf.slice(0, outcome.value);
          const rest = yield* a.readToEnd();
          expect(sha(Buffer.concat([first, rest]))).toBe(sha(sent));
          yield* writing;
          closeAll(a, b);
        })(),
      ),
    ));

  test("a cancel of write leaves whole records, at every poll", () =>
    cancelAtEveryPoll((cancelAt) =>
      run(
        co(function* () {
          const [a, b] = yield* secure({ capacity: 60 });
          const reading = spawn(b.readToEnd());
          yield* a.writeAll(utf8("first "));
          const outcome = yield* cancelAt(a.write(utf8("second ")));
          yield* a.writeAll(utf8("third"));
          yield* a.shutdown();
          expect(text(yield* reading)).toBe(outcome.cancelled ? "first third" : "first second third");
          closeAll(a, b);
        })(),
      ),
    ));

  test("a cancel of flush or shutdown can be taken up again, at every poll", async () => {
    for (const name of ["flush", "shutdown"] as const) {
      await cancelAtEveryPoll((cancelAt) =>
        run(
          co(function* () {
            const [a, b] = yield* secure({ capacity: 60 });
            const reading = spawn(b.readToEnd());
            yield* a.writeAll(utf8("all of it"));
            yield* cancelAt(a[name]());
            yield* a.shutdown();
            expect(text(yield* reading)).toBe("all of it");
            closeAll(a, b);
          })(),
        ),
      );
    }
  });
});

describe("TlsConnector and TlsAcceptor", () => {
  const rows: [what: string, code: string | RegExp, setting: Setting][] = [
    ["a certificate that has expired", "CERT_HAS_EXPIRED", { accept: expired }],
    ["a certificate for another name", "ERR_TLS_CERT_ALTNAME_INVALID", { servername: "elsewhere.test" }],
    ["a certificate for another address", "ERR_TLS_CERT_ALTNAME_INVALID", { servername: "127.0.0.2" }],
    [
      "a certificate of nobody that is known",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      { connect: { ca: client.cert } },
    ],
    [
      "a server that speaks none of our versions",
      /^ERR_SSL_.*PROTOCOL_VERSION$/,
      { connect: { minVersion: "TLSv1.3" }, accept: { maxVersion: "TLSv1.2" } },
    ],
    [
      "a server that speaks none of our protocols",
      /^ERR_SSL_.*NO_APPLICATION_PROTOCOL$/,
      { connect: { ALPNProtocols: ["h2"] }, accept: { ALPNProtocols: ["http/1.1"] } },
    ],
  ];
  test.each(rows)("the client refuses %s, and both streams are closed", (_what, code, setting) =>
    run(
      co(function* () {
        const outcome = yield* refusal(setting);
        if (outcome.client.status !== "rejected") throw new Error("it was accepted");
        const error = outcome.client.reason;
        expect(error).toBeInstanceOf(TlsError);
        const { code: got, message, cause } = error as TlsError;
        expect(got).toMatch(code);
        expect(message).toContain(`TLS with "${setting.servername ?? "localhost"}" failed: `);
        expect(cause).toBeInstanceOf(Error);
        if (outcome.server.status === "fulfilled") {
          expect(yield* failureOf(outcome.server.value.readToEnd())).toBeInstanceOf(Error);
          outcome.server.value.close();
        } else expect(outcome.server.reason).toBeInstanceOf(Error);
        for (const each of [outcome.ours, outcome.theirs]) expectClosed(each);
      })(),
    ),
  );

  test("with rejectUnauthorized: false, the client says what is wrong", () =>
    run(
      co(function* () {
        const [a, b] = yield* secure({ accept: expired, connect: { rejectUnauthorized: false } });
        expect([a.authorized, a.authorizationError]).toEqual([false, "CERT_HAS_EXPIRED"]);
        closeAll(a, b);
      })(),
    ));

  test("an address is checked for, and not asked for by name", () =>
    run(
      co(function* () {
        const [a, b] = yield* secure({ servername: "127.0.0.1" });
        expect([a.servername, b.servername, a.authorized]).toEqual([null, null, true]);
        closeAll(a, b);
      })(),
    ));

  test("checkServerIdentity takes the place of Node's check", () =>
    run(
      co(function* () {
        const asked: string[] = [];
        const [a, b] = yield* secure({
          servername: "elsewhere.test",
          connect: {
            checkServerIdentity: (name, certificate) => {
              asked.push(name, String(certificate.subject.CN));
              return undefined;
            },
          },
        });
        expect(asked).toEqual(["elsewhere.test", "localhost"]);
        closeAll(a, b);
      })(),
    ));

  test("SNICallback gives the certificate for a name, at once or later", async () => {
    const contexts = { "other.test": createSecureContext(other) } as Record<
      string,
      ReturnType<typeof createSecureContext>
    >;
    const SNICallback: TlsAcceptorOptions["SNICallback"] = (name, callback) => {
      if (name === "other.test") setImmediate(callback, null, contexts[name]);
      else callback(null);
    };
    for (const servername of ["other.test", "one.test"]) {
      const [a, b] = await run(secure({ servername, accept: { SNICallback } }));
      expect([a.authorized, b.servername]).toEqual([true, servername]);
      closeAll(a, b);
    }
  });

  test("a failing SNICallback fails both sides", () =>
    run(
      co(function* () {
        const outcome = yield* refusal({
          accept: { SNICallback: (_name, callback) => callback(new Error("no such name")) },
        });
        expect([outcome.client.status, outcome.server.status]).toEqual(["rejected", "rejected"]);
        for (const each of [outcome.ours, outcome.theirs]) expectClosed(each);
      })(),
    ));

  test("a client shows its certificate where it is asked for one", () =>
    run(
      co(function* () {
        const [a, b] = yield* secure({ connect: client, accept: { requestCert: true, ca } });
        expect([b.authorized, b.peerCertificate?.subject]).toEqual([true, "CN=client"]);
        closeAll(a, b);
      })(),
    ));

  test.each([
    ["none", {}, /^ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE$/],
    ["one that is not trusted", { cert: expired.cert, key: expired.key }, /^CERT_HAS_EXPIRED$/],
  ])("the server refuses a client that shows %s", (_what, connect, code) =>
    run(
      co(function* () {
        const outcome = yield* refusal({ connect, accept: { requestCert: true, ca } });
        if (outcome.server.status !== "rejected") throw new Error("it was accepted");
        expect((outcome.server.reason as { code: string }).code).toMatch(code);
        // With TLS 1.3, the client is done before the server has looked at its certificate.
        if (outcome.client.status === "fulfilled") {
          expect(yield* failureOf(outcome.client.value.readToEnd())).toBeInstanceOf(Error);
          outcome.client.value.close();
        }
        expectClosed(outcome.theirs);
      })(),
    ),
  );

  test.each(["TLSv1.2", "TLSv1.3"] as const)("a session is taken up again, with %s", (maxVersion) =>
    run(
      co(function* () {
        const acceptor = new TlsAcceptor({ ...server, maxVersion });
        const connector = new TlsConnector({ ca });
        const connect = co(function* (session?: Uint8Array) {
          const [ours, theirs] = ends();
          const [a, b] = yield* join(
            connector.connect(ours, "localhost", { session }),
            acceptor.accept(theirs),
          );
          yield* b.writeAll(utf8("x"));
          yield* a.readExact(new Uint8Array(1));
          closeAll(a, b);
          return { ticket: a.sessionTicket, reused: [a.isSessionReused, b.isSessionReused] };
        });
        const first = yield* connect();
        expect(first.reused).toEqual([false, false]);
        expect(first.ticket).toBeInstanceOf(Uint8Array);
        expect((yield* connect(first.ticket)).reused).toEqual([true, true]);
      })(),
    ),
  );

  test("setContext changes the certificate of the connections to come", () =>
    run(
      co(function* () {
        const acceptor = new TlsAcceptor(server);
        acceptor.setContext(other);
        const [ours, theirs] = ends();
        const [a, b] = yield* join(
          new TlsConnector({ ca }).connect(ours, "other.test"),
          acceptor.accept(theirs),
        );
        expect(a.peerCertificate?.subject).toBe("CN=other.test");
        closeAll(a, b);
      })(),
    ));

  test("setContext keeps what it is not given: whom the acceptor trusts, its versions, its key", () =>
    run(
      co(function* () {
        const acceptor = new TlsAcceptor({ ...server, ca, requestCert: true, minVersion: "TLSv1.3" });
        const connect = co(function* (options: TlsConnectorOptions) {
          const [ours, theirs] = ends();
          const connector = new TlsConnector({ ca, ...client, ...options });
          const outcomes = yield* allSettled([connector.connect(ours, "localhost"), acceptor.accept(theirs)]);
          closeAll(ours, theirs);
          return outcomes.map(({ status }) => status);
        });
        acceptor.setContext(server);
        expect(yield* connect({})).toEqual(["fulfilled", "fulfilled"]);
        expect(yield* connect({ maxVersion: "TLSv1.2" })).toEqual(["rejected", "rejected"]);
        acceptor.setContext({ cert: server.cert });
        expect(yield* connect({})).toEqual(["fulfilled", "fulfilled"]);
        expect(() => acceptor.setContext({ cert: other.cert })).toThrow(/key values mismatch/);
        expect(yield* connect({})).toEqual(["fulfilled", "fulfilled"]);
      })(),
    ));

  test("many handshakes of one acceptor at once do not get into each other's way", () =>
    run(
      co(function* () {
        const acceptor = new TlsAcceptor(server);
        const connector = new TlsConnector({ ca });
        const talk = co(function* (n: number) {
          const [ours, theirs] = ends();
          if (n % 3 === 0) {
            yield* ours.writeAll(utf8("GET / HTTP/1.1\r\n\r\n"));
            expect(yield* failureOf(acceptor.accept(theirs))).toHaveProperty("code", "ERR_SSL_HTTP_REQUEST");
            return;
          }
          const [a, b] = yield* join(connector.connect(ours, "localhost"), acceptor.accept(theirs));
          yield* a.writeAll(utf8(`client ${n}`));
          yield* a.shutdown();
          expect(yield* b.readToString()).toBe(`client ${n}`);
          closeAll(a, b);
        });
        const tasks = Array.from({ length: 12 }, (_, n) => spawn(talk(n)));
        for (const task of tasks) yield* task;
      })(),
    ));

  test("a client that meets no TLS says so", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends();
        yield* theirs.writeAll(utf8("HTTP/1.1 400 Bad Request\r\n\r\n"));
        const error = yield* failureOf(new TlsConnector({ ca }).connect(ours, "localhost"));
        expect(error).toMatchObject({ name: "TlsError", code: "ERR_SSL_WRONG_VERSION_NUMBER" });
        expect((error as Error).message).toBe('TLS with "localhost" failed: wrong version number');
        expectClosed(ours);
      })(),
    ));

  test("a peer that goes away in the handshake fails it", () =>
    run(
      co(function* () {
        for (const side of ["client", "server"]) {
          const [ours, theirs] = ends();
          const hands = side === "client" ? new TlsConnector({ ca }).connect(ours, "localhost") : null;
          const waiting = spawn(failureOf(hands ?? new TlsAcceptor(server).accept(ours)));
          if (side === "client") yield* theirs.read(new Uint8Array(10_000));
          theirs.close();
          expect(yield* waiting, side).toBeInstanceOf(UnexpectedEofError);
          expectClosed(ours);
        }
      })(),
    ));

  test("a peer that is silent is given up after handshakeTimeout, and the stream is closed", () =>
    run(
      co(function* () {
        pause();
        for (const side of ["client", "server"]) {
          const [ours, theirs] = ends();
          const handshakeTimeout = 5_000;
          const hands =
            side === "client"
              ? new TlsConnector({ ca, handshakeTimeout }).connect(ours, "localhost")
              : new TlsAcceptor({ ...server, handshakeTimeout }).accept(ours);
          const waiting = spawn(failureOf(hands));
          yield* yieldNow();
          yield* advance(handshakeTimeout);
          expect(yield* waiting, side).toBeInstanceOf(TimeoutError);
          expectClosed(ours);
          theirs.close();
        }
      })(),
    ));

  test("a cancel in the handshake closes the stream, at every poll", async () => {
    for (const side of ["client", "server"]) {
      const polls = await cancelAtEveryPoll((cancelAt) =>
        run(
          co(function* () {
            const [ours, theirs] = ends(200);
            const hands = new TlsConnector({ ca }).connect(side === "client" ? ours : theirs, "localhost");
            const accepts = new TlsAcceptor(server).accept(side === "client" ? theirs : ours);
            const [tested, peer] = side === "client" ? [hands, accepts] : [accepts, hands];
            const their = spawn(allSettled([peer]));
            let polled = false;
            const outcome = yield* cancelAt(
              co(function* () {
                polled = true;
                return yield* tested;
              })(),
            );
            if (!outcome.cancelled) outcome.value.close();
            else if (!polled) ours.close();
            expectClosed(ours);
            const [settled] = yield* their;
            if (settled?.status === "fulfilled") settled.value.close();
          })(),
        ),
      );
      expect(polls, side).toBeGreaterThan(1);
    }
  });

  test("a stream whose handshake was never polled is left alone", () =>
    run(
      co(function* () {
        const [ours, theirs] = ends();
        new TlsConnector({ ca }).connect(ours, "localhost");
        yield* ours.writeAll(utf8("x"));
        expect(yield* theirs.read(new Uint8Array(1))).toBe(1);
      })(),
    ));

  test("bad arguments are refused at the call", () => {
    const connector = new TlsConnector({ ca });
    const [ours] = ends();
    const wrong = connector.connect.bind(connector) as (...args: unknown[]) => unknown;
    expect(() => wrong({}, "localhost")).toThrow(TypeError);
    expect(() => wrong(ours, 5)).toThrow(TypeError);
    expect(() => wrong(ours, "")).toThrow(RangeError);
    expect(() => wrong(ours, "localhost", { ALPNProtocols: [""] })).toThrow(RangeError);
    expect(() => wrong(ours, "localhost", { ALPNProtocols: "h2" })).toThrow(TypeError);
    expect(() => new TlsConnector({ handshakeTimeout: -1 })).toThrow(RangeError);
    expect(() => new TlsConnector({ cert: "no certificate" })).toThrow(/PEM/);
    const Acceptor = TlsAcceptor as new (options: unknown) => unknown;
    expect(() => new Acceptor(null)).toThrow(TypeError);
    expect(() => new Acceptor({ secureContext: createSecureContext() })).toThrow(TypeError);
    expect(() => wrong.call(null, 5)).toThrow("TlsConnector.connect needs a Duplex of pollux");
    expect(() => new TlsAcceptor(server).accept(5 as never)).toThrow(TypeError);
  });
});

/** A `DuplexStream` says that it is closed by refusing to be written to. */
function expectClosed(stream: DuplexStream): void {
  expect(() => stream.pollWrite(new TestContext(), utf8("x"))).toThrow(ClosedError);
}

/** A stream over another one, to see or to change what passes. */
class Over extends Duplex {
  protected readonly inner: DuplexStream;

  constructor(inner: DuplexStream) {
    super();
    this.inner = inner;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.inner.pollRead(cx, buf);
  }

  override cancelRead(): void {
    this.inner.cancelRead();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.inner.pollWrite(cx, buf);
  }

  override pollFlush(): Poll<void> {
    return this.inner.pollFlush();
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.inner.pollShutdown(cx);
  }

  override cancelWrite(): void {
    this.inner.cancelWrite();
  }

  override close(): void {
    this.inner.close();
  }
}

class Counting extends Over {
  bytesRead = 0;
  endsRead = 0;

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    const size = super.pollRead(cx, buf);
    if (size === 0) this.endsRead++;
    else if (size !== Pending) this.bytesRead += size;
    return size;
  }
}

class Failing extends Over {
  failure: Error | null = null;
  readFailure: Error | null = null;

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.readFailure !== null) throw this.readFailure;
    return super.pollRead(cx, buf);
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.failure !== null) throw this.failure;
    return super.pollWrite(cx, buf);
  }
}

/** What was read second has a record after it that is none. */
class Trailing extends Over {
  private reads = 0;

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    const size = super.pollRead(cx, buf);
    if (size === Pending || ++this.reads !== 2) return size;
    const record = Uint8Array.of(0x17, 3, 3, 0, 32, ...new Uint8Array(32));
    buf.set(record, size);
    return size + record.length;
  }
}

class Tampering extends Over {
  tampers = false;

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (!this.tampers) return super.pollWrite(cx, buf);
    const changed = buf.slice();
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    return super.pollWrite(cx, changed);
  }
}
