import type { Buffer } from "node:buffer";
import { FieldScanner } from "./field-scanner.ts";
import { Fields } from "./fields.ts";
import { CHUNKED, UNTIL_CLOSE } from "./head.ts";
import { HttpError } from "./http-error.ts";
import type { Inbox } from "./inbox.ts";
import { DEFAULT_LIMITS, type ParserLimits } from "./limits.ts";
import { CR, LF } from "./octets.ts";

/** Bytes of the body itself: in all that is left, of the chunk, or up to the end of the connection. */
const Data = 0;
/** The line before a chunk; what ends its data; and what follows the last one. */
const Size = 1;
const DataEnd = 2;
const Trailers = 3;
const Done = 4;

/** RFC 9112, 7.1.1, without the whitespace that was never allowed to be sent. */
const EXTENSIONS =
  /^(?:;[\w!#$%&'*+\-.^`|~]+(?:=(?:[\w!#$%&'*+\-.^`|~]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)+$/;

/**
 * Takes the body of a message out of the bytes behind its head.
 *
 * @example
 * ```ts
 * const inbox = new Inbox();
 * const body = new BodyDecoder();
 * body.begin(CHUNKED);
 * inbox.push(Buffer.from("5\r\nhello\r\n0\r\nDigest: x\r\n\r\n"));
 * const buf = new Uint8Array(100);
 * console.log(body.take(inbox, buf), body.take(inbox, buf)); // 5 0
 * console.log(body.isDone, body.trailers.get("digest")); // true x
 * ```
 */
export class BodyDecoder {
  private readonly limits: ParserLimits;
  private state: number;
  private isChunked: boolean;
  /** Bytes of data that are still to come before the state changes. */
  private left: number;
  private searched: number;
  private extensionBytes: number;
  private scanner: FieldScanner | null;
  /** What was sent behind a body with chunked coding; complete when {@link isDone}. */
  trailers: Fields;

  constructor(limits: ParserLimits = DEFAULT_LIMITS) {
    this.limits = limits;
    this.state = Done;
    this.isChunked = false;
    this.left = 0;
    this.searched = 0;
    this.extensionBytes = 0;
    this.scanner = null;
    this.trailers = NONE;
  }

  /** @param length - bytes, {@link CHUNKED} or {@link UNTIL_CLOSE}, as the head has it */
  begin(length: number): void {
    this.isChunked = length === CHUNKED;
    this.left = length === UNTIL_CLOSE ? Number.POSITIVE_INFINITY : Math.max(length, 0);
    this.state = this.isChunked ? Size : length === 0 ? Done : Data;
    this.searched = 0;
    this.extensionBytes = 0;
    this.trailers = NONE;
  }

  /** Whether all of it has been taken. */
  get isDone(): boolean {
    return this.state === Done;
  }

  /**
   * How many bytes, of those that arrive next, are of the body whatever they are: so many can be read past the inbox, if
   * that is empty, and are told by {@link passed}.
   */
  get direct(): number {
    return this.state === Data ? this.left : 0;
  }

  /** How many bytes of the body are still to come; `Infinity` if only its end will tell. */
  get remaining(): number {
    if (this.state === Done) return 0;
    return this.isChunked ? Number.POSITIVE_INFINITY : this.left;
  }

  /** The bytes that are left of a body with a length; -1 for one without. @internal */
  get whole(): number {
    return this.isChunked || this.left === Number.POSITIVE_INFINITY ? -1 : this.left;
  }

  /** So many bytes of the body were read past the inbox. */
  passed(size: number): void {
    this.left -= size;
    if (this.left === 0) this.state = this.isChunked ? DataEnd : Done;
  }

  /**
   * Takes out bytes of the body that are there, at most `buf.length`, and gives their number; 0 if there are none, which
   * is the end if {@link isDone}.
   *
   * @throws HttpError for a coding that is broken: the connection is of no further use
   */
  take(inbox: Inbox, buf: Uint8Array): number {
    for (;;) {
      switch (this.state) {
        case Data: {
          const size = inbox.take(buf, this.left);
          this.passed(size);
          return size;
        }
        case Size:
          if (!this.size(inbox)) return 0;
          break;
        case DataEnd:
          if (!this.dataEnd(inbox)) return 0;
          break;
        case Trailers:
          if (!this.scanTrailers(inbox)) return 0;
          break;
        default:
          return 0;
      }
    }
  }

  /**
   * The other side has ended the connection: that is the end of a body without a length.
   *
   * @throws HttpError for any other, which is cut short
   */
  ended(): void {
    if (this.left === Number.POSITIVE_INFINITY) this.state = Done;
    if (this.state !== Done) throw new HttpError(400, "HTTP_TRUNCATED", "the connection ended within a body");
  }

  private size(inbox: Inbox): boolean {
    const { chunkLineBytes } = this.limits;
    const feed = inbox.lineFeed(this.searched);
    if (feed === -1) {
      this.searched = inbox.length;
      if (inbox.length > chunkLineBytes + 1) throw bad("the line before a chunk is too long");
      return false;
    }
    if (feed - 1 > chunkLineBytes) throw bad("the line before a chunk is too long");
    const { buf, start } = inbox;
    if (feed === 0 || buf[start + feed - 1] !== CR)
      throw bad("the line before a chunk does not end with CR LF");
    this.left = this.parseSize(buf, start, start + feed - 1);
    inbox.skip(feed + 1);
    this.searched = 0;
    if (this.left > 0) {
      this.state = Data;
      return true;
    }
    this.state = Trailers;
    this.scanner ??= new FieldScanner(this.limits);
    this.scanner.begin(0);
    return true;
  }

  private parseSize(buf: Buffer, start: number, end: number): number {
    let size = 0;
    let at = start;
    for (; at < end; at++) {
      const digit = hexDigit(buf[at] as number); // It is below the end.
      if (digit === -1) break;
      // 12 digits are more than any body, and exact.
      if (at - start === 12) throw bad("the size of a chunk has more than 12 digits");
      size = size * 16 + digit;
    }
    if (at === start) throw bad("a chunk has no size");
    if (at < end) {
      this.extensionBytes += end - at;
      if (this.extensionBytes > this.limits.extensionBytes) throw bad("the chunks have too many extensions");
      if (!EXTENSIONS.test(buf.toString("latin1", at, end))) throw bad("a chunk's extension is malformed");
    }
    return size;
  }

  private dataEnd(inbox: Inbox): boolean {
    const { buf, start, length } = inbox;
    if (length > 0 && buf[start] !== CR) throw bad("a chunk is longer than it says");
    if (length < 2) return false;
    if (buf[start + 1] !== LF) throw bad("a chunk is longer than it says");
    inbox.skip(2);
    this.state = Size;
    return true;
  }

  private scanTrailers(inbox: Inbox): boolean {
    const scanner = this.scanner as FieldScanner; // Since the last chunk.
    const trailers = scanner.scan(inbox);
    if (trailers === null) return false;
    if (scanner.lengths > 0 || scanner.coding !== null || scanner.hosts > 0) {
      throw new HttpError(400, "HTTP_BAD_TRAILER", "a trailer that belongs into the head");
    }
    inbox.skip(scanner.end);
    this.trailers = trailers;
    this.state = Done;
    return true;
  }
}

const NONE = new Fields();

function hexDigit(octet: number): number {
  if (octet >= 0x30 && octet <= 0x39) return octet - 0x30;
  const folded = octet | 0x20;
  return folded >= 0x61 && folded <= 0x66 ? folded - 0x57 : -1;
}

function bad(message: string): HttpError {
  return new HttpError(400, "HTTP_BAD_CHUNK", message);
}
