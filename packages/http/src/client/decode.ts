import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import { type Context, type Duplex, duplexFromNode, Pending, type Poll, Reader } from "pollux";
import { HttpError } from "../http-error.ts";

/** More codings on top of each other have no use but to make much of little. */
const MOST_CODINGS = 4;

type Coding = "gzip" | "deflate" | "br";

/**
 * The bytes of a body without its content codings (RFC 9110, 8.4). A body with one that is not known is left as it is: its
 * reader sees that from the `Content-Encoding` field.
 *
 * @param codings - as the field has them, in the order in which they were applied
 * @internal
 */
export function decoded(body: Reader, codings: string): Reader {
  if (codings === "") return body;
  const known: Coding[] = [];
  for (const item of codings.split(",")) {
    const name = item.trim().toLowerCase();
    if (name === "identity" || name === "") continue;
    const coding = codingOf(name);
    if (coding === null) return body;
    known.push(coding);
  }
  if (known.length > MOST_CODINGS) return new Refusing(body, known.length);
  let reader = body;
  for (const coding of known.reverse()) reader = new DecodingReader(reader, coding);
  return reader;
}

function codingOf(name: string): Coding | null {
  if (name === "x-gzip") return "gzip";
  return name === "gzip" || name === "deflate" || name === "br" ? name : null;
}

function broken(message: string, cause?: unknown): HttpError {
  return new HttpError(502, "HTTP_BAD_ENCODING", message, { cause });
}

/** How much is read of what is compressed at a time. */
const PIECE = 16_384;

/**
 * Takes one coding off. However much comes of few bytes, only what is read of it is made: the decoder holds two buffers of
 * 16 KiB, and takes in no more while these are full.
 */
class DecodingReader extends Reader {
  private readonly inner: Reader;
  private readonly coding: Coding;
  private readonly buf: Uint8Array;
  /** What the decoder has not taken. */
  private rest: Uint8Array;
  /** Made when the first byte is there, which says of what kind `deflate` is; none for a body without a byte. */
  private decoder: Duplex | null;
  private innerEnded: boolean;
  private ended: boolean;

  constructor(inner: Reader, coding: Coding) {
    super();
    this.inner = inner;
    this.coding = coding;
    this.buf = new Uint8Array(PIECE);
    this.rest = NOTHING;
    this.decoder = null;
    this.innerEnded = false;
    this.ended = false;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    for (;;) {
      if (this.ended) return this.pollRest(cx);
      const { decoder } = this;
      if (decoder !== null) {
        const size = this.pollDecoder(cx, decoder, buf);
        if (size !== Pending) {
          if (size > 0) return size;
          this.ended = true;
          continue;
        }
        if (this.pollFeed(cx, decoder) === Pending) return Pending;
      }
      if (this.pollInner(cx) === Pending) return Pending;
    }
  }

  /** Reads over what stands behind the end of what is compressed, up to the end of the body. */
  private pollRest(cx: Context): Poll<number> {
    for (;;) {
      if (this.innerEnded) return 0;
      const size = this.inner.pollRead(cx, this.buf);
      if (size === Pending) return Pending;
      if (size === 0) this.innerEnded = true;
    }
  }

  private pollDecoder(cx: Context, decoder: Duplex, buf: Uint8Array): Poll<number> {
    try {
      return decoder.pollRead(cx, buf);
    } catch (error) {
      throw this.fail(error);
    }
  }

  /** Has the decoder take what is there. `Pending` while it is at work, or at the end. */
  private pollFeed(cx: Context, decoder: Duplex): Poll<void> {
    try {
      while (this.rest.length > 0) {
        const size = decoder.pollWrite(cx, this.rest);
        if (size === Pending) return Pending;
        this.rest = this.rest.subarray(size);
      }
      if (!this.innerEnded) return undefined;
      decoder.pollShutdown(cx);
      return Pending;
    } catch (error) {
      throw this.fail(error);
    }
  }

  private pollInner(cx: Context): Poll<void> {
    const size = this.inner.pollRead(cx, this.buf);
    if (size === Pending) return Pending;
    if (size === 0) {
      this.innerEnded = true;
      if (this.decoder === null) this.ended = true;
      return undefined;
    }
    this.rest = this.buf.subarray(0, size);
    this.decoder ??= duplexFromNode(decoderOf(this.coding, this.rest[0] ?? 0));
    return undefined;
  }

  private fail(error: unknown): HttpError {
    this.close();
    return broken(`the body is not ${this.coding}, as it says`, error);
  }

  override cancelRead(): void {
    this.inner.cancelRead();
    this.decoder?.cancelRead();
    this.decoder?.cancelWrite();
  }

  override close(): void {
    this.inner.close();
    this.decoder?.close();
  }
}

/** `deflate` is the format of zlib, and some send it without the frame: the first byte tells. */
function decoderOf(coding: Coding, first: number): ReturnType<typeof createGunzip> {
  if (coding === "gzip") return createGunzip();
  if (coding === "br") return createBrotliDecompress();
  return (first & 0x0f) === 0x08 ? createInflate() : createInflateRaw();
}

class Refusing extends Reader {
  private readonly inner: Reader;
  private readonly count: number;

  constructor(inner: Reader, count: number) {
    super();
    this.inner = inner;
    this.count = count;
  }

  override pollRead(): Poll<number> {
    this.close();
    throw broken(`the body has ${this.count} content codings, and ${MOST_CODINGS} are the most`);
  }

  override cancelRead(): void {
    this.inner.cancelRead();
  }

  override close(): void {
    this.inner.close();
  }
}

const NOTHING = new Uint8Array(0);
