import type { Fields } from "./fields.ts";

/** The body has chunked coding. */
export const CHUNKED = -1;
/** The body goes up to the end of the connection. */
export const UNTIL_CLOSE = -2;

/** What the heads of requests and of responses have in common. */
export interface MessageHead {
  /** The second digit of the version: 1 for HTTP/1.1. */
  readonly minor: number;
  readonly fields: Fields;
  /** Whether the connection may be used for a further message. */
  readonly keepAlive: boolean;
  /** Bytes of the body; {@link CHUNKED} or {@link UNTIL_CLOSE}. */
  readonly bodyLength: number;
  /** The protocols of an `Upgrade` field that the `Connection` field confirms; else `null`. */
  readonly upgrade: string | null;
}

/** The head of a request, as {@link HeadParser.request} gives it. */
export interface RequestHead extends MessageHead {
  readonly method: string;
  readonly target: string;
  /** The `Host` field; `null` in HTTP/1.0 without one. */
  readonly host: string | null;
  /** Whether the client waits for a `100 Continue` before it sends the body. */
  readonly expectsContinue: boolean;
}

/** The head of a response, as {@link HeadParser.response} gives it. */
export interface ResponseHead extends MessageHead {
  readonly status: number;
  readonly reason: string;
  /** The `Keep-Alive` field, as it was sent; `null` without one. */
  readonly keepAliveHint: string | null;
}
