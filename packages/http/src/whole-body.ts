import { Buffer } from "node:buffer";
import { type Context, Future, Pending, type Poll, PollAfterCompletionError } from "pollux";
import { Inbox } from "./inbox.ts";

/** Who has a body to be read as a whole. @internal */
export interface BodySource {
  /** The whole body, if it is there already, in memory that is good for the call only; else `null`. */
  takeWhole(cx: Context): Uint8Array | null;
  pollRead(cx: Context, buf: Uint8Array): Poll<number>;
  cancelRead(): void;
}

/** Into which all bodies of a thread are read, piece by piece. */
const scratch = Buffer.allocUnsafeSlow(65_536);

/**
 * Reads a body to its end.
 *
 * @internal
 */
export class WholeBody<T> extends Future<T> {
  private source: BodySource | null;
  private readonly make: (bytes: Uint8Array) => T;
  private pieces: Inbox | null;

  /** @param make - makes of the bytes, which are good for the call only, what is asked for */
  constructor(source: BodySource, make: (bytes: Uint8Array) => T) {
    super();
    this.source = source;
    this.make = make;
    this.pieces = null;
  }

  override poll(cx: Context): Poll<T> {
    const { source } = this;
    if (source === null) throw new PollAfterCompletionError("a body that is read to its end");
    try {
      if (this.pieces === null) {
        const whole = source.takeWhole(cx);
        if (whole !== null) {
          this.source = null;
          return this.make(whole);
        }
        this.pieces = new Inbox();
      }
      const { pieces } = this;
      for (;;) {
        const size = source.pollRead(cx, scratch);
        if (size === Pending) return Pending;
        if (size === 0) break;
        pieces.push(scratch, size);
      }
      this.source = null;
      return this.make(pieces.buf.subarray(pieces.start, pieces.end));
    } catch (error) {
      this.source = null;
      throw error;
    }
  }

  override cancel(): void {
    this.source?.cancelRead();
    this.source = null;
    this.pieces = null;
  }
}

/** A copy of its own. @internal */
export function bytesOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** UTF-8, without a byte order mark; what is malformed becomes U+FFFD. @internal */
export function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
