import { describe } from "../core/errors.ts";
import { Duplex } from "../io/duplex.ts";
import { checkDuration } from "../time/duration.ts";

/** A key or a certificate: PEM as text or bytes. */
export type TlsPem = string | Uint8Array;

/** `"TLSv1"` and `"TLSv1.1"` are refused by OpenSSL's defaults. */
export type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** What both sides of TLS are told. The names are those of `node:tls`, which gets them as they are. */
export interface TlsOptions {
  /** Whose certificates are trusted, in place of those that Node comes with. */
  readonly ca?: TlsPem | readonly TlsPem[] | undefined;
  /** Our certificate, with those between it and the root after it. */
  readonly cert?: TlsPem | readonly TlsPem[] | undefined;
  /** The private key to `cert`. */
  readonly key?: TlsPem | readonly TlsPem[] | undefined;
  /** `cert` and `key` in one, as PKCS #12. */
  readonly pfx?: TlsPem | undefined;
  /** Of `key` or `pfx`. */
  readonly passphrase?: string | undefined;
  readonly ciphers?: string | undefined;
  readonly ecdhCurve?: string | undefined;
  readonly sigalgs?: string | undefined;
  readonly minVersion?: TlsVersion | undefined;
  readonly maxVersion?: TlsVersion | undefined;
  /** Protocols above TLS, the preferred first: `["h2", "http/1.1"]`. */
  readonly ALPNProtocols?: readonly string[] | undefined;
  /** Whether the handshake fails if the peer's certificate cannot be trusted. Default `true`. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** How long a handshake may take, in ms; `Infinity` for no limit. Default 120,000, as in Node. */
  readonly handshakeTimeout?: number | undefined;
}

/** @internal */
export const HANDSHAKE_TIMEOUT = 120_000;

/**
 * Refuses options that Node would pass over in silence, or only in the handshake.
 *
 * @internal
 */
export function checkTlsOptions(who: string, options: TlsOptions): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`${who} needs an object of options, not ${describe(options)}`);
  const { ALPNProtocols, handshakeTimeout } = options;
  if (handshakeTimeout !== undefined) checkDuration("handshakeTimeout", handshakeTimeout);
  if (ALPNProtocols === undefined) return;
  if (!Array.isArray(ALPNProtocols))
    throw new TypeError(`ALPNProtocols must be an array of names; got ${describe(ALPNProtocols)}`);
  for (const name of ALPNProtocols) {
    if (typeof name !== "string")
      throw new TypeError(`ALPNProtocols must be an array of names; got ${describe(name)} in it`);
    if (name === "" || new TextEncoder().encode(name).length > 255)
      throw new RangeError(`a name in ALPNProtocols must have 1 to 255 bytes; got ${JSON.stringify(name)}`);
  }
}

/** @internal */
export function checkStream(who: string, stream: unknown): void {
  if (!(stream instanceof Duplex))
    throw new TypeError(
      `${who} needs a Duplex of pollux, such as a TcpStream, not ${describe(stream)}: one of Node goes through duplexFromNode`,
    );
}

/**
 * A copy for Node, which takes `undefined` for a value.
 *
 * @typeParam T - Node's options, of the same names and types, but that ours are read-only: Node changes none of them
 * @internal
 */
export function withoutUndefined<T>(options: TlsOptions): T {
  // By the type parameter.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
