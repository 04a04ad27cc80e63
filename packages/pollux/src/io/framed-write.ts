import type { Context } from "../core/context.ts";
import { PollAfterCompletionError, WriteZeroError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncWrite } from "./async-write.ts";
import { ByteQueue } from "./byte-queue.ts";
import { checkSize } from "./check.ts";
import type { Encoder } from "./codec.ts";
import { inspectedOf } from "./inspected.ts";
import { Side } from "./side.ts";

/** Options of a {@link FramedWrite}. */
export interface FramedWriteOptions {
  /** So many bytes may be held back; who sends waits while there are as many. In bytes; 16 KiB unless said otherwise. */
  highWaterMark?: number;
}

/** @internal */
export const HIGH_WATER_MARK = 16_384;

/**
 * A sink of frames, which are written to a writer. It owns the writer, and closes it when it is closed.
 *
 * @typeParam T - a frame
 * @typeParam W - the writer
 *
 * @example
 * ```ts
 * const bytes = new BytesWriter();
 * const frames = new FramedWrite(bytes, linesCodec());
 * yield* frames.feed("one"); // Held back.
 * yield* frames.send("two"); // And flushed.
 * console.log(bytes.bytes.length); // 8
 * ```
 */
export class FramedWrite<T, W extends AsyncWrite = AsyncWrite> implements Disposable, AsyncDisposable {
  readonly writer: W;
  readonly encoder: Encoder<T>;
  private readonly highWaterMark: number;
  private readonly buffered: ByteQueue;
  /** @internal */
  readonly writing: Side;

  /** @throws TypeError, RangeError for options that make no sense */
  constructor(writer: W, encoder: Encoder<T>, options: FramedWriteOptions = {}) {
    this.writer = writer;
    this.encoder = encoder;
    this.highWaterMark = checkSize("highWaterMark", options.highWaterMark ?? HIGH_WATER_MARK, 1);
    this.buffered = new ByteQueue();
    this.writing = new Side("send, flush or shutdown");
  }

  /** Bytes that are held back. */
  get bufferedBytes(): number {
    return this.buffered.length;
  }

  /** Ready when a frame can be taken over: fewer bytes than the high-water mark are held back. */
  pollReady(cx: Context): Poll<void> {
    const { buffered, highWaterMark } = this;
    if (buffered.length < highWaterMark) return undefined;
    // As much as can be written at once; of the rest there may be few enough.
    return this.pollEmpty(cx) === Pending && buffered.length >= highWaterMark ? Pending : undefined;
  }

  /** Takes a frame over, after `pollReady` was ready. What the encoder throws has changed nothing. */
  startSend(frame: T): void {
    this.encoder.encode(frame, this.buffered);
  }

  /** Ready when nothing is held back, neither here nor by the writer. */
  pollFlush(cx: Context): Poll<void> {
    return this.pollEmpty(cx) === Pending ? Pending : this.writer.pollFlush(cx);
  }

  /** Flushes, and ends: the other side reads the end. */
  pollShutdown(cx: Context): Poll<void> {
    return this.pollEmpty(cx) === Pending ? Pending : this.writer.pollShutdown(cx);
  }

  /** Whoever waits in one of the polls waits no longer. */
  cancelWrite(): void {
    this.writer.cancelWrite();
  }

  private pollEmpty(cx: Context): Poll<void> {
    const { buffered } = this;
    while (buffered.length > 0) {
      const size = this.writer.pollWrite(cx, buffered.view());
      if (size === Pending) return Pending;
      if (size === 0) throw new WriteZeroError();
      buffered.advance(size);
    }
    return undefined;
  }

  /**
   * Takes a frame over, and flushes it and all that came before.
   *
   * **Cancel safety.** Safe for the stream, which stays whole: the frame was taken over, and is written with the next ones,
   * or it was not.
   */
  send(frame: T): Future<void> {
    return new Send(this, { frame }, "send()", (cx) => this.pollFlush(cx));
  }

  /**
   * Takes a frame over, to be written with the next `send` or `flush`, or when as many bytes as the high-water mark are
   * held back: then it writes, and waits until there are fewer, before it takes the frame over.
   *
   * **Cancel safety.** Safe: a `feed` that was cancelled has not taken the frame over.
   */
  feed(frame: T): Future<void> {
    return new Send(this, { frame }, "feed()", null);
  }

  /**
   * Writes all that is held back.
   *
   * **Cancel safety.** Safe: the rest is still held back.
   */
  flush(): Future<void> {
    return new Send<T>(this, null, "flush()", (cx) => this.pollFlush(cx));
  }

  /**
   * Writes all that is held back, and ends: the other side reads the end.
   *
   * **Cancel safety.** Safe, but once the writer has begun to end it ends all the same.
   */
  shutdown(): Future<void> {
    return new Send<T>(this, null, "shutdown()", (cx) => this.pollShutdown(cx));
  }

  /** Goes on with another codec, for the frames that follow. This one is not to be used then. */
  withEncoder<U>(encoder: Encoder<U>): FramedWrite<U, W> {
    const next = new FramedWrite<U, W>(this.writer, encoder, { highWaterMark: this.highWaterMark });
    next.buffered.append(this.buffered.view());
    this.buffered.clear();
    return next;
  }

  /** Closes the writer; what is held back is lost: `shutdown` before. Idempotent. */
  close(): void {
    this.writer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

/** Waits for room and takes a frame over, if there is one; and goes on to a flush or the end, if that is asked for. */
class Send<T> extends Future<void> {
  /** `null` once over. */
  private sink: FramedWrite<T> | null;
  /** `null` once taken over. */
  private held: { readonly frame: T } | null;
  private readonly what: string;
  private readonly after: ((cx: Context) => Poll<void>) | null;

  constructor(
    sink: FramedWrite<T>,
    held: { readonly frame: T } | null,
    what: string,
    after: ((cx: Context) => Poll<void>) | null,
  ) {
    super();
    this.sink = sink;
    this.held = held;
    this.what = what;
    this.after = after;
  }

  override poll(cx: Context): Poll<void> {
    const { sink } = this;
    if (sink === null) throw new PollAfterCompletionError(this.what);
    try {
      sink.writing.begin(this);
      if (this.attempt(sink, cx) === Pending) return Pending;
    } catch (error) {
      this.cancel();
      throw error;
    }
    this.cancel();
    return undefined;
  }

  private attempt(sink: FramedWrite<T>, cx: Context): Poll<void> {
    const { held, after } = this;
    if (held !== null) {
      if (sink.pollReady(cx) === Pending || !cx.takeBudget()) return Pending;
      this.held = null;
      sink.startSend(held.frame);
    }
    return after === null ? undefined : after(cx);
  }

  override cancel(): void {
    const { sink } = this;
    if (sink === null) return;
    this.sink = null;
    if (sink.writing.end(this)) sink.cancelWrite();
  }

  override inspect(): Inspection {
    const { sink, what } = this;
    return sink === null ? { op: what } : { op: `${what} to`, target: inspectedOf(sink.writer) };
  }
}
