import type { Buffer } from "node:buffer";
import {
  type Context,
  type Duplex,
  Future,
  type Inspection,
  Pending,
  type Poll,
  PollAfterCompletionError,
  Reader,
} from "pollux";
import { Fields } from "../fields.ts";
import type { ResponseHead } from "../head.ts";
import { decoded } from "./decode.ts";
import type { Reception } from "./reception.ts";
import { WholeBody } from "./whole-body.ts";

/** How much of a body is taken. */
export interface BodyLimit {
  /** Bytes, after decoding; of what is longer the rest is not read, and it fails with `TooLongError`. Default 64 MiB. */
  readonly maxLength?: number;
}

/**
 * A response, as soon as its head is there. Its body is read as it arrives: what nobody asks for stays with the server.
 *
 * **It holds its connection until the body has been read to its end**, or has been given up: by `discard`, `close`, `using`,
 * or a signal. A response without a body holds none. Nothing closes one that is forgotten; the channel
 * `pollux:http:client:unread` of `node:diagnostics_channel` tells of it when the garbage collector finds it.
 */
export class ClientResponse implements Disposable, AsyncDisposable {
  readonly status: number;
  /** The text behind the status: mostly of no meaning, and often empty. */
  readonly reason: string;
  readonly fields: Fields;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minor: number;
  /** Whence it came: after redirects, not the URL that was asked for. */
  readonly url: string;
  /** How many redirects led to it. */
  redirects: number;
  private readonly reception: Reception;
  /** The codings that are to be taken off the body. */
  private readonly codings: string;
  private reader: Reader | null;

  /** @internal */
  constructor(reception: Reception, head: ResponseHead) {
    this.status = head.status;
    this.reason = head.reason;
    this.fields = head.fields;
    this.minor = head.minor;
    this.url = reception.request.url;
    this.redirects = 0;
    this.reception = reception;
    this.codings =
      reception.request.decompress && head.bodyLength !== 0
        ? (head.fields.get("content-encoding") ?? "")
        : "";
    this.reader = null;
  }

  /**
   * Reads fail with `HttpError`: `HTTP_TRUNCATED`, `HTTP_SERVER_GONE`, `HTTP_BODY_TIMEOUT`, `HTTP_BAD_CHUNK`,
   * `HTTP_BAD_ENCODING`; with the reason of the signal; with `ClosedError` after a close. To close it closes the response.
   */
  get body(): Reader {
    this.reader ??= decoded(new ResponseBody(this, this.reception), this.codings);
    return this.reader;
  }

  /** What was sent behind a body with chunked coding: there once the body has been read to its end. */
  get trailers(): Fields {
    return this.reception.trailers ?? NONE;
  }

  /**
   * All of the body.
   *
   * **Cancel safety.** Not safe: what was read so far is lost, and the response is closed.
   *
   * @throws TypeError, RangeError for options that make no sense
   */
  bytes(limit?: BodyLimit): Future<Uint8Array> {
    if (this.isPlain) return new WholeBody(this.reception, limit?.maxLength, copied);
    return new Decoded(this, this.body.readToEnd(limit), (bytes) => bytes);
  }

  /**
   * As {@link bytes}, as UTF-8; what is none becomes `"\ufffd"`.
   *
   * **Cancel safety.** As that of `bytes`.
   */
  text(limit?: BodyLimit): Future<string> {
    if (this.isPlain) return new WholeBody(this.reception, limit?.maxLength, textOf);
    return new Decoded(this, this.body.readToString(limit), (text) => text);
  }

  /**
   * As {@link text}, read as JSON. Fails with `SyntaxError` for what is none.
   *
   * **Cancel safety.** As that of `bytes`.
   */
  json(limit?: BodyLimit): Future<unknown> {
    if (this.isPlain) return new WholeBody(this.reception, limit?.maxLength, jsonOf);
    return new Decoded(this, this.body.readToString(limit), (text) => JSON.parse(text) as unknown);
  }

  private get isPlain(): boolean {
    return this.codings === "" && this.reader === null;
  }

  /**
   * Reads the rest of the body over, so that the connection can be used again; if there is more than `maxLength` bytes, 64
   * KiB unless given, closes it instead. Does not fail for a server that is gone.
   *
   * **Cancel safety.** Safe: the connection is closed.
   */
  discard(limit: BodyLimit = {}): Future<void> {
    return new Discard(this.reception, limit.maxLength ?? 65_536);
  }

  /**
   * The connection of a response with status 101, which is the caller's from now on, to close as well. What the server has
   * sent behind the response is read first.
   *
   * @throws TypeError for a response with another status
   * @throws ClosedError when it has been called, or the response has been closed
   */
  upgrade(): Duplex {
    if (this.status !== 101)
      throw new TypeError(`only a response with 101 is an upgrade, not ${this.status}`);
    return this.reception.upgraded();
  }

  /** Gives up what was not read of the body, and with it the connection. Idempotent. */
  close(): void {
    if (this.reader === null) this.reception.close();
    else this.reader.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

const NONE = new Fields();

function copied(bytes: Buffer, isOurs: boolean): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  if (!isOurs) copy.set(bytes);
  return isOurs ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : copy;
}

function textOf(bytes: Buffer): string {
  // As the Web's `text()`, without a byte order mark.
  const hasMark = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString("utf8", hasMark ? 3 : 0);
}

function jsonOf(bytes: Buffer): unknown {
  return JSON.parse(textOf(bytes));
}

/** The body as it comes on the wire. */
class ResponseBody extends Reader {
  /** Whoever has the body has the response: see {@link watchUnread}. */
  readonly response: ClientResponse;
  private readonly reception: Reception;

  constructor(response: ClientResponse, reception: Reception) {
    super();
    this.response = response;
    this.reception = reception;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.reception.pollBody(cx, buf);
  }

  override cancelRead(): void {
    this.reception.cancelBody();
  }

  override close(): void {
    this.reception.close();
  }
}

/** All of a body that a decoder reads. */
class Decoded<R, T> extends Future<T> {
  private readonly response: ClientResponse;
  private readonly read: Future<R>;
  private readonly convert: (read: R) => T;

  constructor(response: ClientResponse, read: Future<R>, convert: (read: R) => T) {
    super();
    this.response = response;
    this.read = read;
    this.convert = convert;
  }

  override poll(cx: Context): Poll<T> {
    let read: Poll<R>;
    try {
      read = this.read.poll(cx);
    } catch (error) {
      this.response.close();
      throw error;
    }
    return read === Pending ? Pending : this.convert(read);
  }

  override cancel(cx: Context): Poll<void> {
    if (this.read.cancel(cx) === Pending) return Pending;
    this.response.close();
    return undefined;
  }

  override inspect(): Inspection {
    return this.read.inspect();
  }
}

class Discard extends Future<void> {
  private reception: Reception | null;
  private left: number;

  constructor(reception: Reception, maxLength: number) {
    super();
    this.reception = reception;
    this.left = maxLength;
  }

  override poll(cx: Context): Poll<void> {
    const { reception } = this;
    if (reception === null) throw new PollAfterCompletionError("discard()");
    while (!reception.isOver) {
      const { bodyLeft } = reception;
      if (this.left <= 0 || (bodyLeft !== Number.POSITIVE_INFINITY && bodyLeft > this.left)) {
        reception.close();
        break;
      }
      let size: Poll<number>;
      try {
        size = reception.pollBody(cx, SCRATCH);
      } catch {
        // Whatever it failed with, nobody wants the rest any more, and the connection is closed.
        break;
      }
      if (size === Pending) return Pending;
      this.left -= size;
    }
    this.reception = null;
    return undefined;
  }

  override cancel(): void {
    this.reception?.close();
    this.reception = null;
  }

  override inspect(): Inspection {
    return { op: "discard()" };
  }
}

/** What is read over goes here. */
const SCRATCH = new Uint8Array(16_384);
