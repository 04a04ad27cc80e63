import type { TcpListenOptions } from "pollux";
import { checkWhole, type ParserLimits, parserLimits } from "./limits.ts";
import type { HttpRequest } from "./request.ts";

/** How a server is made. Times are in ms; `Infinity` is no limit. */
export interface ServerOptions extends TcpListenOptions {
  /** What the parser takes. */
  readonly limits?: Partial<ParserLimits>;
  /** Bytes of the body of a request; more are refused with 413. Default 16 MiB; `Infinity` for no limit. */
  readonly maxBody?: number;
  /** Connections at a time; further ones wait to be accepted. Default 100 000. */
  readonly maxConnections?: number;
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

/** @internal */
export interface ServerSettings {
  readonly limits: ParserLimits;
  readonly maxBody: number;
  readonly maxConnections: number;
  readonly scheme: "http" | "https";
  readonly headTimeout: number;
  readonly idleTimeout: number;
  readonly bodyTimeout: number;
  readonly requestTimeout: number;
  readonly writeTimeout: number;
  readonly onError: (error: unknown, request: HttpRequest | null) => void;
}

/** @throws TypeError, RangeError for options that make no sense @internal */
export function serverSettings(options: ServerOptions): ServerSettings {
  const { onError = (error) => console.error("A handler has failed:", error) } = options;
  if (typeof onError !== "function") throw new TypeError("onError must be a function");
  return {
    limits: parserLimits(options.limits),
    maxBody: atMost("maxBody", options.maxBody ?? 16 * 1024 * 1024, 0),
    maxConnections: checkWhole("maxConnections", options.maxConnections ?? 100_000),
    scheme: "http",
    headTimeout: atMost("headTimeout", options.headTimeout ?? 10_000),
    idleTimeout: atMost("idleTimeout", options.idleTimeout ?? 60_000),
    bodyTimeout: atMost("bodyTimeout", options.bodyTimeout ?? 300_000),
    requestTimeout: atMost("requestTimeout", options.requestTimeout ?? Number.POSITIVE_INFINITY),
    writeTimeout: atMost("writeTimeout", options.writeTimeout ?? 60_000),
    onError,
  };
}

function atMost(name: string, value: number, least = 1): number {
  return value === Number.POSITIVE_INFINITY ? value : checkWhole(name, value, least);
}
