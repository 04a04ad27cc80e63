import type { Context } from "../core/context.ts";
import { UnexpectedEofError } from "../core/errors.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Duplex } from "../io/duplex.ts";
import { inspectedOf } from "../io/inspected.ts";
import { firstOf } from "../io/writer.ts";
import { NodeBytes } from "../node/node-bytes.ts";
import { NodePush } from "../node/node-push.ts";
import type { NodeTlsSocket, NodeX509Certificate } from "../node/node-types.ts";
import type { Session } from "./session.ts";
import { codeOf } from "./tls-error.ts";

/** The most that is encrypted at a time, in bytes. */
const PIECE = 65_536;

/** The most that one record holds, in bytes: such a chunk is read as it is. */
const RECORD = 16_384;

/**
 * A connection that is encrypted: TLS of Node's over another stream, made by {@link TlsConnector} and {@link TlsAcceptor}.
 * It is used as a `TcpStream` is. It needs Node's loop.
 *
 * - `read` gives 0 when the peer has said that it is done (`close_notify`), and fails with `UnexpectedEofError` when what is
 *   under TLS ends without: somebody may have cut the connection. Other failures of TLS are {@link TlsError}s.
 * - `shutdown` tells the peer so and shuts the write side under it down; reading goes on. A stream that is closed without
 *   looks cut to the peer.
 * - `write` takes over up to 64 KiB, which are encrypted and sent at once. Of what the stream below does not take, no more
 *   is held back than that; the next `write` waits. `flush` waits until all has been taken.
 * - `close` closes the stream under it too; what was not flushed is lost.
 *
 * @example
 * ```ts
 * const get = co(function* (host: string) {
 *   const connector = new TlsConnector({ handshakeTimeout: 5000 });
 *   const stream = yield* connector.connect(yield* TcpStream.connect({ host, port: 443 }), host);
 *   try {
 *     yield* stream.writeAll(new TextEncoder().encode(`GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`));
 *     return yield* stream.readToString();
 *   } finally {
 *     stream.close();
 *   }
 * });
 * ```
 */
export class TlsStream extends Duplex {
  /** What ALPN has agreed on; `null` without. */
  readonly alpnProtocol: string | null;
  /** The name that the client asks for (SNI); `null` if it asks for none. */
  readonly servername: string | null;
  /** `"TLSv1.3"`. */
  readonly protocol: string;
  /** OpenSSL's name of the cipher: `"TLS_AES_256_GCM_SHA384"`. */
  readonly cipher: string;
  /** Whether the peer has shown a certificate that is trusted. */
  readonly authorized: boolean;
  /** The code of what is wrong with the peer's certificate, with `rejectUnauthorized: false`; else `null`. */
  readonly authorizationError: string | null;
  /** Whether this goes on with the keys of an earlier connection. */
  readonly isSessionReused: boolean;
  private readonly socket: NodeTlsSocket;
  private readonly session: Session;
  private readonly bytes: NodeBytes;
  private readonly push: NodePush;

  /** @internal */
  constructor(socket: NodeTlsSocket, session: Session) {
    super();
    const { authorizationError } = socket;
    this.alpnProtocol = socket.alpnProtocol || null;
    this.servername = session.servername ?? servernameOf(socket);
    this.protocol = socket.getProtocol() ?? "unknown";
    this.cipher = socket.getCipher().name;
    this.authorized = socket.authorized;
    this.authorizationError = authorizationError ? codeOf(authorizationError) : null;
    this.isSessionReused = socket.isSessionReused();
    this.socket = socket;
    this.session = session;
    this.bytes = new NodeBytes(socket, undefined, RECORD);
    // TLS has encrypted what it says was written.
    this.push = new NodePush(socket, { isDoneWithWritten: true });
  }

  override get inspected(): InspectionTarget {
    const { kind, name } = inspectedOf(this.session.transport.inner);
    return { kind: "TLS stream", name: name ?? kind, key: this };
  }

  /** The peer's certificate; `undefined` if it has shown none. */
  get peerCertificate(): NodeX509Certificate | undefined {
    return this.socket.getPeerX509Certificate();
  }

  /**
   * On the client: what a later `connect` needs to go on with these keys. With TLS 1.3 it comes after the handshake, with
   * the first bytes that are read.
   */
  get sessionTicket(): Uint8Array | undefined {
    return this.session.ticket;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    const { bytes, session } = this;
    for (;;) {
      const size = this.pollPlain(cx, buf);
      if (size !== Pending) {
        session.transport.cancelPull();
        if (size === 0 && session.isTruncated)
          throw new UnexpectedEofError("TLS, which says when it is done");
        return size;
      }
      if (session.transport.pull(cx) === Pending) return Pending;
      bytes.cancel();
    }
  }

  /** What is there already, and then what has gone wrong. */
  private pollPlain(cx: Context, buf: Uint8Array): Poll<number> {
    const { bytes, session } = this;
    let size: Poll<number>;
    try {
      size = bytes.poll(cx, buf);
    } catch (error) {
      throw session.failureOf(error);
    }
    if (size === Pending || size === 0) session.requireSound();
    return size;
  }

  override cancelRead(): void {
    this.bytes.cancel();
    this.session.transport.cancelPull();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    this.enter(cx);
    try {
      return this.sent(cx, this.push.pollWrite(cx, buf));
    } catch (error) {
      throw this.session.failureOf(error);
    } finally {
      this.session.transport.leave();
    }
  }

  override get isWriteVectored(): boolean {
    return true;
  }

  /** What fits into one piece is encrypted as one. */
  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    const first = firstOf(bufs);
    // Where it has to wait, or what is first fills the piece, nothing need be put together.
    const isOne = bufs.length <= 1 || this.socket.writableNeedDrain || first.length >= PIECE;
    return this.pollWrite(cx, isOne ? first : gather(bufs));
  }

  override pollFlush(cx: Context): Poll<void> {
    this.enter(cx);
    try {
      return this.sent(cx, this.push.pollFlush(cx));
    } catch (error) {
      throw this.session.failureOf(error);
    } finally {
      this.session.transport.leave();
    }
  }

  override pollShutdown(cx: Context): Poll<void> {
    this.enter(cx);
    try {
      return this.sent(cx, this.push.pollShutdown(cx));
    } catch (error) {
      throw this.session.failureOf(error);
    } finally {
      this.session.transport.leave();
    }
  }

  override cancelWrite(): void {
    this.push.cancel();
    this.session.transport.writing.end();
  }

  /** Closes this and the stream under it; operations that wait fail with `ClosedError`. Idempotent. */
  override close(): void {
    this.leave();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  private async leave(): Promise<void> {
    const closed = Promise.all([this.bytes.close(), this.push.close()]);
    this.session.close();
    await closed;
  }

  private enter(cx: Context): void {
    const { session } = this;
    session.transport.requireSending();
    session.requireSound();
    session.transport.enter(cx);
  }

  /** One that waits is woken by a failure of the stream below, too, which Node is not told of. */
  private sent<T>(cx: Context, poll: Poll<T>): Poll<T> {
    const { writing } = this.session.transport;
    if (poll === Pending) writing.begin(cx);
    else if (writing.isWaiting) writing.end();
    return poll;
  }
}

/** What is first in buffers, up to a piece. */
function gather(bufs: readonly Uint8Array[]): Uint8Array {
  const size = bufs.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat(bufs, Math.min(size, PIECE));
}

/** On the server; Node's types do not know it. */
function servernameOf(socket: NodeTlsSocket): string | null {
  const { servername } = socket as { servername?: string | false | null };
  return servername || null;
}
