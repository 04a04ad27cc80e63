import { co, type TcpStream } from "pollux";

// As much of HTTP/1.1 (RFC 9110 and 9112) as the client of the delay server needs, and no more; but strict, so that both
// ends of a connection always agree on where a message ends.

/** Bytes that a head may have, from the start line to the empty line. */
export const HEAD_LIMIT = 16_384;

/** A response that makes no sense. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The head of a message: its first line and its fields. */
export interface Head {
  /** The words of the first line: method, target and version, or version, status and reason. */
  start: [string, string, string];
  /** Lower-case names; the values of a field that was sent several times, in order. */
  fields: ReadonlyMap<string, readonly string[]>;
}

export interface Response {
  status: number;
  body: string;
  /** Whether the server takes a further request on this connection. */
  keepAlive: boolean;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DELETE = 0x7f;

/** The read side of a connection, with the bytes that have arrived and belong to no message yet. */
export class MessageReader {
  readonly stream: TcpStream;
  private readonly buf = Buffer.alloc(HEAD_LIMIT);
  /** What is unread of `buf` begins here … */
  private start = 0;
  /** … has been searched up to here, with nothing wrong in it and no end of a head … */
  private searched = 0;
  /** … and ends here. */
  private end = 0;

  constructor(stream: TcpStream) {
    this.stream = stream;
  }

  /** Reads more; gives `false` at the end of the stream. Cancelled, it has read nothing. */
  readonly fill = co(function* fill(this: MessageReader) {
    if (this.start > 0) {
      this.buf.copyWithin(0, this.start, this.end);
      this.searched -= this.start;
      this.end -= this.start;
      this.start = 0;
    }
    const size = yield* this.stream.read(this.buf.subarray(this.end));
    this.end += size;
    return size > 0;
  });

  /** Whether bytes have arrived that belong to the next message. */
  get hasBegun(): boolean {
    return this.end > this.start;
  }

  get isFull(): boolean {
    return this.end - this.start === HEAD_LIMIT;
  }

  /**
   * Takes a head out, as text without the empty line, once it is there as a whole. Every line ends with CR and LF, and
   * no other control characters are in it: what is wrong shows at once, and not only when a head never ends.
   */
  takeHead(): string | undefined {
    for (; this.searched < this.end; this.searched++) {
      const byte = this.buf[this.searched] as number; // It is below `end`.
      // A line ends with CR LF, and neither is anywhere else.
      if (this.isAfterCr !== (byte === LF)) throw new HttpError(400, "a line that does not end with CR LF");
      if (byte === CR || byte === TAB || (byte >= SPACE && byte !== DELETE)) continue;
      if (byte !== LF) throw new HttpError(400, "a control character in the head");
      // Before a request, empty lines are to be ignored (RFC 9112, 2.2).
      if (this.searched === this.start + 1) this.start += 2;
      else if (this.buf[this.searched - 2] === LF) {
        const head = this.buf.toString("latin1", this.start, this.searched - 3);
        this.start = this.searched + 1;
        this.searched = this.start;
        return head;
      }
    }
    return undefined;
  }

  private get isAfterCr(): boolean {
    return this.searched > this.start && this.buf[this.searched - 1] === CR;
  }

  /** Takes out at most `limit` bytes that are there. */
  takeBytes(limit: number): Buffer {
    const size = Math.min(limit, this.end - this.start);
    const bytes = Buffer.from(this.buf.subarray(this.start, this.start + size));
    this.start += size;
    this.searched = this.start;
    return bytes;
  }
}

/** Reads the next head; `undefined` if the peer has ended its side before a first byte of it. */
export const readHead = co(function* readHead(from: MessageReader) {
  for (;;) {
    const head = from.takeHead();
    if (head !== undefined) return parseHead(head);
    if (from.isFull) throw new HttpError(431, `the head is longer than ${HEAD_LIMIT} bytes`);
    if (yield* from.fill()) continue;
    if (!from.hasBegun) return undefined;
    throw new HttpError(400, "the connection ended within a head");
  }
});

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function parseHead(text: string): Head {
  const [first = "", ...lines] = text.split("\r\n");
  const words = first.split(" ");
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    // This also refuses what once continued the line before (obs-fold), and a space before the colon.
    if (!TOKEN.test(name)) throw new HttpError(400, "a header line is not `name: value`");
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, "");
    const values = fields.get(name);
    if (values === undefined) fields.set(name, [value]);
    else values.push(value);
  }
  return { start: [words[0] ?? "", words[1] ?? "", words.slice(2).join(" ")], fields };
}

/** Whether the `Connection` fields have an option. */
function hasOption({ fields }: Head, option: string): boolean {
  return (fields.get("connection") ?? []).some((value) =>
    value.split(",").some((item) => item.trim().toLowerCase() === option),
  );
}

function parseLength(lengths: readonly string[] = ["0"]): number {
  const [length = ""] = lengths;
  if (lengths.length > 1 || !/^\d{1,15}$/.test(length))
    throw new HttpError(400, "the Content-Length is no length");
  return Number(length);
}

/** The bytes of a request. */
export function encodeRequest(host: string, target: string, keepAlive: boolean): Uint8Array {
  const connection = keepAlive ? "keep-alive" : "close";
  return Buffer.from(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: ${connection}\r\n\r\n`);
}

/** Reads a response with a `Content-Length`. */
export const readResponse = co(function* readResponse(from: MessageReader) {
  const head = yield* readHead(from);
  if (head === undefined) throw new HttpError(502, "the server has closed the connection and not answered");
  const [version, status] = head.start;
  if (version !== "HTTP/1.1" || !/^\d{3}$/.test(status))
    throw new HttpError(502, "the answer is not HTTP/1.1");
  const pieces: Buffer[] = [];
  for (let left = parseLength(head.fields.get("content-length")); left > 0; ) {
    const piece = from.takeBytes(left);
    pieces.push(piece);
    left -= piece.length;
    if (left > 0 && !(yield* from.fill())) throw new HttpError(502, "the answer ends in the middle");
  }
  const response: Response = {
    status: Number(status),
    body: Buffer.concat(pieces).toString(),
    keepAlive: !hasOption(head, "close"),
  };
  return response;
});
