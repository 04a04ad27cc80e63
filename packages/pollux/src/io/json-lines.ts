import { InvalidDataError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import type { ByteQueue } from "./byte-queue.ts";
import type { Codec } from "./codec.ts";
import type { LimitOptions } from "./limit.ts";
import { linesCodec } from "./lines-codec.ts";

/**
 * Values as JSON, one a line. Lines of nothing but white space are left out.
 *
 * A line that is no JSON or no UTF-8 is an `InvalidDataError`, one of more than `maxLength` bytes, 8 MiB unless said
 * otherwise, a `TooLongError`. The lines behind it follow. A value that JSON has no form for, such as `undefined` or a
 * function, is a `TypeError` where it is written. A codec belongs to one stream.
 *
 * @throws TypeError, RangeError for options that make no sense
 *
 * @example
 * ```ts
 * const text = new TextEncoder().encode('{"n":1}\n\n[2]\n');
 * const values = new FramedRead(new Cursor(text), jsonLines());
 * for (let value; (value = yield* values.next()) !== End; ) console.log(value); // { n: 1 }, then [2]
 * ```
 */
export function jsonLines(options?: LimitOptions): Codec<unknown> {
  const lines = linesCodec(options === undefined ? {} : { ...options, fatal: true });
  const parsed = (queue: ByteQueue, atEnd: boolean): unknown => {
    for (;;) {
      const line = atEnd ? lines.decodeEnd?.(queue) : lines.decode(queue);
      if (line === Pending || line === undefined) return Pending;
      if (line.trim() !== "") return parse(line);
    }
  };
  return {
    decode: (queue) => parsed(queue, false),
    decodeEnd: (queue) => parsed(queue, true),
    encode: (value, queue) => {
      const line: string | undefined = JSON.stringify(value);
      if (line === undefined) throw new TypeError(`JSON has no form for a value of type ${typeof value}`);
      lines.encode(line, queue);
    },
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new InvalidDataError("the line is not valid JSON", { cause: error });
  }
}
