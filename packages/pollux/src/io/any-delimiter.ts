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

class AnyDelimiterCodec extends DelimitedDecoder<Uint8Array> implements Codec<Uint8Array> {
  /** By byte, whether it is a delimiter. */
  private readonly isDelimiter: readonly boolean[];
  private readonly writes: Uint8Array;

  constructor(delimiters: Uint8Array, writes: Uint8Array, limit: number) {
    super(limit, "the frame");
    this.isDelimiter = Array.from({ length: 256 }, (_, byte) => delimiters.includes(byte));
    this.writes = writes;
  }

  protected override find(queue: ByteQueue, from: number): number {
    const bytes = queue.view();
    for (let i = from; i < bytes.length; i++) if (this.isDelimiter[bytes[i] ?? 0]) return i;
    return -1;
  }

  protected override frame(bytes: Uint8Array): Uint8Array {
    return bytes.slice();
  }

  protected override last(bytes: Uint8Array): Uint8Array {
    return bytes.slice();
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
  return new AnyDelimiterCodec(delimiters, writes.slice(), limitOf(options, FRAME_LIMIT));
}
