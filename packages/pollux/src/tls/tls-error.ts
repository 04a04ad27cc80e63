/**
 * TLS has failed, in the handshake or afterwards. It has the code that Node gives, whose error is the `cause`:
 * `"CERT_HAS_EXPIRED"`, `"ERR_TLS_CERT_ALTNAME_INVALID"`, `"ERR_SSL_WRONG_VERSION_NUMBER"`.
 */
export class TlsError extends Error {
  /** Node's and OpenSSL's name of what is wrong. */
  readonly code: string;

  /** @internal */
  constructor(what: string, cause: unknown) {
    const { code, message, reason } = (cause ?? {}) as Partial<NodeJS.ErrnoException> & { reason?: string };
    // OpenSSL's message is a line of numbers and places in its sources, its reason a few words.
    super(
      `${what} failed: ${(code?.startsWith("ERR_SSL_") ? reason : undefined) ?? message ?? String(cause)}`,
      {
        cause,
      },
    );
    this.name = "TlsError";
    this.code = code ?? "ERR_TLS";
  }
}

/**
 * Of an `authorizationError`: Node's types say that it is an error; it is the code alone.
 *
 * @internal
 */
export function codeOf(error: unknown): string {
  return typeof error === "string" ? error : ((error as NodeJS.ErrnoException).code ?? String(error));
}
