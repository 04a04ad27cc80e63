import { isIP } from "node:net";
import { type ConnectionOptions, connect, createSecureContext } from "node:tls";
import { describe } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Duplex } from "../io/duplex.ts";
import type { NodePeerCertificate, NodeSecureContext } from "../node/node-types.ts";
import { handshake } from "./handshake.ts";
import {
  checkStream,
  checkTlsOptions,
  HANDSHAKE_TIMEOUT,
  type TlsOptions,
  withoutUndefined,
} from "./tls-options.ts";
import type { TlsStream } from "./tls-stream.ts";

/** How a {@link TlsConnector} connects. */
export interface TlsConnectorOptions extends TlsOptions {
  /** A context of `tls.createSecureContext`, in place of what one is made of. */
  readonly secureContext?: NodeSecureContext | undefined;
  /**
   * Checks the peer's certificate, once it is trusted, for the name that was asked for; returns an error, or nothing.
   * Default: `tls.checkServerIdentity`.
   */
  readonly checkServerIdentity?:
    | ((servername: string, certificate: NodePeerCertificate) => Error | undefined)
    | undefined;
}

/** What is different for one connection. */
export interface TlsConnectSettings {
  /** {@link TlsStream.sessionTicket} of an earlier connection, to go on with its keys. */
  readonly session?: Uint8Array | undefined;
  /** In place of those of the connector. */
  readonly ALPNProtocols?: readonly string[] | undefined;
}

/**
 * The client's side of TLS: makes {@link TlsStream}s of streams that are connected. Certificates and keys are read once, when
 * it is made.
 *
 * @throws TypeError, RangeError for options that are none, and Node's error for a key or a certificate that is none
 *
 * @example
 * ```ts
 * const connector = new TlsConnector({ ALPNProtocols: ["http/1.1"] });
 * const open = co(function* (host: string) {
 *   return yield* connector.connect(yield* TcpStream.connect({ host, port: 443 }), host);
 * });
 * ```
 */
export class TlsConnector {
  private readonly options: TlsConnectorOptions;
  private readonly context: NodeSecureContext;

  constructor(options: TlsConnectorOptions = {}) {
    checkTlsOptions("TlsConnector", options);
    this.options = options;
    this.context = options.secureContext ?? createSecureContext(withoutUndefined(options));
  }

  /**
   * Agrees on keys with the peer, and checks that it is who it is meant to be. The stream is taken over: it is closed if
   * this fails, and with what this gives.
   *
   * Fails with {@link TlsError} for a certificate that is not to be trusted or is another host's, and for a peer that
   * speaks no TLS, or none that we do; with `UnexpectedEofError` if the peer goes away; with the errors of the stream.
   *
   * **Cancel safety.** Not safe: the stream is closed, as a handshake cannot be taken up again.
   *
   * @param servername - the name, or the address, that the certificate has to be for; names are sent to the peer (SNI)
   * @throws TypeError, RangeError for what is no stream of the library, and no name
   * @throws TimeoutError past `handshakeTimeout`
   */
  connect(stream: Duplex, servername: string, settings: TlsConnectSettings = {}): Future<TlsStream> {
    checkStream("TlsConnector.connect", stream);
    if (typeof servername !== "string")
      throw new TypeError(
        `TlsConnector.connect needs the name of the server as a string, not ${describe(servername)}`,
      );
    if (servername === "")
      throw new RangeError(
        "TlsConnector.connect needs the name of the server, which its certificate is checked for",
      );
    checkTlsOptions("TlsConnector.connect", settings);
    const { options } = this;
    const isAddress = isIP(servername) !== 0;
    const ALPNProtocols = settings.ALPNProtocols ?? options.ALPNProtocols;
    const connection: ConnectionOptions = {
      secureContext: this.context,
      host: servername,
      // Addresses are no names that can be asked for, but certificates may be for them.
      servername: isAddress ? "" : servername,
      rejectUnauthorized: options.rejectUnauthorized ?? true,
      ...(ALPNProtocols === undefined ? {} : { ALPNProtocols: [...ALPNProtocols] }),
      ...(settings.session === undefined ? {} : { session: Buffer.from(settings.session) }),
      ...(options.checkServerIdentity === undefined
        ? {}
        : { checkServerIdentity: options.checkServerIdentity }),
    };
    return handshake(stream, options.handshakeTimeout ?? HANDSHAKE_TIMEOUT, {
      what: `TLS with ${JSON.stringify(servername)}`,
      servername: isAddress ? null : servername,
      begin(session) {
        const socket = connect({ ...connection, socket: session.transport.stream });
        session.follow(socket);
        socket.once("secureConnect", () => session.succeed(socket));
      },
    });
  }
}
