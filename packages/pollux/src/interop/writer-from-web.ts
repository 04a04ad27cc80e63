import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Writer } from "../io/writer.ts";
import { KEEPS_NOTHING_ALIVE } from "../node/keeps-nothing-alive.ts";
import { Waiting } from "../reactor/waiting.ts";
import { checkUnlocked } from "./check.ts";

/** How much of a large buffer one write takes over: a copy of that is made. */
const CHUNK = 65_536;

/** `Ending`: `close` was called on the stream, and has not settled. */
const Open = 0;
const Ending = 1;
const Ended = 2;
const Closed = 3;

/** Locks the stream from the first poll to the end. */
class WebWriter extends Writer {
  private readonly stream: WritableStream<Uint8Array>;
  private writer: WritableStreamDefaultWriter<Uint8Array> | null;
  private readonly waiting: Waiting;
  private state: number;
  /** Writes that the sink has not done with. */
  private writes: number;
  private failure: { readonly error: unknown; reported: boolean } | null;
  private leaving: Promise<void> | null;

  constructor(stream: WritableStream<Uint8Array>) {
    super();
    this.stream = stream;
    this.writer = null;
    this.waiting = new Waiting(KEEPS_NOTHING_ALIVE);
    this.state = Open;
    this.writes = 0;
    this.failure = null;
    this.leaving = null;
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    requireNodeLoop(cx.runtime, "streams of the Web");
    this.requireUsable();
    if (this.state !== Open) throw new ClosedError("the write side of this writer");
    if (buf.length === 0) return 0;
    const writer = this.open();
    if ((writer.desiredSize ?? 0) <= 0) return this.wait(cx);
    const size = Math.min(buf.length, CHUNK);
    this.writes++;
    writer.write(buf.slice(0, size)).then(this.onWritten, this.onFailure);
    writer.ready.then(this.onReady, this.onFailure);
    return size;
  }

  /** Ready once the sink has done with all that was written. */
  override pollFlush(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    this.requireUsable();
    return this.writes > 0 ? this.wait(cx) : undefined;
  }

  override pollShutdown(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    this.requireUsable();
    if (this.state === Ended) return undefined;
    if (this.state === Open) {
      this.state = Ending;
      this.open().close().then(this.onEnded, this.onFailure);
    }
    return this.wait(cx);
  }

  override cancelWrite(): void {
    this.waiting.end();
  }

  override close(): void {
    this.leave();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  private wait(cx: Context): typeof Pending {
    cx.refundBudget();
    this.waiting.begin(cx);
    return Pending;
  }

  private open(): WritableStreamDefaultWriter<Uint8Array> {
    if (this.writer === null) {
      this.writer = this.stream.getWriter();
      this.writer.ready.then(this.onReady, this.onFailure);
      this.writer.closed.then(this.onEnded, this.onFailure);
    }
    return this.writer;
  }

  /** Throws the failure of the stream: itself the first time, and as a cause from then on. */
  private requireUsable(): void {
    if (this.state === Closed) throw new ClosedError("this writer");
    const { failure } = this;
    if (failure === null) return;
    if (failure.reported) throw new ClosedError("this writer", { cause: failure.error });
    failure.reported = true;
    throw failure.error;
  }

  private readonly onReady = (): void => this.waiting.wake();

  private readonly onWritten = (): void => {
    this.writes--;
    this.waiting.wake();
  };

  private readonly onEnded = (): void => {
    if (this.state === Closed) return;
    this.state = Ended;
    this.unlock();
    this.waiting.wake();
  };

  /** To give the lock back rejects the promises of the writer that nobody needs any more. */
  private readonly onFailure = (error: unknown): void => {
    if (this.state >= Ended) return;
    this.failure ??= { error, reported: false };
    this.unlock();
    this.waiting.wake();
  };

  private unlock(): void {
    this.writer?.releaseLock();
    this.writer = null;
  }

  private leave(): Promise<void> {
    this.leaving ??= this.abort();
    return this.leaving;
  }

  /** What the stream has ended with, or failed with, is not ended again. */
  private async abort(): Promise<void> {
    const { state, writer } = this;
    this.state = Closed;
    this.waiting.wake();
    if (state === Ended || this.failure !== null) return;
    try {
      await (writer ?? this.stream).abort(new ClosedError("this writer"));
    } finally {
      this.unlock();
    }
  }
}

/**
 * A writer of bytes to a `WritableStream` of the Web. A write waits until the stream wants more (`desiredSize`), and hands
 * on a copy, since the buffer is its owner's again at once; 64 KiB at a time. `flush` waits until the sink has done with
 * what was written. The `WritableStream` is locked from the first operation to the end.
 *
 * A failure of the stream is thrown once, by the operation that waits or else by the next one; later ones fail with
 * `ClosedError`, whose cause it is. `close` before a `shutdown` aborts the stream. Whether that fails is known to who waits
 * for it (`await using`, or a call of its method); else the host reports it, as it does any rejection that nobody handles.
 *
 * @throws TypeError if it is not given a `WritableStream`, or a locked one
 *
 * @example
 * ```ts
 * const chunks: Uint8Array[] = [];
 * const sink = new WritableStream<Uint8Array>({
 *   write(chunk) {
 *     chunks.push(chunk);
 *   },
 * });
 * const main = co(function* () {
 *   const writer = writerFromWeb(sink);
 *   yield* writer.writeAll(new TextEncoder().encode("hello"));
 *   yield* writer.shutdown();
 *   console.log(new TextDecoder().decode(chunks[0]), sink.locked); // hello false
 * });
 * await run(main());
 * ```
 */
export function writerFromWeb(stream: WritableStream<Uint8Array>): Writer {
  checkUnlocked("writerFromWeb", "WritableStream", stream);
  return new WebWriter(stream);
}
