import { createServer, type TlsOptions as ServerOptions } from "node:tls";
import type { Future } from "../core/future.ts";
import type { Duplex } from "../io/duplex.ts";
import type { NodeSecureContext, NodeTlsServer } from "../node/node-types.ts";
import { handshake } from "./handshake.ts";
import { serveOne } from "./serve-one.ts";
import {
  checkStream,
  checkTlsOptions,
  HANDSHAKE_TIMEOUT,
  type TlsOptions,
  withoutUndefined,
} from "./tls-options.ts";
import type { TlsStream } from "./tls-stream.ts";

/** How a {@link TlsAcceptor} accepts. */
export interface TlsAcceptorOptions extends TlsOptions {
  /** Whether the client is asked for a certificate. With `rejectUnauthorized`, it has to show one. Default `false`. */
  readonly requestCert?: boolean | undefined;
  /** Gives the context for the name that a client asks for (SNI); without one, `cert` and `key` serve. */
  readonly SNICallback?:
    | ((servername: string, callback: (error: Error | null, context?: NodeSecureContext) => void) => void)
    | undefined;
  /** 48 bytes that servers share to take up each other's sessions. Default: random ones. */
  readonly ticketKeys?: Uint8Array | undefined;
  /** Seconds for which a session can be taken up again. Default 300. */
  readonly sessionTimeout?: number | undefined;
}

/**
 * The server's side of TLS: makes {@link TlsStream}s of streams that were accepted. Certificates and keys are read once,
 * when it is made; {@link setContext} changes them for the connections to come.
 *
 * @throws TypeError, RangeError for options that are none, and Node's error for a key or a certificate that is none
 *
 * @example
 * ```ts
 * const serve = co(function* (listener: TcpListener, cert: string, key: string) {
 *   const acceptor = new TlsAcceptor({ cert, key, handshakeTimeout: 10_000 });
 *   yield* scope(function* (s) {
 *     for (;;) {
 *       const stream = yield* listener.accept();
 *       s.spawn(
 *         co(function* () {
 *           const secure = yield* acceptor.accept(stream);
 *           yield* secure.writeAll(new TextEncoder().encode("hello"));
 *           yield* secure.shutdown();
 *           secure.close();
 *         })(),
 *       );
 *     }
 *   });
 * });
 * ```
 */
export class TlsAcceptor {
  /** Never listens: Node's own verification, SNI, ALPN and sessions for the connections that it is given. */
  private readonly server: NodeTlsServer;
  private readonly limit: number;
  private options: TlsAcceptorOptions;

  constructor(options: TlsAcceptorOptions) {
    checkTlsOptions("TlsAcceptor", options);
    if ("secureContext" in options)
      throw new TypeError(
        "TlsAcceptor takes no secureContext, which Node's servers pass over: give it cert and key, or an SNICallback",
      );
    this.limit = options.handshakeTimeout ?? HANDSHAKE_TIMEOUT;
    this.options = { ...options };
    // Our own limit counts, on the clock of the runtime: Node's is the longest that it takes.
    this.server = createServer({
      ...withoutUndefined<ServerOptions>(options),
      handshakeTimeout: 0x7fffffff,
    });
  }

  /**
   * Agrees on keys with the client. The stream is taken over: it is closed if this fails, and with what this gives.
   *
   * Fails with {@link TlsError} for a client that speaks no TLS, or none that we do, and for one whose certificate is asked
   * for and cannot be trusted; with `UnexpectedEofError` if the client goes away; with the errors of the stream.
   *
   * **Cancel safety.** Not safe: the stream is closed, as a handshake cannot be taken up again.
   *
   * @throws TypeError for what is no stream of the library
   * @throws TimeoutError past `handshakeTimeout`
   */
  accept(stream: Duplex): Future<TlsStream> {
    checkStream("TlsAcceptor.accept", stream);
    return handshake(stream, this.limit, {
      what: "TLS with a client",
      servername: null,
      begin: (session) => serveOne(this.server, session),
    });
  }

  /**
   * Takes a new certificate, before the old one expires. Connections that there are keep what they have, and all that is
   * not given stays as it is: whose certificates are trusted, the versions, the ciphers.
   *
   * @throws TypeError for what is no object of options
   * @throws Node's error for a key or a certificate that is none
   */
  setContext(options: Pick<TlsAcceptorOptions, "ca" | "cert" | "key" | "pfx" | "passphrase">): void {
    checkTlsOptions("TlsAcceptor.setContext", options);
    const given = withoutUndefined<TlsOptions>(options);
    const kept: { -readonly [Name in keyof TlsAcceptorOptions]: TlsAcceptorOptions[Name] } = {
      ...this.options,
    };
    // `pfx` and `cert` with `key` take each other's place, and a passphrase goes with its key.
    if (given.pfx !== undefined) kept.cert = kept.key = kept.passphrase = undefined;
    if (given.cert !== undefined || given.key !== undefined) kept.pfx = undefined;
    if (given.key !== undefined) kept.passphrase = undefined;
    const all: TlsAcceptorOptions = { ...kept, ...given };
    // Node puts its default in the place of what is not given: its list of authorities for `ca`.
    this.server.setSecureContext(withoutUndefined<ServerOptions>(all));
    this.options = all;
  }
}
