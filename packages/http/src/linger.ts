import { type Context, Pending, type Poll } from "pollux";
import { Deadline } from "./deadline.ts";
import type { Transport } from "./transport.ts";

/** How long what still comes is read over after the last answer, in ms, and how much of it. */
const LINGER = 1000;
const LINGER_BYTES = 1024 * 1024;

/**
 * The end of a connection that has had its last answer: that is sent, our side is ended, and what still comes is read over
 * for a while. To close while there is something to read would send a reset, which can overtake the answer (RFC 9112, 9.6).
 *
 * @internal
 */
export class Linger {
  private readonly transport: Transport;
  private readonly deadline: Deadline;
  private isShut: boolean;
  private hasTimedOut: boolean;
  /** Bytes that were read over. */
  private size: number;

  /** @param wake - has the connection polled again */
  constructor(transport: Transport, wake: () => void) {
    this.transport = transport;
    this.deadline = new Deadline(() => {
      this.hasTimedOut = true;
      wake();
    });
    this.isShut = false;
    this.hasTimedOut = false;
    this.size = 0;
  }

  /** Ready once the connection can be closed. */
  poll(cx: Context): Poll<void> {
    const { transport } = this;
    if (!this.isShut) {
      if (transport.pollFlush(cx) === Pending) return Pending;
      if (transport.gone !== null) return undefined;
      if (transport.stream.pollShutdown(cx) === Pending) return Pending;
      this.isShut = true;
      const { timers } = cx.runtime;
      this.deadline.set(timers, timers.now() + LINGER);
    }
    while (!this.hasTimedOut && this.size < LINGER_BYTES) {
      const size = transport.pollForget(cx);
      if (size === Pending) return Pending;
      if (size === 0) break;
      this.size += size;
    }
    return undefined;
  }

  end(): void {
    this.deadline.end();
  }
}
