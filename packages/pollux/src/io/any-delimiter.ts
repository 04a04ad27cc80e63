import type { ByteQueue } from "./byte-queue.ts";
import { checkBytes } from "./check.ts";
import type { Codec } from "./codec.ts";
import { DelimitedDecoder } from "./delimited-decoder.ts";
import { FRAME_LIMIT, type LimitOptions, limitOf } from "./limit.ts";

/** Options of {@link anyDelimiter}. */
export interface AnyDelimiterOptions extends LimitOptions {
  /** What ends each frame that is written; the first of the delimiters unless said otherwise. */
  writes?: Uint8Array;
}

class AnyDelimiterCodec extends DelimitedDecoder implements Codec<Uint8Array> {
  private readonly writes: Uint8Array;

  constructor(delimiters: Uint8Array, writes: Uint8Array, limit: number) {
    super(delimiters, limit);
    this.writes = writes;
  }

  encode(frame: Uint8Array, queue: ByteQueue): void {
    checkBytes(frame, "a frame");
    queue.append(frame);
    queue.append(this.writes);
  }
}

/**
 * Frames that end with any of several bytes where they are read, the last one also without.
 *
 * A frame of more than `maxLength` bytes, 8 MiB unless said otherwise, is a `TooLongError`, and is left out; those behind
 * it follow. A codec belongs to one stream.
 *
 * @param delimiters - bytes, each of which ends a frame
 * @throws TypeError, RangeError for arguments that make no sense
 *
 * @example
 * ```ts
 * const [a, b] = duplex(64);
 * const codec = () => anyDelimiter(new TextEncoder().encode(",;"));
 * yield* new Framed(a, codec()).send(Uint8Array.of(1, 2, 3)); // And a comma.
 * console.log(yield* new Framed(b, codec()).next()); // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 */
export function anyDelimiter(delimiters: Uint8Array, options: AnyDelimiterOptions = {}): Codec<Uint8Array> {
  checkBytes(delimiters, "anyDelimiter");
  if (delimiters.length === 0) throw new RangeError("anyDelimiter needs at least one delimiter");
  const writes = options.writes ?? delimiters.subarray(0, 1);
  checkBytes(writes, "writes");
  return new AnyDelimiterCodec(delimiters.slice(), writes.slice(), limitOf(options, FRAME_LIMIT));
}
