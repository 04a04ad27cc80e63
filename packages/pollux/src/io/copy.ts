import type { Context } from "../core/context.ts";
import { PollAfterCompletionError, WriteZeroError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { BUFFER_SIZE } from "./buf-reader.ts";
import type { BufferedReader } from "./buffered-reader.ts";
import { checkSize } from "./check.ts";
import { waitOn } from "./inspected.ts";
import type { Reader } from "./reader.ts";
import { Transfer } from "./transfer.ts";
import type { Writer } from "./writer.ts";

/** Options of a copy. */
export interface CopyOptions {
  /** The size of its buffer in each direction, in bytes; 16 KiB unless said otherwise. */
  bufferSize?: number;
}

/** How far a copy has come, also after a failure or a cancel. */
export interface CopyProgress {
  /** Bytes that the writer has taken over. */
  readonly copied: number;
  /** What was read and not written: lost, unless somebody writes it. */
  readonly unwritten: Uint8Array;
}

/** Copies from a reader to a writer, whose sides are its own from the first poll to the end. */
abstract class Copying<R extends Reader> extends Future<number> {
  protected readonly reader: R;
  protected readonly writer: Writer;
  private over = false;

  constructor(reader: R, writer: Writer) {
    super();
    this.reader = reader;
    this.writer = writer;
  }

  protected abstract readonly what: string;
  protected abstract attempt(cx: Context): Poll<number>;

  override poll(cx: Context): Poll<number> {
    if (this.over) throw new PollAfterCompletionError(this.what);
    let poll: Poll<number>;
    try {
      this.reader.reading.begin(this);
      this.writer.writing.begin(this);
      poll = this.attempt(cx);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll !== Pending) this.cancel();
    return poll;
  }

  override cancel(): void {
    if (this.over) return;
    this.over = true;
    if (this.reader.reading.end(this)) this.reader.cancelRead();
    if (this.writer.writing.end(this)) this.writer.cancelWrite();
  }

  override inspect(): Inspection {
    const futures = [waitOn("read from", this.reader), waitOn("write to", this.writer)];
    return { op: this.what, futures, any: true };
  }
}

/** Copies up to the end; made by {@link copy}. Gives the number of bytes. */
export class Copy extends Copying<Reader> implements CopyProgress {
  private readonly transfer: Transfer;

  /** @internal */
  constructor(reader: Reader, writer: Writer, bufferSize: number) {
    super(reader, writer);
    this.transfer = new Transfer(bufferSize);
  }

  protected override get what(): string {
    return "copy()";
  }

  protected override attempt(cx: Context): Poll<number> {
    if (this.transfer.poll(cx, this.reader, this.writer) === Pending) return Pending;
    return this.transfer.copied;
  }

  get copied(): number {
    return this.transfer.copied;
  }

  get unwritten(): Uint8Array {
    return this.transfer.unwritten;
  }
}

class CopyBuf extends Copying<BufferedReader> {
  private copied = 0;
  private unflushed = false;

  protected override get what(): string {
    return "copyBuf()";
  }

  protected override attempt(cx: Context): Poll<number> {
    const { reader, writer } = this;
    for (;;) {
      const bytes = reader.pollFillBuf(cx);
      if (bytes === Pending) {
        if (this.unflushed && writer.pollFlush(cx) !== Pending) this.unflushed = false;
        return Pending;
      }
      if (bytes.length === 0) return writer.pollFlush(cx) === Pending ? Pending : this.copied;
      const size = writer.pollWrite(cx, bytes);
      if (size === Pending) return Pending;
      if (size === 0) throw new WriteZeroError();
      reader.consume(size);
      this.copied += size;
      this.unflushed = true;
    }
  }
}

/**
 * Copies all that a reader gives to a writer, flushes it, and gives the number of bytes. Neither is closed or shut down.
 * What the writer holds back is flushed too whenever the reader has nothing.
 *
 * **Cancel safety.** What was read and not written, one buffer of it at most, is lost to the reader; the future has it in
 * `unwritten`, and in `copied` the number of bytes that were written. `copyBuf` loses nothing.
 *
 * @throws TypeError, RangeError for options that make no sense
 *
 * @example
 * ```ts
 * const writer = new BytesWriter();
 * console.log(yield* copy(new Cursor(Uint8Array.of(1, 2, 3)), writer)); // 3
 * console.log(writer.bytes); // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 */
export function copy(reader: Reader, writer: Writer, options: CopyOptions = {}): Copy {
  return new Copy(reader, writer, bufferSizeOf(options));
}

/**
 * As {@link copy}, from the buffer of a buffered reader: nothing is copied in between.
 *
 * **Cancel safety.** Safe: what was not written stays with the reader.
 *
 * @example
 * ```ts
 * const [reader, writer] = simplex(2); // There is nobody who reads: the third byte has to wait.
 * const bytes = new Cursor(Uint8Array.of(1, 2, 3));
 * console.log(yield* race([copyBuf(bytes, writer), map(sleep(10), () => "too slow")])); // too slow
 * console.log(bytes.position); // 2
 * reader.close();
 * ```
 */
export function copyBuf(reader: BufferedReader, writer: Writer): Future<number> {
  return new CopyBuf(reader, writer);
}

/** @internal */
export function bufferSizeOf(options: CopyOptions): number {
  return checkSize("bufferSize", options.bufferSize ?? BUFFER_SIZE, 1);
}
