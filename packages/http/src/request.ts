import { ClosedError, type Context, type Poll, Reader, type SocketAddress } from "pollux";
import type { Connection } from "./connection.ts";
import type { Fields } from "./fields.ts";
import type { RequestHead } from "./head.ts";

/**
 * A request, as a handler gets it. Its body is read as it arrives: what the handler does not ask for is not taken from
 * the client, but for a buffer of 64 KiB.
 */
export class HttpRequest {
  readonly method: string;
  /** As it was sent: mostly a path with its query. */
  readonly target: string;
  /** The `Host` field; `null` in HTTP/1.0 without one. */
  readonly host: string | null;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: number;
  readonly fields: Fields;
  /** The protocols that the client asks for; see {@link HttpResponse.upgrade}. */
  readonly upgrade: string | null;
  /** Whether there is a body, be it empty. */
  readonly hasBody: boolean;
  private readonly connection: Connection;
  private reader: RequestBody | null;

  /** @internal */
  constructor(connection: Connection, head: RequestHead) {
    this.method = head.method;
    this.target = head.target;
    this.host = head.host;
    this.minor = head.minor;
    this.fields = head.fields;
    this.upgrade = head.upgrade;
    this.hasBody = head.bodyLength !== 0;
    this.connection = connection;
    this.reader = null;
  }

  /**
   * Reads fail with `HttpError`: `HTTP_TRUNCATED` if the client has ended in the middle, `HTTP_BODY_TOO_LONG`,
   * `HTTP_BODY_TIMEOUT`, `HTTP_BAD_CHUNK`. A handler that fails with one is answered for with its status. Once the handler
   * has ended, they fail with `ClosedError`.
   */
  get body(): Reader {
    this.reader ??= new RequestBody(this.connection, this);
    return this.reader;
  }

  /** What was sent behind a body with chunked coding: there once the body has been read to its end. */
  get trailers(): Fields {
    return this.connection.trailers;
  }

  get peerAddress(): SocketAddress {
    return this.connection.stream.peerAddress;
  }
}

class RequestBody extends Reader {
  private readonly connection: Connection;
  private readonly request: HttpRequest;
  private isClosed: boolean;

  constructor(connection: Connection, request: HttpRequest) {
    super();
    this.connection = connection;
    this.request = request;
    this.isClosed = false;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.isClosed || this.connection.request !== this.request)
      throw new ClosedError("this request's body");
    return this.connection.pollBody(cx, buf);
  }

  override cancelRead(): void {
    if (this.connection.request === this.request) this.connection.cancelBody();
  }

  override close(): void {
    this.cancelRead();
    this.isClosed = true;
  }
}
