import type { Context } from "../core/context.ts";
import { UnexpectedEofError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import type { AsyncRead } from "./async-read.ts";
import { BUFFER_SIZE } from "./buf-reader.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { Decoder } from "./codec.ts";
import { inspectedOf } from "./inspected.ts";
import { ReadOperation } from "./operation.ts";
import { readSideOf, type Side } from "./side.ts";

/** Options of a {@link FramedRead}. */
export interface FramedReadOptions {
  /** Bytes that were read already and come before those of the reader. They are its own from then on. */
  buffered?: ByteQueue;
}

/**
 * The frames of a reader, as a stream: `new Stream(framedRead)` puts the adapters on it. It owns the reader, and closes it
 * when it is closed or given up.
 *
 * A frame that is wrong is an error, after which those behind it follow, if the codec can go on. A failure of the reader,
 * and bytes at the end that are no whole frame, are errors after which there is only `End`.
 *
 * @typeParam T - a frame
 * @typeParam R - the reader
 *
 * @example
 * ```ts
 * const frames = new FramedRead(new Cursor(new TextEncoder().encode("one\ntwo\n")), linesCodec());
 * for (let line; (line = yield* frames.next()) !== End; ) console.log(line); // one, then two
 * ```
 */
export class FramedRead<T, R extends AsyncRead = AsyncRead>
  implements StreamSource<T>, Disposable, AsyncDisposable
{
  readonly reader: R;
  readonly decoder: Decoder<T>;
  /** What was read and not decoded. */
  readonly buffered: ByteQueue;
  /** @internal */
  readonly reading: Side;
  /** Whether there may be a whole frame in the buffer. */
  private hasFrames: boolean;
  /** The reader has ended: what is buffered is all there is. */
  private hasEnded = false;
  /** There is only `End`. */
  private isOver = false;

  constructor(reader: R, decoder: Decoder<T>, options: FramedReadOptions = {}) {
    this.reader = reader;
    this.reading = readSideOf(reader);
    this.decoder = decoder;
    this.buffered = options.buffered ?? new ByteQueue();
    this.hasFrames = this.buffered.length > 0;
  }

  pollNext(cx: Context): Poll<T | End> {
    this.reading.begin(this);
    let poll: Poll<T | End>;
    try {
      poll = this.pollFrame(cx);
    } catch (error) {
      this.reading.end(this);
      throw error;
    }
    if (poll !== Pending) this.reading.end(this);
    return poll;
  }

  /**
   * A poll of the operation that has the read side.
   * @internal
   */
  pollFrame(cx: Context): Poll<T | End> {
    if (this.isOver) return End;
    if (!cx.takeBudget()) return Pending;
    const { buffered, reader } = this;
    for (;;) {
      if (this.hasFrames) {
        const frame = this.decode();
        if (frame !== Pending) return frame;
        this.hasFrames = false;
      }
      if (this.hasEnded) {
        this.isOver = true;
        return End;
      }
      let size: Poll<number>;
      try {
        size = reader.pollRead(cx, buffered.space(BUFFER_SIZE));
      } catch (error) {
        this.isOver = true;
        throw error;
      }
      if (size === Pending) {
        cx.refundBudget();
        return Pending;
      }
      buffered.commit(size);
      this.hasFrames = true;
      if (size === 0) this.hasEnded = true;
    }
  }

  private decode(): Poll<T> {
    const { buffered, decoder } = this;
    const before = buffered.length;
    try {
      if (!this.hasEnded) return decoder.decode(buffered);
      if (decoder.decodeEnd !== undefined) return decoder.decodeEnd(buffered);
      const frame = decoder.decode(buffered);
      if (frame === Pending && buffered.length > 0) throw new UnexpectedEofError("a frame");
      return frame;
    } catch (error) {
      // Nothing would come of it but the same error again.
      if (buffered.length === before) this.isOver = true;
      throw error;
    }
  }

  /**
   * The next frame, or `End`.
   *
   * **Cancel safety.** Safe: what was read stays in the buffer.
   */
  next(): Future<T | End> {
    return new NextFrame(this);
  }

  /**
   * Goes on with another codec, from the byte on that comes next: after a handshake, say. This one is over then, and the
   * reader is the new one's.
   */
  withDecoder<U>(decoder: Decoder<U>): FramedRead<U, R> {
    const next = new FramedRead<U, R>(this.reader, decoder, { buffered: this.buffered });
    next.hasEnded = this.hasEnded;
    next.isOver = this.isOver;
    this.isOver = true;
    return next;
  }

  cancel(_cx: Context): Poll<void> {
    this.cancelNext();
    this.close();
  }

  /** Whoever waits in {@link pollNext} waits no longer. */
  cancelNext(): void {
    if (this.reading.end(this)) this.cancelRead();
  }

  /** @internal */
  cancelRead(): void {
    this.reader.cancelRead();
  }

  /** @internal */
  get inspected(): InspectionTarget {
    return inspectedOf(this.reader);
  }

  /** Closes the reader; what is buffered is lost. Idempotent. */
  close(): void {
    this.isOver = true;
    this.reader.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  inspectNext(): Inspection {
    return { op: "a frame from", target: inspectedOf(this.reader) };
  }
}

class NextFrame<T> extends ReadOperation<T | End, FramedRead<T>> {
  protected override get what(): string {
    return "next()";
  }

  protected override attempt(frames: FramedRead<T>, cx: Context): Poll<T | End> {
    return frames.pollFrame(cx);
  }

  override inspect(): Inspection {
    return this.stream?.inspectNext() ?? { op: "a frame" };
  }
}
