import {
  ClosedError,
  type Context,
  type Future,
  type Poll,
  Reader,
  type RuntimeHandle,
  type SocketAddress,
} from "pollux";
import type { Connection } from "./connection.ts";
import type { Fields } from "./fields.ts";
import type { RequestHead } from "./head.ts";
import { type BodySource, bytesOf, textOf, WholeBody } from "./whole-body.ts";

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
    return this.source;
  }

  /**
   * The whole body. Fails as reads of {@link body} do; its length is limited by the server's `maxBody`.
   *
   * **Cancel safety.** Not safe: what was read is lost.
   */
  bytes(): Future<Uint8Array<ArrayBuffer>> {
    return new WholeBody(this.source, bytesOf);
  }

  /**
   * The whole body as text, of UTF-8: without a byte order mark, and with U+FFFD for what is malformed. As {@link bytes}.
   *
   * **Cancel safety.** Not safe: what was read is lost.
   */
  text(): Future<string> {
    return new WholeBody(this.source, textOf);
  }

  /** As {@link bytes}, if all of them are there; good up to the next read. @internal */
  takeWhole(): Uint8Array | null {
    return this.connection.request === this ? this.connection.body.takeWhole() : null;
  }

  /** `"https"` if the connection is secure, as the server was told. */
  get scheme(): "http" | "https" {
    return this.connection.settings.scheme;
  }

  /** Of the task that the connection is. @internal */
  get runtime(): RuntimeHandle {
    // It has been polled: there is a request.
    return this.connection.runtime as RuntimeHandle;
  }

  private get source(): RequestBody {
    this.reader ??= new RequestBody(this.connection, this);
    return this.reader;
  }

  /** What was sent behind a body with chunked coding: there once the body has been read to its end. */
  get trailers(): Fields {
    return this.connection.body.trailers;
  }

  /** The other end; `null` if the connection is a stream without addresses. */
  get peerAddress(): SocketAddress | null {
    return this.connection.transport.peerAddress;
  }
}

class RequestBody extends Reader implements BodySource {
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
    this.check();
    return this.connection.body.poll(cx, buf);
  }

  takeWhole(cx: Context): Uint8Array | null {
    this.check();
    return cx.takeBudget() ? this.connection.body.takeWhole() : null;
  }

  private check(): void {
    if (this.isClosed || this.connection.request !== this.request)
      throw new ClosedError("this request's body");
  }

  override cancelRead(): void {
    if (this.connection.request === this.request) this.connection.body.cancel();
  }

  override close(): void {
    this.isClosed = true;
    if (this.connection.request === this.request) this.connection.body.close();
  }
}
