import type { Context, Waker } from "../../src/core/context.ts";
import { ClosedError } from "../../src/core/errors.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";
import { Reader } from "../../src/io/reader.ts";
import { Writer } from "../../src/io/writer.ts";

/** A reader that the test feeds, and that remembers what was done to it. */
export class FedReader extends Reader {
  closes = 0;
  polls = 0;
  /** Waiters that have been taken back. */
  cancels = 0;
  readonly #chunks: Uint8Array[] = [];
  #end: { error?: unknown } | null = null;
  #waker: Waker | null = null;

  feed(...chunks: string[]): this {
    for (const chunk of chunks) this.#chunks.push(new TextEncoder().encode(chunk));
    this.#wake();
    return this;
  }

  end(): this {
    this.#end = {};
    this.#wake();
    return this;
  }

  fail(error: unknown): this {
    this.#end = { error };
    this.#wake();
    return this;
  }

  get isWaiting(): boolean {
    return this.#waker !== null;
  }

  #wake(): void {
    const waker = this.#waker;
    this.#waker = null;
    waker?.wake();
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    this.polls++;
    if (this.closes > 0) throw new ClosedError("this reader");
    const [chunk] = this.#chunks;
    if (chunk !== undefined) {
      const size = Math.min(chunk.length, buf.length);
      buf.set(chunk.subarray(0, size));
      if (size === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(size);
      return size;
    }
    if (this.#end === null) {
      this.#waker = cx.waker;
      return Pending;
    }
    if ("error" in this.#end) throw this.#end.error;
    return 0;
  }

  override cancelRead(): void {
    if (this.#waker !== null) this.cancels++;
    this.#waker = null;
  }

  override close(): void {
    this.closes++;
  }
}

/** A writer that takes what the test gives it room for, and that remembers what was done to it. */
export class RoomyWriter extends Writer {
  closes = 0;
  cancels = 0;
  flushes = 0;
  isShutDown = false;
  text = "";
  /** Bytes that it still takes. */
  room: number;
  #failure: { error: unknown } | null = null;
  #waker: Waker | null = null;

  constructor(room: number = Number.POSITIVE_INFINITY) {
    super();
    this.room = room;
  }

  give(room: number): void {
    this.room += room;
    this.#wake();
  }

  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  get isWaiting(): boolean {
    return this.#waker !== null;
  }

  #wake(): void {
    const waker = this.#waker;
    this.#waker = null;
    waker?.wake();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.closes > 0) throw new ClosedError("this writer");
    if (this.#failure !== null) throw this.#failure.error;
    if (buf.length === 0) return 0;
    const size = Math.min(this.room, buf.length);
    if (size === 0) {
      this.#waker = cx.waker;
      return Pending;
    }
    this.room -= size;
    this.text += new TextDecoder().decode(buf.subarray(0, size));
    return size;
  }

  override pollFlush(): Poll<void> {
    this.flushes++;
  }

  override pollShutdown(): Poll<void> {
    if (this.#failure !== null) throw this.#failure.error;
    this.isShutDown = true;
  }

  override cancelWrite(): void {
    if (this.#waker !== null) this.cancels++;
    this.#waker = null;
  }

  override close(): void {
    this.closes++;
  }
}
