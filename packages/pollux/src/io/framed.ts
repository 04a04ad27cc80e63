import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";
import type { ByteQueue } from "./byte-queue.ts";
import type { Codec } from "./codec.ts";
import type { Duplex } from "./duplex.ts";
import { FramedRead, type FramedReadOptions } from "./framed-read.ts";
import { FramedWrite, type FramedWriteOptions } from "./framed-write.ts";
import type { ReadHalf, WriteHalf } from "./halves.ts";

/** Options of a {@link Framed}. */
export interface FramedOptions extends FramedReadOptions, FramedWriteOptions {}

/**
 * A stream of frames, and a sink of them, over one connection, which it owns: see {@link FramedRead} and
 * {@link FramedWrite}. To give up the stream closes the connection; `split` makes two of it.
 *
 * @typeParam T - what is read
 * @typeParam U - what is written
 * @typeParam D - the connection
 *
 * @example
 * ```ts
 * const [a, b] = duplex(1024);
 * const client = new Framed(a, jsonLines());
 * const server = new Framed(b, jsonLines());
 * yield* client.send({ add: [1, 2] });
 * console.log(yield* server.next()); // { add: [ 1, 2 ] }
 * yield* server.send(3);
 * console.log(yield* client.next()); // 3
 * client.close();
 * console.log(yield* server.next()); // Symbol(pollux.End)
 * ```
 */
export class Framed<T, U = T, D extends Duplex = Duplex>
  implements StreamSource<T>, Disposable, AsyncDisposable
{
  readonly stream: D;
  readonly codec: Codec<T, U>;
  private readonly options: FramedOptions;
  private readonly input: FramedRead<T, D>;
  private readonly output: FramedWrite<U, D>;

  /** @throws TypeError, RangeError for options that make no sense */
  constructor(stream: D, codec: Codec<T, U>, options: FramedOptions = {}) {
    this.stream = stream;
    this.codec = codec;
    this.options = options;
    this.input = new FramedRead(stream, codec, options);
    this.output = new FramedWrite(stream, codec, options);
  }

  /** What was read and not decoded. */
  get buffered(): ByteQueue {
    return this.input.buffered;
  }

  pollNext(cx: Context): Poll<T | End> {
    return this.input.pollNext(cx);
  }

  /** Whoever waits in {@link pollNext} waits no longer. */
  cancelNext(): void {
    this.input.cancelNext();
  }

  cancel(cx: Context): Poll<void> {
    return this.input.cancel(cx);
  }

  /** See {@link FramedRead.next}. */
  next(): Future<T | End> {
    return this.input.next();
  }

  /** See {@link FramedWrite.send}. */
  send(frame: U): Future<void> {
    return this.output.send(frame);
  }

  /** See {@link FramedWrite.feed}. */
  feed(frame: U): Future<void> {
    return this.output.feed(frame);
  }

  /** See {@link FramedWrite.flush}. */
  flush(): Future<void> {
    return this.output.flush();
  }

  /** See {@link FramedWrite.shutdown}. */
  shutdown(): Future<void> {
    return this.output.shutdown();
  }

  /** Goes on with another codec. This one is not to be used then, and must hold nothing back: `flush` before. */
  withCodec<V, X>(codec: Codec<V, X>): Framed<V, X, D> {
    return new Framed(this.stream, codec, { ...this.options, buffered: this.buffered });
  }

  /**
   * The two directions, to be handed to two tasks, each of which owns and closes its half of the connection. This one is
   * not to be used then, and must hold nothing back: `flush` before.
   */
  split(): [FramedRead<T, ReadHalf<D>>, FramedWrite<U, WriteHalf<D>>] {
    const [reader, writer] = this.stream.intoSplit();
    return [
      new FramedRead(reader, this.codec, { buffered: this.buffered }),
      new FramedWrite(writer, this.codec, this.options),
    ];
  }

  /** Closes the connection; what is held back is lost: `shutdown` before. Idempotent. */
  close(): void {
    this.input.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  inspectNext(): Inspection {
    return this.input.inspectNext();
  }
}
