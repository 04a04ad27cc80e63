import type { ClientSettings } from "./client-options.ts";
import { checkLimit } from "./client-options.ts";
import type { Endpoint, Endpoints } from "./endpoint.ts";
import { type RequestBody, type SendableBody, sendable } from "./request-body.ts";
import { checkMethod, checkTarget, fieldLines, type RequestFields } from "./request-head.ts";

/** What a request is made of. Times are in ms. */
export interface ClientRequestOptions {
  /** Default `GET`. */
  readonly method?: string;
  readonly headers?: RequestFields;
  readonly body?: RequestBody | null;
  /** Gives the request up, with its reason, also while the body of the response is read. */
  readonly signal?: AbortSignal | null;
  /** What is asked for, instead of the URL's path and query: as it is, such as `*` for OPTIONS. */
  readonly target?: string;
  /** Asks the server to change the protocol, such as to `websocket`: see {@link ClientResponse.upgrade}. */
  readonly upgrade?: string;
  /** Sends the body only when the server says that it wants it, or says nothing for a while. */
  readonly expectContinue?: boolean;
  /** Whether it may be sent twice. Default: as the method says. */
  readonly idempotent?: boolean;
  /** How many redirects are followed; with more it fails with `HTTP_TOO_MANY_REDIRECTS`. Default 0: none is followed. */
  readonly maxRedirects?: number;
  /** Whether it asks for a compressed body and decodes it: gzip, deflate, br. Default `false`. */
  readonly decompress?: boolean;
  /** As the client's option. */
  readonly headTimeout?: number;
  /** As the client's option. */
  readonly bodyTimeout?: number;
  /** As the client's option. */
  readonly requestTimeout?: number;
}

/** A request that is ready to be sent. */
export interface Outgoing {
  readonly endpoint: Endpoint;
  readonly url: string;
  readonly method: string;
  readonly head: string;
  readonly body: SendableBody | null;
  /** Bytes of a body in pieces; `null` if it is sent in chunks. */
  readonly bodyLength: number | null;
  readonly signal: AbortSignal | null;
  readonly close: boolean;
  readonly upgrade: string | null;
  readonly expectsContinue: boolean;
  /** Whether it may be sent again on another connection. */
  readonly mayRetry: boolean;
  readonly decompress: boolean;
  readonly headTimeout: number;
  readonly bodyTimeout: number;
  readonly requestTimeout: number;
}

const IDEMPOTENT = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]);

/** Servers wait for the length of the body of these also if there is none. */
const HAS_BODY = new Set(["POST", "PUT", "PATCH"]);

/** @throws TypeError, RangeError for a request that cannot be sent as it says */
export function outgoing(
  endpoints: Endpoints,
  settings: ClientSettings,
  url: string | URL,
  options: ClientRequestOptions,
): Outgoing {
  const resolved = endpoints.resolve(url);
  const { endpoint } = resolved;
  const method = options.method === undefined ? "GET" : checkMethod(options.method);
  const target = options.target === undefined ? resolved.path : checkTarget(options.target, method);
  const lines = fieldLines(options.headers);
  const body = options.body === undefined || options.body === null ? null : sendable(options.body);
  const { upgrade = null, signal = null, decompress = false } = options;
  if (upgrade !== null) checkUpgrade(upgrade);
  if (signal !== null && typeof signal.addEventListener !== "function")
    throw new TypeError("the signal of a request is an AbortSignal");
  const length = body?.length ?? lines.length;
  if (lines.length !== null && length !== lines.length)
    throw new TypeError(`Content-Length is ${lines.length}, and the body has ${length} bytes`);
  if (method === "TRACE" && body !== null) throw new TypeError("TRACE has no body");
  const expectsContinue = body !== null && (options.expectContinue === true || lines.expectsContinue);

  let head = `${method} ${target === "*" ? target : endpoint.prefix + target} HTTP/1.1\r\nHost: ${
    lines.host ?? endpoint.authority
  }\r\n${lines.text}`;
  if (endpoint.prefix !== "" && endpoint.proxy !== null) head += endpoint.proxy.authorization;
  if (decompress && !lines.hasAcceptEncoding) head += "Accept-Encoding: gzip, deflate, br\r\n";
  if (body !== null)
    head += length === null ? "Transfer-Encoding: chunked\r\n" : `Content-Length: ${length}\r\n`;
  else if (HAS_BODY.has(method)) head += "Content-Length: 0\r\n";
  if (expectsContinue) head += "Expect: 100-continue\r\n";
  if (upgrade !== null) head += `Connection: Upgrade\r\nUpgrade: ${upgrade}\r\n`;
  else if (lines.close) head += "Connection: close\r\n";

  return {
    endpoint,
    url: resolved.url,
    method,
    head: `${head}\r\n`,
    body,
    bodyLength: length,
    signal,
    close: lines.close,
    upgrade,
    expectsContinue,
    mayRetry:
      (options.idempotent ?? (upgrade === null && IDEMPOTENT.has(method))) && (body?.isReplayable ?? true),
    decompress,
    headTimeout: limit("headTimeout", options.headTimeout, settings.headTimeout),
    bodyTimeout: limit("bodyTimeout", options.bodyTimeout, settings.bodyTimeout),
    requestTimeout: limit("requestTimeout", options.requestTimeout, settings.requestTimeout),
  };
}

function limit(name: string, value: number | undefined, otherwise: number): number {
  return value === undefined ? otherwise : checkLimit(name, value);
}

function checkUpgrade(protocol: string): void {
  if (typeof protocol !== "string" || !/^[\w!#$%&'*+\-.^`|~/, ]+$/.test(protocol))
    throw new TypeError("upgrade is the name of a protocol, such as websocket");
}
