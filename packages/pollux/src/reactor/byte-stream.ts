import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { BaseSource } from "./base-source.ts";
import { READ_READY, WRITE_READY } from "./readiness.ts";
import type { ByteSource } from "./source.ts";
import { Waiting } from "./waiting.ts";

/**
 * The polls of a `ByteSource`, made of what its back end tries. Two directions, with one waiter each; connecting and
 * shutting down wait in that of writing.
 */
export abstract class ByteStream extends BaseSource implements ByteSource {
  bytesRead = 0;
  bytesWritten = 0;
  protected readonly reading: Waiting = new Waiting(this);
  /** Made when it is first waited for: a write seldom is, and connections are many. */
  private writingPlace: Waiting | null = null;

  abstract tryRead(buf: Uint8Array): Poll<number>;
  abstract tryReadVectored(bufs: readonly Uint8Array[]): Poll<number>;
  abstract tryPeek(buf: Uint8Array): Poll<number>;
  abstract tryWrite(buf: Uint8Array): Poll<number>;
  abstract tryWriteVectored(bufs: readonly Uint8Array[]): Poll<number>;
  abstract trySendFile(file: number, count: number): Poll<number>;
  abstract detach(): number;
  abstract readonly readiness: number;
  /** Begins to open it, if that has not begun. */
  protected abstract tryConnect(): Poll<void>;
  /** Begins to end the write side, if that has not begun. */
  protected abstract tryShutdown(): Poll<void>;
  /** Has the system tell of what arrives, if it is not asked for that yet. */
  protected abstract startReading(): void;

  pollConnect(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    return this.tryConnect() === Pending ? this.waitToWrite(cx) : undefined;
  }

  pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const size = this.tryRead(buf);
    return size === Pending ? this.wait(cx, this.reading) : size;
  }

  pollReadVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const size = this.tryReadVectored(bufs);
    return size === Pending ? this.wait(cx, this.reading) : size;
  }

  pollPeek(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const size = this.tryPeek(buf);
    return size === Pending ? this.wait(cx, this.reading) : size;
  }

  pollReadReady(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    if (this.isClosed) this.refuse();
    if ((this.readiness & READ_READY) !== 0) return undefined;
    this.startReading();
    return this.wait(cx, this.reading);
  }

  cancelRead(): void {
    this.reading.end();
  }

  pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const size = this.tryWrite(buf);
    return size === Pending ? this.waitToWrite(cx) : size;
  }

  pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const size = this.tryWriteVectored(bufs);
    return size === Pending ? this.waitToWrite(cx) : size;
  }

  pollSendFile(cx: Context, file: number, count: number): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const size = this.trySendFile(file, count);
    return size === Pending ? this.waitToWrite(cx) : size;
  }

  pollWriteReady(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    if (this.isClosed) this.refuse();
    return (this.readiness & WRITE_READY) !== 0 ? undefined : this.waitToWrite(cx);
  }

  pollShutdown(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    return this.tryShutdown() === Pending ? this.waitToWrite(cx) : undefined;
  }

  cancelWrite(): void {
    this.writingPlace?.end();
  }

  /** Something has changed for both directions: an end, a failure. */
  protected wakeBoth(): void {
    this.reading.wake();
    this.wakeWriter();
  }

  protected wakeWriter(): void {
    this.writingPlace?.wake();
  }

  private waitToWrite(cx: Context): Pending {
    this.writingPlace ??= new Waiting(this);
    return this.wait(cx, this.writingPlace);
  }
}
