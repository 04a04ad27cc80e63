import { lazy } from "../combine/lazy.ts";
import type { Cancellable } from "../core/cleanup.ts";
import type { Future, Suspend } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import type { Writer } from "../io/writer.ts";

/** What a method of a {@link ChunkSink} may return: a future or a generator, which is waited for, or nothing. */
export type SinkStep = Future<unknown> | Generator<Suspend, unknown, unknown> | void;

/** What `toWritableStream` and `toNodeWritable` write to: a place of one's own for chunks of any kind, such as a channel. */
export interface ChunkSink<T> {
  /** Takes a chunk. The next one comes when this has ended. */
  write(chunk: T): SinkStep;
  /** There are no more chunks, and all have been taken. */
  close?(): SinkStep;
  /** Releases what is held: the stream was aborted, or `write` or `close` has failed, with that reason. */
  abort?(reason: unknown): SinkStep;
}

/** @internal */
export function isWriter(target: object): target is Writer {
  const { pollWrite, writeAll } = target as Partial<Writer>;
  return typeof pollWrite === "function" && typeof writeAll === "function";
}

/**
 * The writer as a sink: closed at the end, and where it is given up.
 *
 * @internal
 */
export function sinkOf(writer: Writer): ChunkSink<Uint8Array> {
  return {
    write: (chunk) => writer.writeAll(chunk),
    *close() {
      yield* writer.shutdown();
      writer.close();
    },
    abort: () => writer.close(),
  };
}

/**
 * The call of `abort`, and what that returns, as a cleanup.
 *
 * @internal
 */
export function aborting<T>(sink: ChunkSink<T>, reason: unknown): Cancellable {
  const step = lazy(() => sink.abort?.(reason));
  return { cancel: (cx) => (step.poll(cx) === Pending ? Pending : undefined) };
}
