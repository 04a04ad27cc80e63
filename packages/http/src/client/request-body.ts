import { Buffer } from "node:buffer";
import {
  type Context,
  End,
  Pending,
  type Poll,
  Reader,
  type RuntimeHandle,
  readerFromWeb,
  Stream,
  type StreamInput,
} from "pollux";

/** Bytes, or text, which is sent as UTF-8. */
export type BodyChunk = string | Uint8Array | ArrayBuffer | ArrayBufferView;

/**
 * What the body of a request is made of. What is whole is sent with its length; what comes in pieces, in chunks, unless a
 * `Content-Length` is given. A function is called for each attempt, so that it can be sent again.
 */
export type RequestBody =
  | BodyChunk
  | Blob
  | Reader
  | ReadableStream<Uint8Array>
  | StreamInput<BodyChunk>
  | (() => Blob | Reader | ReadableStream<Uint8Array> | StreamInput<BodyChunk>);

/** A body that is ready to be sent. */
export interface SendableBody {
  /** All of it; `null` if it comes in pieces. */
  readonly whole: string | Uint8Array | null;
  /** Bytes; `null` if nobody knows. */
  readonly length: number | null;
  /** Whether it can be sent again: `open` gives it anew. */
  readonly isReplayable: boolean;
  open(): Reader;
}

/** @throws TypeError for what is no body */
export function sendable(body: RequestBody): SendableBody {
  if (typeof body === "string") return new Whole(body, Buffer.byteLength(body));
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    const bytes = viewOf(body);
    return new Whole(bytes, bytes.length);
  }
  if (body instanceof Blob) return new Pieces(() => readerFromWeb(body.stream()), body.size, true);
  if (typeof body === "function") return new Pieces(() => openPieces(body()), null, true);
  if (body instanceof URLSearchParams || body instanceof FormData) {
    throw new TypeError(
      "a form is sent by client.fetch(url, { method, body: form }), which knows its content type",
    );
  }
  const reader = openPieces(body);
  return new Pieces(() => reader, null, false);
}

function openPieces(body: Exclude<RequestBody, BodyChunk | (() => unknown)>): Reader {
  if (body instanceof Reader) return body;
  if (body instanceof Blob) return readerFromWeb(body.stream());
  if (body instanceof ReadableStream) return readerFromWeb(body);
  if (typeof body !== "object" || body === null)
    throw new TypeError(`the body of a request cannot be made of ${body === null ? "null" : typeof body}`);
  return new ChunkReader(Stream.from(body));
}

function viewOf(bytes: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @throws TypeError for what is neither bytes nor text */
function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === "string") return Buffer.from(chunk);
  if (chunk instanceof ArrayBuffer || ArrayBuffer.isView(chunk)) return viewOf(chunk);
  throw new TypeError(`a chunk of a request's body is bytes or text, not ${typeof chunk}`);
}

class Whole implements SendableBody {
  readonly whole: string | Uint8Array;
  readonly length: number;
  readonly isReplayable: boolean;

  constructor(whole: string | Uint8Array, length: number) {
    this.whole = whole;
    this.length = length;
    this.isReplayable = true;
  }

  open(): Reader {
    return new ChunkReader(Stream.from([this.whole]));
  }
}

class Pieces implements SendableBody {
  readonly whole: null;
  readonly length: number | null;
  readonly isReplayable: boolean;
  readonly open: () => Reader;

  constructor(open: () => Reader, length: number | null, isReplayable: boolean) {
    this.whole = null;
    this.length = length;
    this.isReplayable = isReplayable;
    this.open = open;
  }
}

/** The bytes of a stream of chunks. */
class ChunkReader extends Reader {
  private readonly source: Stream<BodyChunk>;
  private runtime: RuntimeHandle | null;
  private rest: Uint8Array;
  private isOver: boolean;

  constructor(source: Stream<BodyChunk>) {
    super();
    this.source = source;
    this.runtime = null;
    this.rest = NOTHING;
    this.isOver = false;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    this.runtime = cx.runtime;
    while (this.rest.length === 0) {
      if (this.isOver) return 0;
      const chunk = this.source.pollNext(cx);
      if (chunk === Pending) return Pending;
      if (chunk === End) {
        this.isOver = true;
        return 0;
      }
      this.rest = bytesOf(chunk);
    }
    const size = Math.min(buf.length, this.rest.length);
    buf.set(this.rest.subarray(0, size));
    this.rest = this.rest.subarray(size);
    return size;
  }

  override cancelRead(): void {
    this.source.cancelNext();
  }

  override close(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.rest = NOTHING;
    this.source.cancelNext();
    const closed = this.source.close();
    // A task of its own waits for what it does to clean up, and reports what fails there.
    if (this.runtime === null) void closed.then();
    else this.runtime.spawn(closed);
  }
}

const NOTHING = new Uint8Array(0);
