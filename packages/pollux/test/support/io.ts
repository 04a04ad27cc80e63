import type { Context } from "../../src/core/context.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";
import type { AsyncRead } from "../../src/io/async-read.ts";
import type { AsyncWrite } from "../../src/io/async-write.ts";
import { Reader } from "../../src/io/reader.ts";
import { Writer } from "../../src/io/writer.ts";

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Each character as one byte. */
export function latin1(string: string): Uint8Array {
  return Uint8Array.from(string, (char) => char.charCodeAt(0));
}

/** What a read or a write comes to: bytes, a wait, or a failure. */
export type Step = string | Uint8Array | typeof Pending | Error;

/** A reader whose reads are given: one step each, and then the end. It does not ask for budget. */
export class StepReader extends Reader {
  readonly steps: Step[];
  closes = 0;
  cancels = 0;

  constructor(...steps: Step[]) {
    super();
    this.steps = steps;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    const step = this.steps.shift();
    if (step === undefined) return 0;
    if (step === Pending) {
      cx.wake();
      return Pending;
    }
    if (step instanceof Error) throw step;
    const bytes = typeof step === "string" ? latin1(step) : step;
    const size = Math.min(bytes.length, buf.length);
    buf.set(bytes.subarray(0, size));
    if (size < bytes.length) this.steps.unshift(bytes.subarray(size));
    return size;
  }

  override cancelRead(): void {
    this.cancels++;
  }

  override close(): void {
    this.closes++;
  }
}

/** A writer whose writes are given: each takes over the bytes of one step, which it has to begin with. Then it takes 0. */
export class StepWriter extends Writer {
  readonly steps: (Step | "flush")[];
  closes = 0;
  cancels = 0;

  constructor(...steps: (Step | "flush")[]) {
    super();
    this.steps = steps;
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    const step = this.steps.shift();
    if (step === undefined) return 0;
    if (step === Pending) {
      cx.wake();
      return Pending;
    }
    if (step instanceof Error) throw step;
    const bytes = typeof step === "string" ? latin1(step) : step;
    const given = buf.subarray(0, bytes.length);
    if (String(given) !== String(bytes)) throw new Error(`expected ${bytes} to be written, got ${given}`);
    return bytes.length;
  }

  override pollFlush(cx: Context): Poll<void> {
    const step = this.steps.shift();
    if (step === undefined || step === "flush") return undefined;
    if (step === Pending) {
      cx.wake();
      return Pending;
    }
    throw step instanceof Error ? step : new Error(`a flush, before ${step} was written`);
  }

  override pollShutdown(): Poll<void> {
    return undefined;
  }

  override cancelWrite(): void {
    this.cancels++;
  }

  override close(): void {
    this.closes++;
  }
}

/** A writer that keeps what it is given, so many bytes at a time, and counts. It does not ask for budget. */
export class SlowWriter extends Writer {
  readonly data: number[] = [];
  writes = 0;
  flushes = 0;
  shutdowns = 0;
  private readonly most: number;
  private readonly vectored: boolean;

  constructor(most: number, vectored = false) {
    super();
    this.most = most;
    this.vectored = vectored;
  }

  override get isWriteVectored(): boolean {
    return this.vectored;
  }

  override pollWrite(_cx: Context, buf: Uint8Array): Poll<number> {
    this.writes++;
    const taken = buf.subarray(0, this.most);
    this.data.push(...taken);
    return taken.length;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    if (!this.vectored) return super.pollWriteVectored(cx, bufs);
    return this.pollWrite(cx, Uint8Array.from(bufs.flatMap((buf) => [...buf])));
  }

  override pollFlush(): Poll<void> {
    this.flushes++;
    return undefined;
  }

  override pollShutdown(): Poll<void> {
    this.shutdowns++;
    return undefined;
  }

  override cancelWrite(): void {}
  override close(): void {}
}

/** A reader that waits before each read. */
export class HesitantReader extends Reader {
  private readonly inner: AsyncRead;
  private hesitates = true;

  constructor(inner: AsyncRead) {
    super();
    this.inner = inner;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    this.hesitates = !this.hesitates;
    if (this.hesitates) return this.inner.pollRead(cx, buf);
    cx.wake();
    return Pending;
  }

  override cancelRead(): void {
    this.inner.cancelRead();
  }

  override close(): void {
    this.inner.close();
  }
}

/** A writer that waits before each write. */
export class HesitantWriter<W extends AsyncWrite> extends Writer {
  readonly inner: W;
  private hesitates = true;

  constructor(inner: W) {
    super();
    this.inner = inner;
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    this.hesitates = !this.hesitates;
    if (this.hesitates) return this.inner.pollWrite(cx, buf);
    cx.wake();
    return Pending;
  }

  override pollFlush(cx: Context): Poll<void> {
    return this.inner.pollFlush(cx);
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.inner.pollShutdown(cx);
  }

  override cancelWrite(): void {
    this.inner.cancelWrite();
  }

  override close(): void {
    this.inner.close();
  }
}
