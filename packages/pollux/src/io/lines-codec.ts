import type { ByteQueue } from "./byte-queue.ts";
import type { Codec } from "./codec.ts";
import { DelimitedDecoder } from "./delimited-decoder.ts";
import { FRAME_LIMIT, type LimitOptions, limitOf } from "./limit.ts";
import { decodeUtf8, encodeUtf8, isFatal, type TextOptions } from "./utf8.ts";

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

class LinesCodec extends DelimitedDecoder<string> implements Codec<string> {
  private readonly fatal: boolean;

  constructor(limit: number, fatal: boolean) {
    super(limit, "the line");
    this.fatal = fatal;
  }

  protected override find(queue: ByteQueue, from: number): number {
    return queue.indexOf(NEWLINE, from);
  }

  protected override frame(bytes: Uint8Array): string {
    return decodeUtf8(withoutReturn(bytes), this.fatal, "the line");
  }

  protected override last(bytes: Uint8Array): string {
    return decodeUtf8(bytes, this.fatal, "the line");
  }

  /** The end of a line that has no "\n" any more is none. */
  protected override isLast(bytes: Uint8Array): boolean {
    return bytes.length > 1 || bytes[0] !== CARRIAGE_RETURN;
  }

  encode(line: string, queue: ByteQueue): void {
    if (typeof line !== "string") throw new TypeError(`a line must be a string, not ${typeof line}`);
    queue.append(encodeUtf8(`${line}\n`));
  }
}

function withoutReturn(bytes: Uint8Array): Uint8Array {
  return bytes[bytes.length - 1] === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
}

/**
 * Lines of text: each ends with `"\n"` or `"\r\n"` where it is read, the last one also without, and with `"\n"` where it
 * is written.
 *
 * A line of more than `maxLength` bytes, 8 MiB unless said otherwise, is a `TooLongError`, and is left out; one that is no
 * UTF-8 an `InvalidDataError`. The lines behind it follow. A codec belongs to one stream.
 *
 * @throws TypeError, RangeError for options that make no sense
 *
 * @example
 * ```ts
 * const text = new TextEncoder().encode("one\nfar too long\ntwo\n");
 * const lines = new FramedRead(new Cursor(text), linesCodec({ maxLength: 5 }));
 * console.log(yield* lines.next()); // "one"
 * console.log(yield* catchError(lines.next(), (error) => (error as Error).name)); // "TooLongError"
 * console.log(yield* lines.next()); // "two"
 * ```
 */
export function linesCodec(options?: LimitOptions & TextOptions): Codec<string> {
  return new LinesCodec(limitOf(options, FRAME_LIMIT), isFatal(options));
}
