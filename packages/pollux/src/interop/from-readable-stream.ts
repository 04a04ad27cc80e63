import { Stream } from "../stream/stream.ts";
import { checkUnlocked } from "./check.ts";
import { WebPull } from "./web-pull.ts";

/** How {@link fromReadableStream} and `readerFromWeb` leave what they were given. */
export interface FromWebOptions {
  /** Whether giving it up leaves the `ReadableStream` as it is, unlocked, in place of cancelling it. Default `false`. */
  readonly preventCancel?: boolean;
}

/**
 * The chunks of a `ReadableStream` of the Web, such as the body of a `fetch`, as a stream. They are asked for one at a
 * time, and only when the stream is polled: the back-pressure reaches the source. The `ReadableStream` is locked from the
 * first poll on and unlocked at the end.
 *
 * **Cancel safety.** To give up waiting loses nothing. To close the stream, or to cancel who consumes it, cancels the
 * `ReadableStream` with the reason, and waits for that; with `preventCancel` it is unlocked only, and a chunk that had
 * been read ahead for a poll that was given up is lost.
 *
 * @throws TypeError if it is not given a `ReadableStream`, or a locked one
 *
 * @example
 * ```ts
 * const numbers = new ReadableStream<number>({
 *   start(controller) {
 *     controller.enqueue(1);
 *     controller.enqueue(2);
 *     controller.close();
 *   },
 * });
 * const main = co(function* () {
 *   const stream = fromReadableStream(numbers);
 *   let sum = 0;
 *   for (let n: number | End; (n = yield* stream.next()) !== End; ) sum += n;
 *   console.log(sum, numbers.locked); // 3 false
 * });
 * await run(main());
 * ```
 */
export function fromReadableStream<T>(stream: ReadableStream<T>, options: FromWebOptions = {}): Stream<T> {
  checkUnlocked("fromReadableStream", "ReadableStream", stream);
  return new Stream(new WebPull(stream, options.preventCancel === true));
}
