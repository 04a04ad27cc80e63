import { Pending, type Poll } from "../core/poll.ts";
import type { ByteQueue } from "./byte-queue.ts";
import type { Codec } from "./codec.ts";
import { FRAME_LIMIT, type LimitOptions, limitOf } from "./limit.ts";
import { LineDecoder } from "./line-decoder.ts";
import { encodeUtf8, isFatal, type TextOptions } from "./utf8.ts";

const CARRIAGE_RETURN = 13;

class LinesCodec extends LineDecoder implements Codec<string> {
  override decodeEnd(queue: ByteQueue): Poll<string> {
    const line = this.decode(queue);
    if (line !== Pending) return line;
    // The end of a line that has no "\n" any more is none.
    return queue.length === 1 && queue.at(0) === CARRIAGE_RETURN ? Pending : super.decodeEnd(queue);
  }

  encode(line: string, queue: ByteQueue): void {
    if (typeof line !== "string") throw new TypeError(`a line must be a string, not ${typeof line}`);
    queue.append(encodeUtf8(`${line}\n`));
  }
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
