import type { Poll } from "../core/poll.ts";
import type { ByteQueue } from "./byte-queue.ts";

/**
 * Makes frames of bytes.
 *
 * Rules for who writes one:
 * 1. `decode` takes a frame out of the queue and gives it; or gives `Pending`, if it is not whole yet. What it does not
 *    take out it finds there again, with more behind it.
 * 2. A frame that is wrong is an error, which is thrown. If something was taken out with it, decoding goes on with what
 *    follows; if nothing was, the frame stands in the way for ever, and the stream ends.
 * 3. It does not keep what `view` gives.
 *
 * @typeParam T - a frame
 */
export interface Decoder<T> {
  /** Takes the next frame from the queue; `Pending` if it is not all there. */
  decode(queue: ByteQueue): Poll<T>;
  /**
   * As `decode`, when no more bytes will come: a last frame may end here; `Pending` if there is none. Without it, bytes
   * that are left are an `UnexpectedEofError`. It is called until it gives `Pending`, and with an empty queue too.
   */
  decodeEnd?(queue: ByteQueue): Poll<T>;
}

/**
 * Makes bytes of frames.
 *
 * @typeParam T - a frame
 */
export interface Encoder<T> {
  /** Puts a frame at the end of the queue. What is thrown has left the queue as it was. */
  encode(frame: T, queue: ByteQueue): void;
}

/**
 * Both ways.
 *
 * @typeParam T - what is decoded
 * @typeParam U - what is encoded
 *
 * @example A frame of one's own: numbers of two bytes.
 * ```ts
 * const numbers: Codec<number> = {
 *   decode(queue) {
 *     if (queue.length < 2) return Pending;
 *     const [high = 0, low = 0] = queue.take(2);
 *     return high * 256 + low;
 *   },
 *   encode(n, queue) {
 *     queue.appendUint(n, 2, false);
 *   },
 * };
 * const [a, b] = duplex(64);
 * yield* new Framed(a, numbers).send(500);
 * console.log(yield* new Framed(b, numbers).next()); // 500
 * ```
 */
export interface Codec<T, U = T> extends Decoder<T>, Encoder<U> {}
