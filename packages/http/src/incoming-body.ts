import { Buffer } from "node:buffer";
import { type Context, Pending, type Poll, type Waker } from "pollux";
import { BodyDecoder } from "./body-decoder.ts";
import { Deadline } from "./deadline.ts";
import type { Fields } from "./fields.ts";
import type { Framing } from "./framing.ts";
import type { RequestHead } from "./head.ts";
import { HttpError } from "./http-error.ts";
import type { ServerSettings } from "./server-options.ts";
import type { Transport } from "./transport.ts";

/** So much of a body that nobody has read is read over, to keep the connection. */
const READ_OVER = 65_536;

const scratch = Buffer.allocUnsafeSlow(READ_OVER);

/**
 * The body of the request under way: read when the handler asks for it, at most so much and for so long.
 *
 * @internal
 */
export class IncomingBody {
  private readonly transport: Transport;
  private readonly framing: Framing;
  private readonly decoder: BodyDecoder;
  private readonly maxBody: number;
  private readonly timeout: number;
  private readonly wake: () => void;
  /** Bytes that were read. */
  private taken: number;
  private readOver: number;
  /** What is left of the time for the body, in ms, and since when somebody has waited for a part of it, or -1. */
  private timeLeft: number;
  private waitsSince: number;
  private waker: Waker | null;
  private hasTimedOut: boolean;
  private deadline: Deadline | null;

  /** @param wake - has the connection polled again */
  constructor(transport: Transport, framing: Framing, settings: ServerSettings, wake: () => void) {
    this.transport = transport;
    this.framing = framing;
    this.decoder = new BodyDecoder(settings.limits);
    this.maxBody = settings.maxBody;
    this.timeout = settings.bodyTimeout;
    this.wake = wake;
    this.taken = 0;
    this.readOver = 0;
    this.timeLeft = 0;
    this.waitsSince = -1;
    this.waker = null;
    this.hasTimedOut = false;
    this.deadline = null;
  }

  /** @throws HttpError for a body that is longer than any may be */
  begin(head: RequestHead): void {
    if (head.bodyLength > this.maxBody) throw tooLong(this.maxBody);
    this.decoder.begin(head.bodyLength);
    this.taken = 0;
    this.readOver = 0;
    this.timeLeft = this.timeout;
    this.waitsSince = -1;
    this.waker = null;
    this.hasTimedOut = false;
  }

  /** Whether somebody waits for a part of it, and so sees the end of the connection. */
  get isAwaited(): boolean {
    return this.waitsSince !== -1;
  }

  get trailers(): Fields {
    return this.decoder.trailers;
  }

  /** A part of it; 0 at its end. @throws HttpError */
  poll(cx: Context, buf: Uint8Array): Poll<number> {
    const { transport, framing } = this;
    if (this.hasTimedOut)
      throw new HttpError(408, "HTTP_BODY_TIMEOUT", "the body of the request took too long");
    transport.checkClient();
    if (framing.owesContinue) {
      framing.owesContinue = false;
      // An answer that has begun says as much.
      if (!framing.hasBegun) transport.outbox.text("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (!transport.outbox.isEmpty && !framing.hasBegun && transport.pollFlush(cx) === Pending) {
      this.waits(cx);
      return Pending;
    }
    const isBuffered = transport.inbox.length > 0 || this.decoder.isDone;
    if (isBuffered && !cx.takeBudget()) return Pending;
    let size: Poll<number>;
    try {
      size = this.pollDecoded(cx, buf);
    } catch (error) {
      this.arrived(cx);
      framing.keepAlive = false;
      if (!(error instanceof HttpError)) transport.lost(error);
      transport.isTold = transport.gone !== null;
      throw error instanceof HttpError ? error : transport.gone;
    }
    if (size === Pending) {
      if (isBuffered) cx.refundBudget();
      this.waits(cx);
      return Pending;
    }
    this.arrived(cx);
    this.taken += size;
    if (this.taken > this.maxBody) {
      framing.keepAlive = false;
      throw tooLong(this.maxBody);
    }
    return size;
  }

  /** All of it, if it has a length and is there; good up to the next read. Else `null`, and it is to be polled for. */
  takeWhole(): Uint8Array | null {
    const { decoder, transport } = this;
    const { inbox } = transport;
    const { whole } = decoder;
    if (whole === -1 || whole > inbox.length || this.taken > 0) return null;
    if (this.hasTimedOut || transport.gone !== null) return null;
    this.framing.owesContinue = false;
    const { buf, start } = inbox;
    decoder.passed(whole);
    this.taken = whole;
    inbox.skip(whole);
    return buf.subarray(start, start + whole);
  }

  /** Bytes of the body that are there; 0 at its end. */
  private pollDecoded(cx: Context, buf: Uint8Array): Poll<number> {
    const { decoder, transport } = this;
    const { inbox, stream } = transport;
    for (;;) {
      if (inbox.length > 0) {
        const size = decoder.take(inbox, buf);
        if (size > 0) return size;
      }
      if (decoder.isDone) return 0;
      if (inbox.length === 0 && decoder.direct > 0) {
        const room = buf.length <= decoder.direct ? buf : buf.subarray(0, decoder.direct);
        const size = stream.pollRead(cx, room);
        if (size === Pending) return Pending;
        if (size > 0) {
          decoder.passed(size);
          return size;
        }
      } else {
        const size = transport.pollFill(cx);
        if (size === Pending) return Pending;
        if (size > 0) continue;
      }
      transport.lost();
      decoder.ended();
    }
  }

  /**
   * Reads over what nobody has read. Gives whether the connection is of use behind it: if not, there is too much, or it is
   * broken.
   */
  pollRest(cx: Context): Poll<boolean> {
    while (!this.decoder.isDone) {
      // The client may wait for the answer before it sends the rest.
      if (this.transport.pollFlush(cx) === Pending) return Pending;
      const size = this.pollDecoded(cx, scratch);
      if (size === Pending) return Pending;
      this.readOver += size;
      if (this.readOver > READ_OVER) return false;
    }
    return true;
  }

  private waits(cx: Context): void {
    this.waker = cx.waker;
    if (this.waitsSince !== -1) return;
    const { timers } = cx.runtime;
    this.waitsSince = timers.now();
    this.deadline ??= new Deadline(() => this.expired());
    this.deadline.set(timers, this.waitsSince + this.timeLeft);
  }

  private arrived(cx: Context): void {
    if (this.waitsSince === -1) return;
    this.timeLeft = Math.max(0, this.timeLeft - (cx.runtime.timers.now() - this.waitsSince));
    this.cancel();
  }

  private expired(): void {
    this.hasTimedOut = true;
    this.waker?.wake();
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    if (this.waitsSince === -1) return;
    this.waitsSince = -1;
    this.waker = null;
    this.deadline?.clear();
    this.transport.stream.cancelRead();
    // The connection looks for its end again.
    this.wake();
  }

  /** Nobody may wait for it any more: who does is told. */
  close(): void {
    const { waker } = this;
    this.cancel();
    waker?.wake();
  }

  /** A task of the handler's that still waits for it learns that the exchange is over. */
  release(): void {
    this.waker?.wake();
    this.waker = null;
    this.waitsSince = -1;
    this.deadline?.clear();
  }

  end(): void {
    this.deadline?.end();
  }
}

function tooLong(maxBody: number): HttpError {
  return new HttpError(413, "HTTP_BODY_TOO_LONG", `the body is longer than ${maxBody} bytes`);
}
