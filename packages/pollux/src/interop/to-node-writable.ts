import { Writable } from "node:stream";
import { lazy } from "../combine/lazy.ts";
import { ClosedError, describe } from "../core/errors.ts";
import type { Writer } from "../io/writer.ts";
import { checkMark } from "./check.ts";
import { asError, whenGivenUp } from "./node-teardown.ts";
import type { NodeWritable } from "./node-types.ts";
import { Outside } from "./outside.ts";
import { aborting, type ChunkSink, isWriter, type SinkStep, sinkOf } from "./sink.ts";

/** How much may wait in the stream that {@link toNodeWritable} makes. */
export interface ToNodeWritableOptions {
  /** How many chunks, or bytes for a writer, may wait before `write` says `false`. Default: Node's, 16 or 16 KiB. */
  readonly highWaterMark?: number;
}

type Callback = (error?: Error | null) => void;

/** `isOver`: the sink has been closed. */
class ToSink extends Writable {
  private readonly sink: ChunkSink<unknown>;
  private readonly outside: Outside;
  private isOver: boolean;

  constructor(sink: ChunkSink<unknown>, options: ToNodeWritableOptions & { objectMode: boolean }) {
    super(options);
    this.sink = sink;
    this.outside = new Outside("toNodeWritable");
    this.isOver = false;
  }

  private step(fn: () => SinkStep, callback: Callback): void {
    this.outside.run(lazy(fn)).then(
      () => callback(),
      (error) => callback(asError(error)),
    );
  }

  override _write(chunk: unknown, _encoding: string, callback: Callback): void {
    this.step(() => this.sink.write(chunk), callback);
  }

  override _final(callback: Callback): void {
    this.step(
      () => this.sink.close?.(),
      (error) => {
        this.isOver = error === undefined;
        callback(error);
      },
    );
  }

  override _destroy(error: Error | null, callback: Callback): void {
    if (this.isOver) {
      callback(error);
      return;
    }
    const reason = error ?? new ClosedError("the stream of Node");
    const ending = this.outside.end(
      aborting(this.sink, reason),
      reason,
      "a sink that was given to toNodeWritable",
    );
    whenGivenUp(ending, error, callback);
  }
}

/**
 * A `Writable` of Node over a writer of bytes, or, in object mode, over a sink of one's own. Its chunks are written one
 * after the other, on the runtime of the task that calls this, or on the default one.
 *
 * `end()` shuts the writer down and closes it, and `"finish"` comes after that. `destroy(error)` cancels the write that
 * waits, with the error as the reason, and closes the writer. A failed write destroys the `Writable` with the same error.
 *
 * @throws TypeError if it is given neither a writer nor a sink, RangeError for a `highWaterMark` that is none
 *
 * @example
 * ```ts
 * import { pipeline } from "node:stream/promises";
 * import { mpsc, toNodeWritable } from "pollux";
 *
 * const [tx, rx] = mpsc<number>(1);
 * const written = pipeline([1, 2], toNodeWritable<number>({ write: (n) => tx.send(n), close: () => tx.close() }));
 * for await (const n of rx) console.log(n); // 1, then 2
 * await written;
 * ```
 */
export function toNodeWritable(writer: Writer, options?: ToNodeWritableOptions): NodeWritable;
export function toNodeWritable<T>(sink: ChunkSink<T>, options?: ToNodeWritableOptions): NodeWritable;
export function toNodeWritable<T>(
  target: Writer | ChunkSink<T>,
  options: ToNodeWritableOptions = {},
): NodeWritable {
  checkMark("highWaterMark", options.highWaterMark);
  if (typeof target?.write !== "function")
    throw new TypeError(`toNodeWritable needs a writer or an object with \`write\`, not ${describe(target)}`);
  const objectMode = !isWriter(target);
  // What is written is what the caller says; to a writer of bytes Node hands on bytes alone.
  const sink = (isWriter(target) ? sinkOf(target) : target) as ChunkSink<unknown>;
  return new ToSink(sink, { ...options, objectMode });
}
