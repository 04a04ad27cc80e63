import { type LookupOptions, TlsConnector, type TlsConnectorOptions } from "pollux";
import { checkWhole, type ParserLimits, parserLimits } from "../limits.ts";

/** The proxy for a request: an `http:` URL, perhaps with a user and a password; `null` for none. */
export type ProxyChoice = string | URL | null | ((origin: URL) => string | URL | null);

/** How a client is made. Times are in ms; `Infinity` is no limit. */
export interface HttpClientOptions {
  /** Connections to one origin at a time; further requests wait. Default 128. */
  readonly connectionsPerOrigin?: number;
  /** Connections in all; idle ones are closed when one is needed elsewhere. Default `Infinity`. */
  readonly connections?: number;
  /** How many requests may wait for a connection; more fail with `HTTP_QUEUE_FULL`. Default 10 000. */
  readonly queue?: number;
  /** How long a request waits for a connection; then it fails with `HTTP_QUEUE_TIMEOUT`. Default 30 s. */
  readonly queueTimeout?: number;
  /** For the connection, with the proxy and TLS; then `HTTP_CONNECT_TIMEOUT`. Default 10 s. */
  readonly connectTimeout?: number;
  /** From the last byte sent to the head of the response; then `HTTP_HEAD_TIMEOUT`. Default 60 s. */
  readonly headTimeout?: number;
  /** How long a read of a body waits for the next byte; then `HTTP_BODY_TIMEOUT`. Default 60 s. */
  readonly bodyTimeout?: number;
  /** For the whole request, with its redirects and the body of its response; then `HTTP_REQUEST_TIMEOUT`. Default `Infinity`. */
  readonly requestTimeout?: number;
  /** How long a connection is kept idle. A server that says less (`Keep-Alive: timeout=`) is heeded. Default 30 s. */
  readonly idleTimeout?: number;
  /** How long a body is held back for a `100 Continue` that was asked for. Default 1 s. */
  readonly continueTimeout?: number;
  /** What the parser takes. */
  readonly limits?: Partial<ParserLimits>;
  /**
   * A proxy for all requests, or a function that chooses. Requests to `http:` are sent to it with their whole URL, those to
   * `https:` through a tunnel (`CONNECT`).
   */
  readonly proxy?: ProxyChoice;
  /** Where the server listens, whatever the URLs say: a Unix socket. */
  readonly socketPath?: string;
  /** How the name of a host becomes an address. */
  readonly family?: LookupOptions["family"];
  /** For `https:`: whom to trust, and who to be. The protocol that is agreed on (ALPN) is always HTTP/1.1. */
  readonly tls?: Omit<TlsConnectorOptions, "ALPNProtocols">;
}

/** @internal */
export interface ClientSettings {
  readonly perOrigin: number;
  readonly total: number;
  readonly queue: number;
  readonly queueTimeout: number;
  readonly connectTimeout: number;
  readonly headTimeout: number;
  readonly bodyTimeout: number;
  readonly requestTimeout: number;
  readonly idleTimeout: number;
  readonly continueTimeout: number;
  readonly limits: ParserLimits;
  readonly proxy: ProxyChoice;
  readonly socketPath: string | null;
  readonly family: LookupOptions["family"];
  /** Made when it is needed, as it takes a while. */
  readonly connector: () => TlsConnector;
}

/** @throws TypeError, RangeError for options that make no sense @internal */
export function clientSettings(options: HttpClientOptions): ClientSettings {
  if (typeof options !== "object" || options === null)
    throw new TypeError("an HttpClient needs an object of options, or none");
  const { socketPath = null, proxy = null } = options;
  if (socketPath !== null && (typeof socketPath !== "string" || socketPath === ""))
    throw new TypeError("socketPath must be the path of a Unix socket");
  if (socketPath !== null && proxy !== null)
    throw new TypeError("a client has a socketPath or a proxy, not both");
  return {
    perOrigin: checkLimit("connectionsPerOrigin", options.connectionsPerOrigin ?? 128),
    total: checkLimit("connections", options.connections ?? Number.POSITIVE_INFINITY),
    queue: checkLimit("queue", options.queue ?? 10_000, 0),
    queueTimeout: checkLimit("queueTimeout", options.queueTimeout ?? 30_000),
    connectTimeout: checkLimit("connectTimeout", options.connectTimeout ?? 10_000),
    headTimeout: checkLimit("headTimeout", options.headTimeout ?? 60_000),
    bodyTimeout: checkLimit("bodyTimeout", options.bodyTimeout ?? 60_000),
    requestTimeout: checkLimit("requestTimeout", options.requestTimeout ?? Number.POSITIVE_INFINITY),
    idleTimeout: checkLimit("idleTimeout", options.idleTimeout ?? 30_000, 0),
    continueTimeout: checkLimit("continueTimeout", options.continueTimeout ?? 1000),
    limits: parserLimits(options.limits),
    proxy: typeof proxy === "function" || proxy === null ? proxy : checkProxy(proxy),
    socketPath,
    family: options.family,
    connector: connectorOf(options.tls),
  };
}

/** A whole number, or `Infinity`. @throws TypeError, RangeError @internal */
export function checkLimit(name: string, value: number, least = 1): number {
  return value === Number.POSITIVE_INFINITY ? value : checkWhole(name, value, least);
}

/** @throws TypeError for what is no URL of a proxy @internal */
export function checkProxy(proxy: string | URL): URL {
  const url = new URL(proxy);
  if (url.protocol !== "http:") throw new TypeError(`a proxy is given as an http: URL, not ${url.protocol}`);
  return url;
}

/** @throws TypeError, RangeError, and Node's error for a key or a certificate that is none */
function connectorOf(options: TlsConnectorOptions | undefined): () => TlsConnector {
  let connector: TlsConnector | null = null;
  const make = (): TlsConnector => {
    connector ??= new TlsConnector({ ...options, ALPNProtocols: ["http/1.1"] });
    return connector;
  };
  // What was given is checked at once.
  if (options !== undefined) make();
  return make;
}
