import { Buffer } from "node:buffer";
import { Fields } from "./fields.ts";
import { HttpError } from "./http-error.ts";
import type { Inbox } from "./inbox.ts";
import type { ParserLimits } from "./limits.ts";
import { areAll, COLON, CR, KINDS, matches, SPACE, TAB, TOKEN, VALUE } from "./octets.ts";

const HOST = Buffer.from("host");
const EXPECT = Buffer.from("expect");
const UPGRADE = Buffer.from("upgrade");
const CONNECTION = Buffer.from("connection");
const KEEP_ALIVE = Buffer.from("keep-alive");
const CONTENT_LENGTH = Buffer.from("content-length");
const TRANSFER_ENCODING = Buffer.from("transfer-encoding");

/**
 * Checks the field lines of a head, or of trailers, up to the empty line, and notes the fields on which it depends where
 * the message ends.
 *
 * @internal
 */
export class FieldScanner {
  private readonly limits: ParserLimits;
  /** Where the fields begin, … */
  private first: number;
  /** … the line that is not there as a whole, … */
  private line: number;
  /** … and what was not searched for its end; all counted from the start of the inbox. */
  private searched: number;
  private count: number;
  /** Behind the empty line, once that was found. */
  end: number;

  /** The last `Host` of this head or of one before, and how many there are in this one. */
  host: string;
  hosts: number;
  /** All `Transfer-Encoding`s, with commas between. */
  coding: string | null;
  /** The last `Content-Length`, and how many there are. */
  length: string;
  lengths: number;
  connection: string | null;
  keepAlive: string | null;
  upgrade: string | null;
  expect: string | null;

  constructor(limits: ParserLimits) {
    this.limits = limits;
    this.first = 0;
    this.line = 0;
    this.searched = 0;
    this.count = 0;
    this.end = 0;
    this.host = "";
    this.hosts = 0;
    this.coding = null;
    this.length = "";
    this.lengths = 0;
    this.connection = null;
    this.keepAlive = null;
    this.upgrade = null;
    this.expect = null;
  }

  /** Fields begin `at` so many bytes from the start of the inbox. */
  begin(at: number): void {
    this.first = at;
    this.line = at;
    this.searched = at;
    this.count = 0;
    this.end = 0;
    this.hosts = 0;
    this.coding = null;
    this.length = "";
    this.lengths = 0;
    this.connection = null;
    this.keepAlive = null;
    this.upgrade = null;
    this.expect = null;
  }

  /** All fields, once the empty line is there; else `null`. Nothing is taken out. */
  scan(inbox: Inbox): Fields | null {
    const { headBytes, lineBytes } = this.limits;
    for (;;) {
      const feed = inbox.lineFeed(this.searched);
      if (feed === -1) {
        this.searched = inbox.length;
        if (inbox.length - this.line > lineBytes + 1 || inbox.length >= headBytes) throw tooLong();
        return null;
      }
      if (feed - 1 - this.line > lineBytes || feed >= headBytes) throw tooLong();
      const { buf, start } = inbox;
      if (feed === this.line || buf[start + feed - 1] !== CR) {
        throw new HttpError(400, "HTTP_BAD_LINE", "a line does not end with CR LF");
      }
      if (feed === this.line + 1) {
        this.end = feed + 1;
        return new Fields(
          this.count === 0 ? "" : buf.toString("latin1", start + this.first, start + this.line - 2),
        );
      }
      this.field(buf, start + this.line, start + feed - 1);
      this.line = feed + 1;
      this.searched = feed + 1;
    }
  }

  private field(buf: Buffer, start: number, end: number): void {
    if (++this.count > this.limits.fields) throw tooLong();
    let colon = start;
    // A token has no colon, no space and no control character: this refuses a line that continues the one before
    // (obs-fold), and a space before the colon.
    while (colon < end && ((KINDS[buf[colon] as number] as number) & TOKEN) !== 0) colon++; // A table of 256.
    if (colon === start || colon === end || buf[colon] !== COLON) {
      throw new HttpError(400, "HTTP_BAD_FIELD", "a field line is not `name: value`");
    }
    let valueAt = colon + 1;
    while (valueAt < end && isBlank(buf[valueAt])) valueAt++;
    let valueEnd = end;
    while (valueEnd > valueAt && isBlank(buf[valueEnd - 1])) valueEnd--;
    if (valueEnd > valueAt && !areAll(buf, valueAt, valueEnd, VALUE)) {
      throw new HttpError(400, "HTTP_BAD_FIELD", "a control character in the value of a field");
    }
    this.note(buf, start, colon - start, valueAt, valueEnd);
  }

  private note(buf: Buffer, at: number, size: number, valueAt: number, valueEnd: number): void {
    switch (size) {
      case 4:
        if (!matches(buf, at, HOST)) return;
        this.hosts++;
        // It is the same in all requests of most connections.
        if (!isText(this.host, buf, valueAt, valueEnd)) this.host = buf.toString("latin1", valueAt, valueEnd);
        return;
      case 6:
        if (matches(buf, at, EXPECT)) this.expect = joined(this.expect, buf, valueAt, valueEnd);
        return;
      case 7:
        if (matches(buf, at, UPGRADE)) this.upgrade = joined(this.upgrade, buf, valueAt, valueEnd);
        return;
      case 10:
        if (matches(buf, at, CONNECTION)) this.connection = joined(this.connection, buf, valueAt, valueEnd);
        else if (matches(buf, at, KEEP_ALIVE))
          this.keepAlive = joined(this.keepAlive, buf, valueAt, valueEnd);
        return;
      case 14:
        if (!matches(buf, at, CONTENT_LENGTH)) return;
        this.lengths++;
        this.length = buf.toString("latin1", valueAt, valueEnd);
        return;
      case 17:
        if (matches(buf, at, TRANSFER_ENCODING)) this.coding = joined(this.coding, buf, valueAt, valueEnd);
        return;
    }
  }
}

function joined(before: string | null, buf: Buffer, start: number, end: number): string {
  const value = buf.toString("latin1", start, end);
  return before === null ? value : `${before}, ${value}`;
}

function isText(text: string, buf: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = start; at < end; at++) if (buf[at] !== text.charCodeAt(at - start)) return false;
  return true;
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
}

function tooLong(): HttpError {
  return new HttpError(431, "HTTP_HEAD_TOO_LONG", "the fields are too long, or too many");
}
