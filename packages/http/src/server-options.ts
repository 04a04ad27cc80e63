import { type SocketAddress, type TcpListenOptions, TlsAcceptor, type TlsAcceptorOptions } from "pollux";
import { checkWhole, type ParserLimits, parserLimits } from "./limits.ts";
import type { HttpRequest } from "./request.ts";

/** How a connection is served. Times are in ms; `Infinity` is no limit. */
export interface ConnectionOptions {
  /** What the parser takes. */
  readonly limits?: Partial<ParserLimits>;
  /** Bytes of the body of a request; more are refused with 413. Default 16 MiB; `Infinity` for no limit. */
  readonly maxBody?: number;
  /** From the first byte of a head to its end; then the answer is 408. Default 10 s. */
  readonly headTimeout?: number;
  /** Without a byte between two requests, and before the first; then the connection is closed. Default 60 s. */
  readonly idleTimeout?: number;
  /**
   * How long a handler waits for bytes of a body, in all its reads together; then they fail with `HTTP_BODY_TIMEOUT`. What
   * the handler does between them does not count. Default 5 min.
   */
  readonly bodyTimeout?: number;
  /**
   * How long a request may take, from the end of its head to the end of its handler; then the handler is cancelled, its
   * cleanup is awaited, and the answer is 503 if none is on its way. An upgrade ends it. Default: no limit.
   */
  readonly requestTimeout?: number;
  /** How long the client may take nothing of a response; then the connection is closed. Default 60 s. */
  readonly writeTimeout?: number;
  /**
   * Told once of what a handler fails with, unless it is an `HttpError`; the answer is 500 if none is on its way. Default:
   * it is printed by `console.error`. Also told of what `accept` fails with.
   */
  readonly onError?: (error: unknown, request: HttpRequest | null) => void;
}

/** How a server is made. Times are in ms; `Infinity` is no limit. */
export interface ServerOptions extends TcpListenOptions, ConnectionOptions {
  /** Connections at a time; further ones wait to be accepted. Default 100 000. */
  readonly maxConnections?: number;
  /**
   * For HTTPS: the certificate and its key, or an acceptor, whose certificate can be changed later. A handshake may take as
   * long as a head, unless the options have a `handshakeTimeout`.
   */
  readonly tls?: TlsAcceptorOptions | TlsAcceptor;
  /** Told of each handshake that has failed: any client can make one fail. Default: nobody is. */
  readonly onTlsError?: (error: unknown, peer: SocketAddress) => void;
}

/** How a stream is served that somebody else has accepted. */
export interface StreamOptions extends ConnectionOptions {
  /** The other end, which handlers are told. Default: that of the stream, if it has one. */
  readonly peerAddress?: SocketAddress;
  /** What the URLs of requests begin with. Default `"http"`. */
  readonly scheme?: "http" | "https";
}

/** @internal */
export interface ServerSettings {
  readonly limits: ParserLimits;
  readonly maxBody: number;
  readonly scheme: "http" | "https";
  readonly headTimeout: number;
  readonly idleTimeout: number;
  readonly bodyTimeout: number;
  readonly requestTimeout: number;
  readonly writeTimeout: number;
  readonly onError: (error: unknown, request: HttpRequest | null) => void;
}

/** @throws TypeError, RangeError for options that make no sense @internal */
export function serverSettings(options: ConnectionOptions, scheme: "http" | "https"): ServerSettings {
  const { onError = (error) => console.error("A handler has failed:", error) } = options;
  if (typeof onError !== "function") throw new TypeError("onError must be a function");
  return {
    limits: parserLimits(options.limits),
    maxBody: atMost("maxBody", options.maxBody ?? 16 * 1024 * 1024, 0),
    scheme,
    headTimeout: atMost("headTimeout", options.headTimeout ?? 10_000),
    idleTimeout: atMost("idleTimeout", options.idleTimeout ?? 60_000),
    bodyTimeout: atMost("bodyTimeout", options.bodyTimeout ?? 300_000),
    requestTimeout: atMost("requestTimeout", options.requestTimeout ?? Number.POSITIVE_INFINITY),
    writeTimeout: atMost("writeTimeout", options.writeTimeout ?? 60_000),
    onError,
  };
}

/** @throws TypeError, RangeError for options that make no sense, and Node's error for a certificate that is none @internal */
export function tlsAcceptor({ tls, headTimeout = 10_000 }: ServerOptions): TlsAcceptor | null {
  if (tls === undefined) return null;
  if (tls instanceof TlsAcceptor) return tls;
  return new TlsAcceptor({ handshakeTimeout: headTimeout, ALPNProtocols: ["http/1.1"], ...tls });
}

/** @throws TypeError, RangeError @internal */
export function mostConnections({ maxConnections = 100_000 }: ServerOptions): number {
  return checkWhole("maxConnections", maxConnections);
}

function atMost(name: string, value: number, least = 1): number {
  return value === Number.POSITIVE_INFINITY ? value : checkWhole(name, value, least);
}
