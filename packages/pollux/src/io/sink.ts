import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Writer } from "./writer.ts";

/** A writer that takes everything and keeps nothing; made by {@link sink}. */
class Sink extends Writer {
  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return cx.takeBudget() ? buf.length : Pending;
  }

  override get isWriteVectored(): boolean {
    return true;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return cx.takeBudget() ? bufs.reduce((size, { length }) => size + length, 0) : Pending;
  }

  override pollFlush(cx: Context): Poll<void> {
    return cx.takeBudget() ? undefined : Pending;
  }

  override pollShutdown(cx: Context): Poll<void> {
    return cx.takeBudget() ? undefined : Pending;
  }

  override cancelWrite(): void {
    // Nobody ever waits.
  }

  override close(): void {
    // There is nothing to give back.
  }
}

/**
 * A writer that takes everything and keeps nothing.
 *
 * @example
 * ```ts
 * console.log(yield* copy(take(repeat(0), 1000), sink())); // 1000
 * ```
 */
export function sink(): Writer {
  return new Sink();
}
