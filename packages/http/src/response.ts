import { Buffer } from "node:buffer";
import { ClosedError, type Context, type Duplex, type Future, Pending, type Poll, Writer } from "pollux";
import type { Connection } from "./connection.ts";
import { checkWhole } from "./limits.ts";
import { Upgrade } from "./upgraded.ts";

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Latin-1 without control characters; a tab is allowed.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** What the server says by itself, as it knows better. */
const OURS: ReadonlySet<string> = new Set(["content-length", "transfer-encoding", "connection"]);

/** Nothing was said yet; a whole body; a body in pieces; the stream was handed over. */
const Open = 0;
const Whole = 1;
const Streaming = 2;
const Upgraded = 3;
/** The handler makes the whole of the response, with its head, by itself; and has done so. */
const Raw = 4;
const RawDone = 5;

/** The body has chunked coding. */
const CHUNKED = -1;

/**
 * The response to a request: a whole body by {@link send}, or one in pieces by {@link stream}. A handler that calls neither
 * has sent an empty one.
 */
export class HttpResponse {
  private readonly connection: Connection;
  private code: number;
  private names: string[] | null;
  private lines: string;
  private state: number;
  /** What `send` was given. */
  private whole: string | Uint8Array;
  private writer: ResponseBody | null;
  /** Whether the head is on its way. @internal */
  hasBegun: boolean;

  /** @internal */
  constructor(connection: Connection) {
    this.connection = connection;
    this.code = 200;
    this.names = null;
    this.lines = "";
    this.state = Open;
    this.whole = "";
    this.writer = null;
    this.hasBegun = false;
  }

  /** From 200 to 599. */
  get status(): number {
    return this.code;
  }

  /** @throws TypeError, RangeError for what is no final status, ClosedError once the head is on its way */
  set status(status: number) {
    this.checkOpen();
    if (checkWhole("status", status, 200) > 599)
      throw new RangeError(`status must be at most 599, not ${status}`);
    this.code = status;
  }

  /**
   * Adds a field to the head. One that is sent several times, such as `Set-Cookie`, is added several times. Lengths,
   * codings and the fate of the connection are the server's to say.
   *
   * @throws TypeError for what is no field, or is the server's; ClosedError once the head is on its way
   */
  add(name: string, value: string): this {
    this.checkOpen();
    if (typeof name !== "string" || !NAME.test(name))
      throw new TypeError(`${String(name)} is no name of a field`);
    if (typeof value !== "string" || !VALUE.test(value)) {
      throw new TypeError(`the value of ${name} must be a string of Latin-1 without control characters`);
    }
    const lower = name.toLowerCase();
    if (OURS.has(lower)) throw new TypeError(`${name} is set by the server: give a length to \`stream\``);
    if (this.names === null) this.names = [lower];
    else this.names.push(lower);
    this.lines += `${name}: ${value}\r\n`;
    return this;
  }

  /**
   * Ends the connection behind this response, which says so.
   *
   * @throws ClosedError once the head is on its way
   */
  close(): this {
    this.checkOpen();
    this.connection.framing.keepAlive = false;
    return this;
  }

  /** Whether such a field was added. */
  has(name: string): boolean {
    return this.names?.includes(name.toLowerCase()) ?? false;
  }

  /**
   * Gives the whole body. It is sent, with the head, when the handler has ended; bytes must stay as they are until then.
   *
   * @throws TypeError for a body that is neither text nor bytes, or for a status that has none; ClosedError if there is a
   *   body already
   */
  send(body: string | Uint8Array = ""): void {
    this.checkOpen();
    if (typeof body !== "string" && !(body instanceof Uint8Array)) {
      throw new TypeError("send needs a string or a Uint8Array; for a reader, copy it to `stream()`");
    }
    if (body.length > 0 && hasNoBody(this.code)) throw new TypeError(`a response ${this.code} has no body`);
    this.state = Whole;
    this.whole = body;
  }

  /**
   * The body as a writer; the head is sent with the first bytes. `shutdown` ends the body, and so does the end of the
   * handler. With a length, exactly so many bytes are to be written; without, it has chunked coding, or in HTTP/1.0 the
   * end of the connection is its end.
   *
   * The head is sent with the first write, or by a `flush` before it.
   *
   * Writes fail with `ClosedError` after the end, and with `RangeError` beyond the length.
   *
   * @param length - bytes
   * @throws TypeError, RangeError for a length that is none; ClosedError if there is a body already
   */
  stream(length?: number): Writer {
    this.checkOpen();
    if (length !== undefined) checkWhole("length", length, 0);
    this.state = Streaming;
    this.writer = new ResponseBody(this.connection, this, length ?? CHUNKED);
    return this.writer;
  }

  /**
   * Sends `101 Switching Protocols` (or, for `CONNECT`, `200`) with the fields added so far, and gives the connection as a
   * stream of bytes. It belongs to the handler up to its end, and is closed then.
   *
   * **Cancel safety.** Not safe: what was sent is not known. The connection is closed with the handler.
   *
   * @param protocol - the one that is spoken from now on
   * @throws TypeError if the client has not asked for it; ClosedError if there is a response already
   */
  upgrade(protocol: string): Future<Duplex> {
    this.checkOpen();
    const { request } = this.connection;
    const isTunnel = request?.method === "CONNECT";
    if (request === null || (!isTunnel && request.upgrade === null)) {
      throw new TypeError("the client has not asked for an upgrade: see `request.upgrade`");
    }
    if (!NAME.test(protocol.replace("/", ""))) throw new TypeError(`${protocol} is no name of a protocol`);
    this.state = Upgraded;
    this.hasBegun = true;
    const first = isTunnel
      ? "HTTP/1.1 200 OK\r\n"
      : `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
    this.connection.handOver(`${first}${this.lines}\r\n`);
    return new Upgrade(this.connection);
  }

  /** As {@link upgrade}, but that the handler sends the head itself, whatever it is. @internal */
  takeOver(): Future<Duplex> {
    this.checkOpen();
    this.state = Upgraded;
    this.hasBegun = true;
    this.connection.handOver("");
    return new Upgrade(this.connection);
  }

  /** Whether the request was a `HEAD`: what is sent has no body then. @internal */
  get isHead(): boolean {
    return this.connection.framing.isHead;
  }

  private checkOpen(): void {
    if (this.state !== Open || this.hasBegun) throw new ClosedError("this response");
  }

  /**
   * The handler has ended: what is not sent yet is now. Gives whether the response is whole.
   *
   * @internal
   */
  finish(): boolean {
    switch (this.state) {
      case Streaming:
        return this.writer?.finish() ?? false;
      case Upgraded:
      case Raw:
        return false;
      case RawDone:
        return true;
      default:
        this.state = Whole;
        this.sendWhole();
        return true;
    }
  }

  /** What Node's `ServerResponse` decides by. @internal */
  get keepsAlive(): boolean {
    const { framing } = this.connection;
    return framing.keepAlive && !framing.isClosing;
  }

  /** Sends a part of a response whose head is in it; gives whether more may be given at once. @internal */
  writeRaw(bytes: string | Uint8Array): boolean {
    if (this.state !== Raw) {
      this.checkOpen();
      this.state = Raw;
    }
    const { framing, transport } = this.connection;
    this.hasBegun = true;
    framing.hasBegun = true;
    if (typeof bytes === "string" && bytes.startsWith("HTTP/1.1 100 ")) framing.owesContinue = false;
    if (typeof bytes === "string") transport.outbox.text(bytes);
    else transport.outbox.bytes(bytes);
    return !transport.outbox.isFull;
  }

  /** Sends what was given. @internal */
  pollRaw(cx: Context): Poll<void> {
    return this.connection.transport.pollFlush(cx);
  }

  /** @internal */
  endRaw(keepAlive: boolean): void {
    this.state = RawDone;
    const { framing } = this.connection;
    // A body that the client was never asked for does not come.
    if (!keepAlive || framing.owesContinue) framing.keepAlive = false;
  }

  /** The connection ends with what was sent. @internal */
  cutRaw(): void {
    this.state = Raw;
    if (this.connection.response === this) this.connection.transport.lost();
  }

  private sendWhole(): void {
    const { whole } = this;
    const { framing, transport } = this.connection;
    this.hasBegun = true;
    const size = typeof whole === "string" ? Buffer.byteLength(whole) : whole.length;
    const head = framing.head(this.code, this.lines, this.has("date"), hasNoBody(this.code) ? null : size);
    if (size === 0 || framing.isHead) transport.outbox.text(head);
    // As many bytes as characters: it is ASCII, and one piece with the head.
    else if (typeof whole === "string" && size === whole.length) transport.outbox.text(head + whole);
    else {
      transport.outbox.text(head);
      transport.outbox.bytes(typeof whole === "string" ? Buffer.from(whole) : whole);
    }
  }

  /** @internal */
  sendHead(length: number | null): void {
    this.hasBegun = true;
    this.connection.transport.outbox.text(
      this.connection.framing.head(this.code, this.lines, this.has("date"), length),
    );
  }
}

/** @internal */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 304;
}

/** More is not taken over at a time. */
const PIECE = 32_768;

class ResponseBody extends Writer {
  private readonly connection: Connection;
  private readonly response: HttpResponse;
  /** Bytes that are still to come, or `CHUNKED`. */
  private left: number;
  private isOver: boolean;
  private isBroken: boolean;

  constructor(connection: Connection, response: HttpResponse, length: number) {
    super();
    this.connection = connection;
    this.response = response;
    this.left = length;
    this.isOver = false;
    this.isBroken = false;
  }

  private begin(): void {
    if (this.response.hasBegun) return;
    // Where there is no body there may be a length of the one that there would be, but for 204.
    const { status } = this.response;
    this.response.sendHead(
      this.left === CHUNKED || status === 204 ? (hasNoBody(status) ? null : CHUNKED) : this.left,
    );
  }

  private get isSilent(): boolean {
    return this.connection.framing.isHead || hasNoBody(this.response.status);
  }

  private check(): void {
    this.connection.transport.checkClient();
    if (this.isOver || this.connection.response !== this.response) throw new ClosedError("this response");
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    this.check();
    if (!this.isSilent && this.left !== CHUNKED && buf.length > this.left) {
      throw new RangeError(
        `the response has ${this.left} bytes left of its length, and ${buf.length} are written`,
      );
    }
    if (this.connection.transport.pollSend(cx) === Pending) return Pending;
    // Takes the unit of budget that a write to memory has to: the flush of nothing takes none.
    if (!cx.takeBudget()) return Pending;
    this.begin();
    if (this.isSilent || buf.length === 0) {
      this.connection.transport.pollFlush(cx);
      return buf.length;
    }
    const size = Math.min(buf.length, PIECE);
    const piece = size === buf.length ? buf : buf.subarray(0, size);
    const { outbox } = this.connection.transport;
    if (this.left !== CHUNKED) {
      this.left -= size;
      outbox.bytes(piece);
    } else if (this.connection.framing.isChunked) {
      outbox.text(`${size.toString(16)}\r\n`);
      outbox.bytes(piece);
      outbox.text("\r\n");
    } else {
      outbox.bytes(piece);
    }
    // What the stream does not take now stays in the outbox, and holds the next write up.
    this.connection.transport.pollFlush(cx);
    return size;
  }

  override pollFlush(cx: Context): Poll<void> {
    this.check();
    this.begin();
    return this.connection.transport.pollSend(cx);
  }

  override pollShutdown(cx: Context): Poll<void> {
    if (!this.isOver) this.check();
    if (this.connection.response !== this.response) return undefined;
    if (!this.finish()) {
      throw new RangeError(`the response ends ${this.left} bytes before its length`);
    }
    return this.connection.transport.pollSend(cx);
  }

  /** Ends the body, if that is possible; gives whether it is whole. */
  finish(): boolean {
    if (this.isOver) return !this.isBroken;
    if (this.left > 0 && !this.isSilent) return false;
    this.begin();
    this.isOver = true;
    if (this.connection.framing.isChunked && !this.isSilent && this.left === CHUNKED)
      this.connection.transport.outbox.text("0\r\n\r\n");
    return true;
  }

  override cancelWrite(): void {
    if (this.connection.response === this.response) this.connection.transport.stream.cancelWrite();
  }

  /** A body that was not ended by `shutdown` is cut short: the client sees that it is. */
  override close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.isBroken = true;
  }
}
