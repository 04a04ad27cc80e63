import type { Buffer } from "node:buffer";
import { FieldScanner } from "./field-scanner.ts";
import type { Fields } from "./fields.ts";
import { CHUNKED, type RequestHead, type ResponseHead, UNTIL_CLOSE } from "./head.ts";
import { checkTarget, isHost } from "./host.ts";
import { HttpError } from "./http-error.ts";
import type { Inbox } from "./inbox.ts";
import { DEFAULT_LIMITS, type ParserLimits } from "./limits.ts";
import { areAll, CR, SPACE, TARGET, TOKEN, VALUE } from "./octets.ts";

/**
 * Reads the heads of messages, strictly (RFC 9110 and 9112), from bytes that come in any pieces. One line after the other
 * is checked as it is there, so that where a piece ends makes no difference.
 *
 * One parser serves one connection: each message is read from its start once the one before has been.
 *
 * @example
 * ```ts
 * const inbox = new Inbox();
 * const parser = new HeadParser();
 * inbox.push(Buffer.from("GET /a HTTP/1.1\r\nHo"));
 * console.log(parser.request(inbox)); // null
 * inbox.push(Buffer.from("st: example.com\r\n\r\n"));
 * const head = parser.request(inbox);
 * console.log(head?.target, head?.host); // /a example.com
 * ```
 */
export class HeadParser {
  private readonly limits: ParserLimits;
  private readonly fields: FieldScanner;
  /** Where the fields begin, counted from the start of the head; 0 while its first line is not there. */
  private fieldsAt: number;
  /** What has been searched for the end of the first line. */
  private searched: number;
  private skippedEmptyLine: boolean;
  private method: string;
  private target: string;
  private minor: number;
  private status: number;
  private reason: string;
  /** The last host that was found right: it is the same in all requests of most connections. */
  private knownHost: string | null;

  constructor(limits: ParserLimits = DEFAULT_LIMITS) {
    this.limits = limits;
    this.fields = new FieldScanner(limits);
    this.fieldsAt = 0;
    this.searched = 0;
    this.skippedEmptyLine = false;
    this.method = "";
    this.target = "";
    this.minor = 0;
    this.status = 0;
    this.reason = "";
    this.knownHost = null;
  }

  /** Whether a part of a head has been read. */
  get hasBegun(): boolean {
    return this.fieldsAt > 0 || this.searched > 0;
  }

  /**
   * Takes the head of a request out, once it is there as a whole; else `null`.
   *
   * @throws HttpError for a request that is to be refused: the connection is of no further use
   */
  request(inbox: Inbox): RequestHead | null {
    if (this.fieldsAt === 0 && !this.requestLine(inbox)) return null;
    const fields = this.fields.scan(inbox);
    if (fields === null) return null;
    const head = this.requestHead(fields);
    this.taken(inbox);
    return head;
  }

  /**
   * As {@link request}, for the response to a request with this method, which says whether there is a body.
   *
   * @throws HttpError with status 502
   */
  response(inbox: Inbox, method = "GET"): ResponseHead | null {
    try {
      if (this.fieldsAt === 0 && !this.statusLine(inbox)) return null;
      const fields = this.fields.scan(inbox);
      if (fields === null) return null;
      const head = this.responseHead(fields, method);
      this.taken(inbox);
      return head;
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      throw new HttpError(502, error.code, error.message);
    }
  }

  private taken(inbox: Inbox): void {
    inbox.skip(this.fields.end);
    this.fieldsAt = 0;
    this.searched = 0;
    this.skippedEmptyLine = false;
  }

  /** The length of the first line with its end, once it is there; else 0. */
  private firstLine(inbox: Inbox): number {
    const { headBytes, lineBytes } = this.limits;
    const feed = inbox.lineFeed(this.searched);
    if (feed === -1) {
      this.searched = inbox.length;
      if (inbox.length > lineBytes + 1 || inbox.length >= headBytes) throw tooLong();
      return 0;
    }
    if (feed - 1 > lineBytes || feed >= headBytes) throw tooLong();
    if (feed === 0 || inbox.buf[inbox.start + feed - 1] !== CR) {
      throw new HttpError(400, "HTTP_BAD_LINE", "a line does not end with CR LF");
    }
    return feed + 1;
  }

  private requestLine(inbox: Inbox): boolean {
    let size = this.firstLine(inbox);
    if (size === 2) {
      // Before a request, one empty line is to be ignored (RFC 9112, 2.2); more have no good reason.
      if (this.skippedEmptyLine) throw new HttpError(400, "HTTP_BAD_LINE", "empty lines before the request");
      this.skippedEmptyLine = true;
      inbox.skip(2);
      this.searched = 0;
      size = this.firstLine(inbox);
      if (size === 2) throw new HttpError(400, "HTTP_BAD_LINE", "empty lines before the request");
    }
    if (size === 0) return false;
    const { buf, start } = inbox;
    const end = start + size - 2;
    const afterMethod = buf.indexOf(SPACE, start);
    if (afterMethod === -1 || afterMethod >= end || !areAll(buf, start, afterMethod, TOKEN)) {
      throw new HttpError(400, "HTTP_BAD_METHOD", "the request does not begin with a method and a space");
    }
    const targetAt = afterMethod + 1;
    const afterTarget = end - 9;
    // The version has eight octets: what is before it, and the space, is the target.
    if (afterTarget < targetAt || buf[afterTarget] !== SPACE) throw badVersion();
    if (!areAll(buf, targetAt, afterTarget, TARGET)) {
      throw new HttpError(400, "HTTP_BAD_TARGET", "the target of the request has no such characters");
    }
    this.minor = versionAt(buf, afterTarget + 1);
    this.method = isGet(buf, start) ? "GET" : buf.toString("latin1", start, afterMethod);
    this.target = buf.toString("latin1", targetAt, afterTarget);
    this.fieldsAt = size;
    this.fields.begin(size);
    return true;
  }

  private statusLine(inbox: Inbox): boolean {
    const size = this.firstLine(inbox);
    if (size === 0) return false;
    const { buf, start } = inbox;
    const end = start + size - 2;
    if (end - start < 12 || buf[start + 8] !== SPACE) throw badVersion();
    this.minor = versionAt(buf, start);
    const status = statusAt(buf, start + 9);
    // The space after it is there also if the reason is empty.
    if (status < 100 || status > 599 || buf[start + 12] !== SPACE) {
      throw new HttpError(502, "HTTP_BAD_STATUS", "the status is no number from 100 to 599 and a space");
    }
    if (start + 13 < end && !areAll(buf, start + 13, end, VALUE)) {
      throw new HttpError(502, "HTTP_BAD_STATUS", "a control character in the reason");
    }
    this.status = status;
    this.reason = isOk(buf, start + 13, end) ? "OK" : buf.toString("latin1", start + 13, end);
    this.fieldsAt = size;
    this.fields.begin(size);
    return true;
  }

  private requestHead(fields: Fields): RequestHead {
    const { method, target, minor } = this;
    const { host, hosts, coding, lengths, expect } = this.fields;
    if (hosts > 1 || (hosts === 0 && minor > 0)) throw badHost("exactly one Host field is needed");
    if (hosts === 1 && host !== this.knownHost) {
      if (!isHost(host)) throw badHost("the Host field is no host");
      this.knownHost = host;
    }
    checkTarget(method, target, hosts === 1 ? host : null);
    let bodyLength = 0;
    if (coding !== null) {
      // A message with both, or an old one with a coding, is how requests are smuggled past a proxy.
      if (lengths > 0) throw badCoding("a request with both Transfer-Encoding and Content-Length");
      if (minor === 0) throw badCoding("HTTP/1.0 has no Transfer-Encoding");
      checkCoding(coding);
      bodyLength = CHUNKED;
    } else if (lengths > 0) {
      bodyLength = this.contentLength();
    }
    let expectsContinue = false;
    if (expect !== null && minor > 0) {
      if (expect.toLowerCase() !== "100-continue") {
        throw new HttpError(
          417,
          "HTTP_UNKNOWN_EXPECTATION",
          "the only expectation that is known is 100-continue",
        );
      }
      expectsContinue = bodyLength !== 0;
    }
    return {
      method,
      target,
      minor,
      fields,
      keepAlive: this.keepsAlive(),
      bodyLength,
      upgrade: minor > 0 ? this.upgrade() : null,
      host: hosts === 1 ? host : null,
      expectsContinue,
    };
  }

  private responseHead(fields: Fields, method: string): ResponseHead {
    const { status, reason, minor } = this;
    const { coding, lengths, keepAlive } = this.fields;
    let bodyLength = UNTIL_CLOSE;
    if (coding !== null) {
      if (lengths > 0) throw badCoding("a response with both Transfer-Encoding and Content-Length");
      if (minor === 0) throw badCoding("HTTP/1.0 has no Transfer-Encoding");
      checkCoding(coding);
      bodyLength = CHUNKED;
    } else if (lengths > 0) {
      bodyLength = this.contentLength();
    }
    const isTunnel = method === "CONNECT" && status >= 200 && status < 300;
    if (method === "HEAD" || status < 200 || status === 204 || status === 304 || isTunnel) bodyLength = 0;
    return {
      status,
      reason,
      minor,
      fields,
      keepAlive: bodyLength !== UNTIL_CLOSE && this.keepsAlive(),
      bodyLength,
      upgrade: status === 101 ? this.upgrade() : null,
      keepAliveHint: keepAlive,
    };
  }

  private contentLength(): number {
    const { length, lengths } = this.fields;
    // Twice the same is allowed to be taken for one, and is refused: nobody has a reason to send it.
    if (lengths > 1 || !/^\d{1,15}$/.test(length)) {
      throw new HttpError(400, "HTTP_BAD_LENGTH", "exactly one Content-Length is needed, of up to 15 digits");
    }
    return Number(length);
  }

  private keepsAlive(): boolean {
    const { connection } = this.fields;
    if (connection === null) return this.minor > 0;
    return !hasOption(connection, "close") && (this.minor > 0 || hasOption(connection, "keep-alive"));
  }

  private upgrade(): string | null {
    const { connection, upgrade } = this.fields;
    return upgrade !== null && connection !== null && hasOption(connection, "upgrade") ? upgrade : null;
  }
}

/** Whether a list has an element, in any case. */
function hasOption(list: string, option: string): boolean {
  return list.split(",").some((item) => item.trim().toLowerCase() === option);
}

function isGet(buf: Buffer, at: number): boolean {
  return buf[at] === 0x47 && buf[at + 1] === 0x45 && buf[at + 2] === 0x54 && buf[at + 3] === SPACE;
}

/** The minor version; only HTTP/1 is known. */
function versionAt(buf: Buffer, at: number): number {
  const major = (buf[at + 5] as number) - 0x30; // The caller has seen eight octets.
  const minor = (buf[at + 7] as number) - 0x30;
  // `HTTP/1.1`, octet by octet: a call for eight of them takes longer.
  const isVersion =
    buf[at] === 0x48 &&
    buf[at + 1] === 0x54 &&
    buf[at + 2] === 0x54 &&
    buf[at + 3] === 0x50 &&
    buf[at + 4] === 0x2f &&
    buf[at + 6] === 0x2e;
  if (!isVersion || !isDigit(major) || !isDigit(minor)) {
    throw badVersion();
  }
  if (major !== 1) {
    throw new HttpError(505, "HTTP_VERSION_NOT_SUPPORTED", "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  return minor;
}

/** The number that three digits make; -1 if they are none. */
function statusAt(buf: Buffer, at: number): number {
  let status = 0;
  for (let next = at; next < at + 3; next++) {
    const digit = (buf[next] as number) - 0x30; // The caller has seen so many octets.
    if (!isDigit(digit)) return -1;
    status = status * 10 + digit;
  }
  return status;
}

function isOk(buf: Buffer, start: number, end: number): boolean {
  return end - start === 2 && buf[start] === 0x4f && buf[start + 1] === 0x4b;
}

function isDigit(value: number): boolean {
  return value >= 0 && value <= 9;
}

function checkCoding(coding: string): void {
  if (coding.toLowerCase() === "chunked") return;
  const codings = coding.split(",").map((item) => item.trim().toLowerCase());
  const isFramed = codings.at(-1) === "chunked" && codings.indexOf("chunked") === codings.length - 1;
  if (isFramed && codings.every((item) => /^[\w!#$%&'*+\-.^`|~]+$/.test(item))) {
    throw new HttpError(501, "HTTP_UNKNOWN_CODING", "the only transfer coding that is known is chunked");
  }
  throw badCoding("the last transfer coding, and no other, must be chunked");
}

function badCoding(message: string): HttpError {
  return new HttpError(400, "HTTP_BAD_CODING", message);
}

function badHost(message: string): HttpError {
  return new HttpError(400, "HTTP_BAD_HOST", message);
}

function badVersion(message = "the first line does not end with a version of HTTP"): HttpError {
  return new HttpError(400, "HTTP_BAD_VERSION", message);
}

function tooLong(): HttpError {
  return new HttpError(414, "HTTP_TARGET_TOO_LONG", "the first line is too long");
}
