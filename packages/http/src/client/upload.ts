import { Buffer } from "node:buffer";
import { type Context, Pending, type Reader } from "pollux";
import { Deadline } from "../deadline.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { ClientSettings } from "./client-options.ts";
import type { Outgoing } from "./outgoing.ts";

/** Into which the pieces of all bodies are read: they are copied before the poll ends. */
const scratch = Buffer.allocUnsafeSlow(32_768);

/**
 * A request on its way: the head with a body that is whole in one write, or the pieces of a body as they come and as the
 * server takes them.
 *
 * @internal
 */
export class Upload {
  private readonly request: Outgoing;
  private readonly connection: ClientConnection;
  private readonly settings: ClientSettings;
  private hasBegun: boolean;
  /** The pieces; `null` if there are none, or none any more. */
  private source: Reader | null;
  /** Bytes of a body with a length that are still to come. */
  private left: number;
  /** The body waits for a `100 Continue`. */
  private isHeld: boolean;
  private holding: Deadline | null;
  private writtenBefore: number;
  /** Nothing is left to be sent. */
  isSent: boolean;
  /** What writing has failed with: whether the request has, its response says. */
  failure: unknown;

  constructor(request: Outgoing, connection: ClientConnection, settings: ClientSettings) {
    this.request = request;
    this.connection = connection;
    this.settings = settings;
    this.hasBegun = false;
    this.source = null;
    this.left = 0;
    this.isHeld = request.expectsContinue;
    this.holding = null;
    this.writtenBefore = 0;
    this.isSent = false;
    this.failure = null;
  }

  /**
   * Sends what can be sent now.
   *
   * @throws what the source of the body fails with
   */
  poll(cx: Context): void {
    if (this.failure !== null) return;
    const { outbox } = this.connection;
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.writtenBefore = outbox.written;
      outbox.text(this.request.head);
      if (this.isHeld) this.hold(cx);
      else this.beginBody();
    }
    while (this.source !== null) {
      if (outbox.isFull && !this.flush(cx)) return;
      const size = this.source.pollRead(cx, scratch);
      if (size === Pending) {
        this.flush(cx);
        return;
      }
      this.piece(size);
    }
    if (this.flush(cx) && !this.isHeld) this.isSent = true;
  }

  private hold(cx: Context): void {
    const { continueTimeout } = this.settings;
    if (continueTimeout === Number.POSITIVE_INFINITY) return;
    const { timers } = cx.runtime;
    const { waker } = cx;
    this.holding = new Deadline(() => {
      this.go();
      waker.wake();
    });
    this.holding.set(timers, timers.now() + continueTimeout);
  }

  /** The body is not held back any longer. */
  go(): void {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.holding?.end();
    this.beginBody();
  }

  private beginBody(): void {
    const { body, bodyLength } = this.request;
    if (body === null) return;
    const { whole } = body;
    if (whole === null) {
      this.source = body.open();
      this.left = bodyLength ?? 0;
    } else if (typeof whole === "string") this.connection.outbox.utf8(whole, body.length ?? 0);
    else this.connection.outbox.bytes(whole);
  }

  private piece(size: number): void {
    const { outbox } = this.connection;
    const isChunked = this.request.bodyLength === null;
    if (size === 0) {
      if (!isChunked && this.left > 0)
        throw new TypeError(`the body ends ${this.left} bytes before its Content-Length`);
      if (isChunked) outbox.text("0\r\n\r\n");
      this.dropSource();
      return;
    }
    if (isChunked) outbox.text(`${size.toString(16)}\r\n`);
    else if (size > this.left) throw new TypeError("the body is longer than its Content-Length");
    else this.left -= size;
    outbox.bytes(scratch.subarray(0, size));
    if (isChunked) outbox.text("\r\n");
  }

  /** Whether all is written that was to be. */
  private flush(cx: Context): boolean {
    const { outbox, stream } = this.connection;
    try {
      return outbox.pollFlush(cx) !== Pending && stream.pollFlush(cx) !== Pending;
    } catch (error) {
      // A server that does not want all of it answers, and ends: that answer is still to be read.
      this.failure = error;
      outbox.drop();
      this.dropSource();
      return false;
    }
  }

  /** Whether the next step is the server's. */
  get waitsForServer(): boolean {
    return this.isSent || this.isHeld || this.failure !== null || !this.connection.outbox.isEmpty;
  }

  /** Whether the server has taken something since this was last asked. */
  hasMoved(): boolean {
    const { written } = this.connection.outbox;
    const hasMoved = written !== this.writtenBefore;
    this.writtenBefore = written;
    return hasMoved;
  }

  /** The head of the response is there: a body that was held back is not sent. */
  answered(): void {
    if (!this.isHeld) return;
    this.holding?.end();
    this.failure = new Error("the server has answered without the body");
  }

  /** Nobody polls for now. */
  leave(): void {
    this.source?.cancelRead();
    this.connection.stream.cancelWrite();
  }

  private dropSource(): void {
    const { source } = this;
    this.source = null;
    source?.cancelRead();
    source?.close();
  }

  /** Gives up what was not sent. */
  close(): void {
    this.holding?.end();
    this.dropSource();
  }
}
