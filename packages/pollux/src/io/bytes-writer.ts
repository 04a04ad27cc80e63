import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { ByteQueue } from "./byte-queue.ts";
import { Writer } from "./writer.ts";

/**
 * A writer that keeps what it is given, in memory.
 *
 * @example
 * ```ts
 * const writer = new BytesWriter();
 * yield* writer.writeAll(new TextEncoder().encode("hello"));
 * console.log(new TextDecoder().decode(writer.bytes)); // "hello"
 * ```
 */
export class BytesWriter extends Writer {
  private readonly queue = new ByteQueue();
  private isOver = false;

  /** All that was written so far, without a copy: valid until the next write. */
  get bytes(): Uint8Array {
    return this.queue.view();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.pollWriteVectored(cx, [buf]);
  }

  override get isWriteVectored(): boolean {
    return true;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    if (this.isOver) throw new ClosedError("this writer");
    const before = this.queue.length;
    for (const buf of bufs) this.queue.append(buf);
    return this.queue.length - before;
  }

  override pollFlush(cx: Context): Poll<void> {
    return cx.takeBudget() ? undefined : Pending;
  }

  override pollShutdown(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    this.isOver = true;
    return undefined;
  }

  override cancelWrite(): void {
    // Nobody ever waits.
  }

  /** Takes nothing more. What was written stays. */
  override close(): void {
    this.isOver = true;
  }
}
