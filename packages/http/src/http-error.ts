/** What is wrong with a message, or with what became of it. Stable across releases. */
export type HttpErrorCode =
  | "HTTP_BAD_LINE"
  | "HTTP_BAD_METHOD"
  | "HTTP_BAD_TARGET"
  | "HTTP_BAD_VERSION"
  | "HTTP_BAD_STATUS"
  | "HTTP_BAD_FIELD"
  | "HTTP_BAD_HOST"
  | "HTTP_BAD_LENGTH"
  | "HTTP_BAD_CODING"
  | "HTTP_UNKNOWN_CODING"
  | "HTTP_UNKNOWN_EXPECTATION"
  | "HTTP_BAD_CHUNK"
  | "HTTP_BAD_TRAILER"
  | "HTTP_VERSION_NOT_SUPPORTED"
  | "HTTP_TARGET_TOO_LONG"
  | "HTTP_HEAD_TOO_LONG"
  | "HTTP_BODY_TOO_LONG"
  | "HTTP_TRUNCATED"
  | "HTTP_HEAD_TIMEOUT"
  | "HTTP_BODY_TIMEOUT"
  | "HTTP_REQUEST_TIMEOUT"
  | "HTTP_CLIENT_GONE";

/**
 * A message that is not HTTP, or that a limit refuses. A server answers a request that fails so with its {@link status}
 * and closes the connection.
 *
 * @example
 * ```ts
 * const inbox = new Inbox();
 * inbox.push(Buffer.from("GET / HTTP/1.1\r\nHost : a\r\n\r\n"));
 * try {
 *   new HeadParser().request(inbox);
 * } catch (error) {
 *   console.log((error as HttpError).status, (error as HttpError).code); // 400 HTTP_BAD_FIELD
 * }
 * ```
 */
export class HttpError extends Error {
  /** What a server answers with. */
  readonly status: number;
  readonly code: HttpErrorCode;

  constructor(status: number, code: HttpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "HttpError";
    this.status = status;
    this.code = code;
  }
}
