import { End, type StreamSource } from "../core/stream-source.ts";
import type { Reader } from "../io/reader.ts";
import { type StreamInput, toSource } from "../stream/to-source.ts";
import { checkMark } from "./check.ts";
import { filled } from "./filled.ts";
import { Outside } from "./outside.ts";
import { closing, isReader, Pull, PullBytes } from "./pull.ts";

/** How far {@link toReadableStream} reads ahead. */
export interface ToReadableStreamOptions<T = unknown> {
  /**
   * How many chunks, or by `size` how much, may wait to be read: the stream is not polled beyond that. Default 0: it is
   * polled when somebody reads.
   */
  readonly highWaterMark?: number;
  /** The size of a chunk. Default: each counts as 1. */
  readonly size?: (chunk: T) => number;
}

/**
 * A `ReadableStream` of the Web over a stream, or anything that one can be made of, or over a reader of bytes
 * (which gives a byte stream), for a `Response`,
 * for `pipeTo` and for everything that takes one. It is polled as it is read, on the runtime of the task that calls this,
 * or on the default one.
 *
 * `cancel(reason)` cancels the poll that waits, and then the stream, with that reason; its promise settles after the
 * cleanup, and is rejected with `CleanupError` if that failed. A failure of the stream fails the `ReadableStream` with the
 * same error, after the stream has been closed.
 *
 * @throws TypeError if it is given neither a reader nor what a stream can be made of, RangeError for a `highWaterMark` that is none
 *
 * @example
 * ```ts
 * const body = toReadableStream(Stream.from(["to", "get", "her"]));
 * let text = "";
 * for await (const chunk of body) text += chunk;
 * console.log(text); // "together"
 * ```
 */
export function toReadableStream(
  source: Reader,
  options?: ToReadableStreamOptions,
): ReadableStream<Uint8Array>;
export function toReadableStream<T>(
  stream: StreamInput<T>,
  options?: ToReadableStreamOptions<T>,
): ReadableStream<T>;
export function toReadableStream(
  source: Reader | StreamInput<unknown>,
  options: ToReadableStreamOptions = {},
): ReadableStream<unknown> {
  const { highWaterMark = 0, size } = options;
  checkMark("highWaterMark", highWaterMark);
  if (isReader(source)) return ofReader(source, highWaterMark);
  return ofStream(
    toSource(source, "toReadableStream"),
    size === undefined ? { highWaterMark } : { highWaterMark, size },
  );
}

function ofStream(
  source: StreamSource<unknown>,
  strategy: { highWaterMark: number; size?: (chunk: unknown) => number },
): ReadableStream<unknown> {
  const outside = new Outside("toReadableStream");
  return new ReadableStream<unknown>(
    {
      pull: async (controller) => {
        const value = await outside.run(new Pull(source));
        if (value === End) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => outside.end(source, reason, "a stream that was given to toReadableStream"),
    },
    strategy,
  );
}

/** How much is read at a time when nobody has given a buffer of their own. */
const CHUNK = 65_536;

function ofReader(source: Reader, highWaterMark: number): ReadableStream<Uint8Array> {
  const outside = new Outside("toReadableStream");
  return new ReadableStream(
    {
      type: "bytes",
      pull: async (controller: ReadableByteStreamController) => {
        const request = controller.byobRequest;
        const view = request?.view ?? null;
        const buf =
          view === null
            ? new Uint8Array(CHUNK)
            : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
        const count = await outside.run(new PullBytes(source, buf));
        if (count === 0) controller.close();
        // A view was made for this read, be it to say that there is nothing more.
        if (view !== null) request?.respond(count);
        else if (count > 0) controller.enqueue(filled(buf, count));
      },
      cancel: (reason) => outside.end(closing(source), reason, "a reader that was given to toReadableStream"),
    },
    { highWaterMark },
  );
}
