import { Pending } from "../core/poll.ts";
import { checkBytes } from "./check.ts";
import type { Codec } from "./codec.ts";

/**
 * Bytes as they come, in pieces as large as they happen to be: for a stream of bytes where frames are expected.
 *
 * @example
 * ```ts
 * const pieces = new FramedRead(new Cursor(Uint8Array.of(1, 2, 3)), bytesCodec());
 * console.log(yield* pieces.next()); // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 */
export function bytesCodec(): Codec<Uint8Array> {
  return {
    decode: (queue) => (queue.length === 0 ? Pending : queue.take(queue.length)),
    encode: (frame, queue) => {
      checkBytes(frame, "a frame");
      queue.append(frame);
    },
  };
}
