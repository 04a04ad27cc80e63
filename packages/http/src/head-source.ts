import { type Context, Pending, type Poll } from "pollux";
import { Deadline } from "./deadline.ts";
import type { RequestHead } from "./head.ts";
import { HeadParser } from "./head-parser.ts";
import { HttpError } from "./http-error.ts";
import type { ServerSettings } from "./server-options.ts";
import type { Transport } from "./transport.ts";

/**
 * The heads of a connection's requests, one after the other, and how long each may take.
 *
 * @internal
 */
export class HeadSource {
  private readonly transport: Transport;
  private readonly parser: HeadParser;
  private readonly idleTimeout: number;
  private readonly headTimeout: number;
  private readonly deadline: Deadline;
  private hasTimedOut: boolean;

  /** @param wake - has the connection polled again */
  constructor(transport: Transport, settings: ServerSettings, wake: () => void) {
    this.transport = transport;
    this.parser = new HeadParser(settings.limits);
    this.idleTimeout = settings.idleTimeout;
    this.headTimeout = settings.headTimeout;
    this.hasTimedOut = false;
    this.deadline = new Deadline(() => {
      this.hasTimedOut = true;
      wake();
    });
  }

  /**
   * The next head; `null` when there is none any more, because the client has gone, or has been idle for too long, or the
   * connection is closing.
   *
   * @throws HttpError for a request that is to be refused, and what the stream fails with
   */
  poll(cx: Context, isClosing: boolean): Poll<RequestHead | null> {
    const { transport, parser } = this;
    const { inbox, outbox } = transport;
    for (;;) {
      if (outbox.isFull && transport.pollFlush(cx) === Pending) return Pending;
      if (transport.gone !== null) return null;
      if (inbox.length > 0) {
        const head = parser.request(inbox);
        if (head !== null) {
          this.deadline.clear();
          this.hasTimedOut = false;
          return head;
        }
      }
      // What was answered is sent before anything is awaited; and nothing is read for whom does not read.
      if (transport.pollFlush(cx) === Pending) return Pending;
      const isBetween = inbox.length === 0 && !parser.hasBegun;
      if (transport.gone !== null || (isClosing && isBetween)) return null;
      if (this.hasTimedOut) {
        if (isBetween) return null;
        throw new HttpError(408, "HTTP_HEAD_TIMEOUT", "the head of the request took too long");
      }
      const size = transport.pollFill(cx);
      if (size === Pending) {
        if (!this.deadline.isSet) {
          const { timers } = cx.runtime;
          this.deadline.set(timers, timers.now() + (isBetween ? this.idleTimeout : this.headTimeout));
        }
        return Pending;
      }
      if (size === 0) return null;
      if (isBetween) this.deadline.clear();
    }
  }

  end(): void {
    this.deadline.end();
  }
}
