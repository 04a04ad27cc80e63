import { lazy } from "../combine/lazy.ts";
import { withSignal } from "../combine/with-signal.ts";
import { describe } from "../core/errors.ts";
import type { Writer } from "../io/writer.ts";
import { checkMark } from "./check.ts";
import { Outside } from "./outside.ts";
import { aborting, type ChunkSink, isWriter, type SinkStep, sinkOf } from "./sink.ts";

/** How much may wait in the stream that {@link toWritableStream} makes. */
export interface ToWritableStreamOptions<T = unknown> {
  /** How many chunks, or by `size` how much, may wait to be written before `ready` holds the writer back. Default 1. */
  readonly highWaterMark?: number;
  /** The size of a chunk. Default: each counts as 1. */
  readonly size?: (chunk: T) => number;
}

/**
 * A `WritableStream` of the Web over a writer of bytes, or over a sink of one's own, for `pipeTo` and for everything that
 * writes to one. Its chunks are written one after the other, on the runtime of the task that calls this, or on the default
 * one.
 *
 * `close()` shuts the writer down and closes it. `abort(reason)` cancels the write that waits, with that reason, and
 * closes the writer. A failed write fails the stream with the same error, after the writer has been closed.
 *
 * @throws TypeError if it is given neither a writer nor a sink, RangeError for a `highWaterMark` that is none. A write of
 *   what is no `Uint8Array` to a writer of bytes fails with `TypeError`.
 *
 * @example
 * ```ts
 * const [tx, rx] = mpsc<string>(1);
 * const stream = toWritableStream<string>({
 *   write: (chunk) => tx.send(chunk),
 *   close: () => tx.close(),
 * });
 * const written = Promise.all([new Blob(["hello"]).stream().pipeThrough(new TextDecoderStream()).pipeTo(stream)]);
 * console.log(await rx.recv()); // "hello"
 * await written;
 * ```
 */
export function toWritableStream(
  writer: Writer,
  options?: ToWritableStreamOptions<Uint8Array>,
): WritableStream<Uint8Array>;
export function toWritableStream<T>(
  sink: ChunkSink<T>,
  options?: ToWritableStreamOptions<T>,
): WritableStream<T>;
export function toWritableStream<T>(
  target: Writer | ChunkSink<T>,
  options: ToWritableStreamOptions<T> = {},
): WritableStream<T> {
  const { highWaterMark = 1, size } = options;
  checkMark("highWaterMark", highWaterMark);
  if (typeof target?.write !== "function")
    throw new TypeError(
      `toWritableStream needs a writer or an object with \`write\`, not ${describe(target)}`,
    );
  // The overloads see to it that a stream over a writer is written bytes, and `writeAll` checks it.
  const sink = isWriter(target) ? (sinkOf(target) as unknown as ChunkSink<T>) : target;
  return overSink(sink, size === undefined ? { highWaterMark } : { highWaterMark, size });
}

function overSink<T>(
  sink: ChunkSink<T>,
  strategy: { highWaterMark: number; size?: (chunk: T) => number },
): WritableStream<T> {
  const outside = new Outside("toWritableStream");
  let signal: AbortSignal;
  const abort = (reason: unknown): Promise<void> =>
    outside.end(aborting(sink, reason), reason, "a sink that was given to toWritableStream");
  const step = async (fn: () => SinkStep): Promise<void> => {
    try {
      await outside.run(withSignal(lazy(fn), signal));
    } catch (error) {
      // The stream calls `abort` after one of its own, and not after a failure.
      if (!signal.aborted) await abort(error);
      throw error;
    }
  };
  return new WritableStream<T>(
    {
      start: (controller: object) => {
        // It is there wherever there is a controller; the types of Node 20 do not know it.
        ({ signal } = controller as { signal: AbortSignal });
      },
      write: (chunk) => step(() => sink.write(chunk)),
      close: () => step(() => sink.close?.()),
      abort,
    },
    strategy,
  );
}
