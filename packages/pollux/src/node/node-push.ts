import { finished } from "node:stream";
import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { type KeepsAlive, Waiting } from "../reactor/waiting.ts";
import { KEEPS_NOTHING_ALIVE } from "./keeps-nothing-alive.ts";
import { leaveStream } from "./node-teardown.ts";
import type { NodeWritable } from "./node-types.ts";
import { BUFFER_SIZE, giveBuffer, takeBuffer } from "./spare-buffers.ts";

/** From so many bytes on, a copy is worth a buffer that is used again. */
const LARGE = 16_384;

/** How {@link NodePush} writes. */
export interface NodePushOptions {
  /** What keeps the process alive while somebody waits, if the stream does not do so by itself. */
  readonly alive?: KeepsAlive;
  /** Whether the stream looks no more at what it has said was written. Not every one is: what a `PassThrough` was given is read. */
  readonly isDoneWithWritten?: boolean;
}

/**
 * The write side of a stream of Node. It listens from the first poll on, and stops when the stream has closed.
 *
 * @internal
 */
export class NodePush {
  private readonly writable: NodeWritable;
  private readonly waiting: Waiting;
  private readonly isDoneWithWritten: boolean;
  private stopListening: (() => void) | null;
  /** Writes that the stream has not done with. */
  private writes: number;
  private isEnding: boolean;
  private isFinished: boolean;
  private failure: { readonly error: unknown; reported: boolean } | null;
  private closing: Promise<void> | null;

  constructor(writable: NodeWritable, options: NodePushOptions = {}) {
    this.writable = writable;
    this.waiting = new Waiting(options.alive ?? KEEPS_NOTHING_ALIVE);
    this.isDoneWithWritten = options.isDoneWithWritten ?? false;
    this.stopListening = null;
    this.writes = 0;
    this.isEnding = false;
    this.isFinished = false;
    this.failure = null;
    this.closing = null;
  }

  pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    requireNodeLoop(cx.runtime, KEEPS_NOTHING_ALIVE.needsNodeLoop);
    this.requireUsable();
    // Ended by us, or by somebody else: Node would take the write and fail later.
    if (this.isEnding || this.isFinished || this.writable.writableEnded)
      throw new ClosedError("the write side of this stream");
    if (buf.length === 0) return 0;
    this.listen();
    // One that was destroyed takes nothing over, and is about to say why.
    if (this.writable.destroyed || this.writable.writableNeedDrain) return this.wait(cx);
    // A copy is made, for which a write takes over no more than a buffer.
    const size = Math.min(buf.length, BUFFER_SIZE);
    this.writes++;
    if (this.isDoneWithWritten && size >= LARGE) this.writeFromBuffer(buf.subarray(0, size));
    else this.writable.write(buf.slice(0, size), this.onWritten);
    return size;
  }

  pollFlush(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    this.requireUsable();
    return this.writes > 0 ? this.wait(cx) : undefined;
  }

  pollShutdown(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    this.requireUsable();
    if (this.isFinished) return undefined;
    this.listen();
    if (!this.isEnding) {
      this.isEnding = true;
      this.writable.end();
    }
    return this.wait(cx);
  }

  cancel(): void {
    this.waiting.end();
  }

  /** Destroys the stream, and waits until it has closed. Idempotent. */
  close(): Promise<void> {
    if (this.closing === null) {
      this.closing = leaveStream(this.writable);
      this.waiting.wake();
    }
    return this.closing;
  }

  private writeFromBuffer(bytes: Uint8Array): void {
    const buffer = takeBuffer();
    buffer.set(bytes);
    this.writable.write(buffer.subarray(0, bytes.length), () => {
      giveBuffer(buffer);
      this.onWritten();
    });
  }

  private wait(cx: Context): Pending {
    cx.refundBudget();
    this.waiting.begin(cx);
    return Pending;
  }

  /** Throws the failure of the stream: itself the first time, and as a cause from then on. */
  private requireUsable(): void {
    if (this.closing !== null) throw new ClosedError("this writer");
    const { failure } = this;
    if (failure === null) return;
    if (failure.reported) throw new ClosedError("this writer", { cause: failure.error });
    failure.reported = true;
    throw failure.error;
  }

  private listen(): void {
    if (this.stopListening !== null) return;
    const { writable } = this;
    writable.on("drain", this.wake);
    const forget = finished(writable, { readable: false }, (error) => {
      if (error === null || error === undefined) this.isFinished = true;
      else this.failure ??= { error, reported: false };
      this.wake();
      if (writable.closed) this.stopListening?.();
      else if (this.stopListening !== null) writable.once("close", this.stopListening);
    });
    this.stopListening = () => {
      writable.removeListener("drain", this.wake);
      forget();
    };
  }

  private readonly wake = (): void => this.waiting.wake();

  /** A failure is told to `finished` too. */
  private readonly onWritten = (): void => {
    this.writes--;
    this.waiting.wake();
  };
}
