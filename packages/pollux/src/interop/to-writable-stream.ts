import { lazy } from "../combine/lazy.ts";
import { withSignal } from "../combine/with-signal.ts";
import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import { describe } from "../core/errors.ts";
import type { Future, Suspend } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { Writer } from "../io/writer.ts";
import { checkMark } from "./check.ts";
import { Outside } from "./outside.ts";

/** What a method of a {@link Sink} may return: a future or a generator, which is waited for, or nothing. */
export type SinkStep = Future<unknown> | Generator<Suspend, unknown, unknown> | void;

/** What {@link toWritableStream} writes to: a place of one's own for chunks of any kind, such as a channel. */
export interface Sink<T> {
  /** Takes a chunk. The next one comes when this has ended. */
  write(chunk: T): SinkStep;
  /** There are no more chunks, and all have been taken. */
  close?(): SinkStep;
  /** Releases what is held: the stream was aborted, or `write` or `close` has failed, with that reason. */
  abort?(reason: unknown): SinkStep;
}

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
export function toWritableStream<T>(sink: Sink<T>, options?: ToWritableStreamOptions<T>): WritableStream<T>;
export function toWritableStream<T>(
  target: Writer | Sink<T>,
  options: ToWritableStreamOptions<T> = {},
): WritableStream<T> {
  const { highWaterMark = 1, size } = options;
  checkMark("highWaterMark", highWaterMark);
  if (typeof target?.write !== "function")
    throw new TypeError(
      `toWritableStream needs a writer or an object with \`write\`, not ${describe(target)}`,
    );
  // The overloads see to it that a stream over a writer is written bytes, and `writeAll` checks it.
  const sink = isWriter(target) ? (sinkOf(target) as unknown as Sink<T>) : target;
  return overSink(sink, size === undefined ? { highWaterMark } : { highWaterMark, size });
}

function isWriter(target: object): target is Writer {
  const { pollWrite, writeAll } = target as Partial<Writer>;
  return typeof pollWrite === "function" && typeof writeAll === "function";
}

function sinkOf(writer: Writer): Sink<Uint8Array> {
  return {
    write: (chunk) => writer.writeAll(chunk),
    *close() {
      yield* writer.shutdown();
      writer.close();
    },
    abort: () => writer.close(),
  };
}

function overSink<T>(
  sink: Sink<T>,
  strategy: { highWaterMark: number; size?: (chunk: T) => number },
): WritableStream<T> {
  const outside = new Outside("toWritableStream");
  let signal: AbortSignal;
  const abort = (reason: unknown): Promise<void> =>
    outside.end(
      new Ending(lazy(() => sink.abort?.(reason))),
      reason,
      "a sink that was given to toWritableStream",
    );
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

/** A future whose end is a cleanup. */
class Ending implements Cancellable {
  private readonly future: Future<unknown>;

  constructor(future: Future<unknown>) {
    this.future = future;
  }

  cancel(cx: Context): Poll<void> {
    return this.future.poll(cx) === Pending ? Pending : undefined;
  }
}
