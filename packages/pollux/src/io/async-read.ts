import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";

/**
 * What bytes can be read from, by polls.
 *
 * Rules for who writes one; `Reader` and `Duplex` put the operations on it:
 * 1. The buffer is borrowed for the call alone.
 * 2. One waits at a time: whoever polled last is woken.
 * 3. What had arrived when a read was given up stays for the next.
 * 4. A failure is thrown once, after the bytes that came before it.
 */
export interface AsyncRead {
  /** Copies what is there into `buf`, which is not empty, and gives the number of bytes; 0 once there are no more. */
  pollRead(cx: Context, buf: Uint8Array): Poll<number>;
  /** Whoever waits in `pollRead` waits no longer. Harmless if nobody does. */
  cancelRead(): void;
  /** Gives back what is held. Idempotent. */
  close(): void;
}
