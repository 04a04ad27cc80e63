import { finished } from "node:stream";
import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { type KeepsAlive, Waiting } from "../reactor/waiting.ts";
import { KEEPS_NOTHING_ALIVE } from "./keeps-nothing-alive.ts";
import { leaveStream } from "./node-teardown.ts";
import type { NodeReadable } from "./node-types.ts";

/**
 * What a readable of Node gives, asked for by `read()`: no more is in memory than the stream's own buffer. It listens from
 * the first poll on.
 *
 * Of the listeners one for failures stays until the stream has closed, lest one that comes late be an uncaught error.
 *
 * @internal
 */
export class NodePull {
  private readonly readable: NodeReadable;
  readonly waiting: Waiting;
  private isListening: boolean;
  private stopListening: () => void;
  /** Set when nothing more comes. */
  private ended: { readonly error?: unknown } | null;
  private closing: Promise<void> | null;

  /** @param alive - what keeps the process alive while somebody waits, if the stream does not do so by itself */
  constructor(readable: NodeReadable, alive: KeepsAlive = KEEPS_NOTHING_ALIVE) {
    this.readable = readable;
    this.waiting = new Waiting(alive);
    this.isListening = false;
    this.stopListening = () => {};
    this.ended = null;
    this.closing = null;
  }

  /** @param room - how many bytes there is room for; more can come */
  poll(cx: Context, room: number): Poll<unknown> {
    if (this.closing !== null) throw new ClosedError("this reader");
    if (!cx.takeBudget()) return Pending;
    requireNodeLoop(cx.runtime, KEEPS_NOTHING_ALIVE.needsNodeLoop);
    this.listen();
    const { ended, readable } = this;
    if (ended === null) {
      const chunk: unknown = readable.readableLength > room ? readable.read(room) : readable.read();
      if (chunk !== null) return chunk;
      // It may have ended in the call.
      if (this.ended === null) {
        cx.refundBudget();
        this.waiting.begin(cx);
        return Pending;
      }
    }
    const how = this.ended ?? {};
    this.ended = {};
    if ("error" in how) throw how.error;
    return End;
  }

  /** Begins to listen, and Node to read ahead up to its `highWaterMark`. The first poll does so too. */
  listen(): void {
    if (this.isListening) return;
    this.isListening = true;
    const { readable } = this;
    const wake = (): void => this.waiting.wake();
    readable.on("readable", wake);
    const forget = finished(readable, { writable: false }, (error) => {
      this.ended ??= error === null || error === undefined ? {} : { error };
      this.stopListening();
      this.waiting.wake();
    });
    this.stopListening = () => {
      readable.removeListener("readable", wake);
      if (readable.closed) forget();
      else readable.once("close", forget);
      this.stopListening = () => {};
    };
  }

  /** Destroys the stream, and waits until it has closed. Idempotent. */
  close(): Promise<void> {
    if (this.closing === null) {
      this.stopListening();
      this.closing = leaveStream(this.readable);
      this.waiting.wake();
    }
    return this.closing;
  }
}
