import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";

/**
 * What bytes can be written to, by polls.
 *
 * Rules for who writes one; `Writer` and `Duplex` put the operations on it:
 * 1. A buffer is borrowed for the call alone.
 * 2. One waits at a time, be it to write, to flush or to shut down: whoever polled last is woken.
 * 3. A poll that gave `Pending` has taken nothing over.
 */
export interface AsyncWrite {
  /** Takes over some bytes from the start of `buf`, at least one unless it is empty; gives their number. */
  pollWrite(cx: Context, buf: Uint8Array): Poll<number>;
  /** As `pollWrite`, from several buffers in their order; gives the number of bytes in all. */
  pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number>;
  /** Whether the latter takes over more than one buffer at a time: else many small ones are better joined before. */
  readonly isWriteVectored: boolean;
  /** Ready once nothing that was taken over is held back in a buffer of this writer. */
  pollFlush(cx: Context): Poll<void>;
  /** Flushes, and ends: the other side reads the end. */
  pollShutdown(cx: Context): Poll<void>;
  /** Whoever waits in one of the above waits no longer. Harmless if nobody does. */
  cancelWrite(): void;
  /** Gives back what is held; what is buffered and was not flushed is lost. Idempotent. */
  close(): void;
}
