import { Buffer } from "node:buffer";
import {
  Cleanup,
  type Context,
  type Duplex,
  Future,
  type Inspection,
  Pending,
  type Poll,
  PollAfterCompletionError,
  type TcpStream,
  type Waker,
} from "pollux";
import { BodyDecoder } from "./body-decoder.ts";
import { Deadline } from "./deadline.ts";
import type { Fields } from "./fields.ts";
import { CHUNKED, type RequestHead } from "./head.ts";
import { HeadParser } from "./head-parser.ts";
import { HttpError } from "./http-error.ts";
import { Inbox } from "./inbox.ts";
import { Outbox } from "./outbox.ts";
import { dateLine, reasonOf } from "./reasons.ts";
import { HttpRequest } from "./request.ts";
import { HttpResponse } from "./response.ts";
import type { ServerSettings } from "./server-options.ts";
import { UpgradedStream } from "./upgraded.ts";

/** Answers a request: what it returns is polled to its end, and cancelled if the client goes away. */
export type Handler = (request: HttpRequest, response: HttpResponse) => Future<unknown> | void;

/** A head is awaited; a handler runs; it is being given up; the answer is whole, and a body may be left to be read. */
const Reading = 0;
const Handling = 1;
const GivingUp = 2;
const Draining = 3;
/** The last answer is being written; and what still comes is read over, so that no reset overtakes it. */
const Closing = 4;
const Lingering = 5;
const Over = 6;

/** While a handler runs, so much is read ahead: to see the end of the connection behind it. */
const READ_AHEAD = 65_536;
/** So much of a body that nobody has read is read over, to keep the connection. */
const READ_OVER = 65_536;
/** How long what still comes is read over after the last answer, in ms. */
const LINGER = 1000;

/** Into which all connections of a thread read: the bytes that came are copied, and those are few. */
const scratch = Buffer.allocUnsafeSlow(65_536);

/**
 * One connection of a server: a task of its own, in which its handlers run, one after the other.
 *
 * @internal
 */
export class Connection extends Future<void> {
  readonly stream: TcpStream;
  readonly outbox: Outbox;
  private readonly handler: Handler;
  private readonly settings: ServerSettings;
  private readonly onEnd: (connection: Connection) => void;
  private readonly inbox: Inbox;
  private readonly parser: HeadParser;
  private readonly decoder: BodyDecoder;
  private state: number;
  /** The exchange under way. */
  request: HttpRequest | null;
  response: HttpResponse | null;
  private handling: Future<unknown> | null;
  private cleanup: Cleanup | null;
  /** Whether the connection is of use after this exchange. */
  private keepAlive: boolean;
  private minor: number;
  isHead: boolean;
  isChunked: boolean;
  /** The client waits for it before it sends the body. */
  private owesContinue: boolean;
  private isUpgraded: boolean;
  /** Of the body, those that were read. */
  private bodyBytes: number;
  /** What ended the exchange from outside: the client has gone away, or takes nothing. */
  gone: HttpError | null;
  /** The handler knows of it by the failure of what it did: it cleans up by itself. */
  private isTold: boolean;
  /** No further request is taken. */
  private isClosing: boolean;
  /** What is left of the time for the body, in ms, and since when somebody has waited for a part of it. */
  private bodyTime: number;
  private bodyWaitsSince: number;
  private bodyWaker: Waker | null;
  /** Who waits to send a part of the response. */
  private sendWaker: Waker | null;
  private bodyTimedOut: boolean;
  private readTimedOut: boolean;
  private readOver: number;
  /** What had been written when the time for more of it began. */
  private writtenBefore: number;
  private waker: Waker | null;
  /** What may wait for bytes: a request, its head, its body, or the rest of the connection. */
  private readonly readDeadline: Deadline;
  private readonly writeDeadline: Deadline;

  constructor(
    stream: TcpStream,
    handler: Handler,
    settings: ServerSettings,
    onEnd: (connection: Connection) => void,
  ) {
    super();
    this.stream = stream;
    this.outbox = new Outbox(stream);
    this.handler = handler;
    this.settings = settings;
    this.onEnd = onEnd;
    this.inbox = new Inbox();
    this.parser = new HeadParser(settings.limits);
    this.decoder = new BodyDecoder(settings.limits);
    this.state = Reading;
    this.request = null;
    this.response = null;
    this.handling = null;
    this.cleanup = null;
    this.keepAlive = true;
    this.minor = 1;
    this.isHead = false;
    this.isChunked = false;
    this.owesContinue = false;
    this.isUpgraded = false;
    this.bodyBytes = 0;
    this.gone = null;
    this.isTold = false;
    this.isClosing = false;
    this.bodyTime = 0;
    this.bodyWaitsSince = -1;
    this.bodyWaker = null;
    this.sendWaker = null;
    this.bodyTimedOut = false;
    this.readTimedOut = false;
    this.readOver = 0;
    this.writtenBefore = 0;
    this.waker = null;
    this.readDeadline = new Deadline(() => this.readExpired());
    this.writeDeadline = new Deadline(() => this.writeExpired());
  }

  override poll(cx: Context): Poll<void> {
    if (this.state === Over) throw new PollAfterCompletionError("this connection");
    this.waker = cx.waker;
    try {
      for (;;) {
        const { state } = this;
        if (this.step(cx) === Pending) return Pending;
        if (this.state === Over) return undefined;
        // Requests that are there already are many steps, of which none may have asked for budget.
        if (state === Draining && !cx.takeBudget()) {
          this.pollFlush(cx);
          return Pending;
        }
      }
    } catch (error) {
      // What the stream fails with, while no handler runs: the client has gone, and nobody is there to be told.
      this.end();
      if (error !== this.gone && !isOfStream(error)) throw error;
      return undefined;
    }
  }

  /** Goes on in the state that it is in; `Pending` if it has to wait there. */
  private step(cx: Context): Poll<void> {
    switch (this.state) {
      case Reading:
        return this.pollHead(cx);
      case Handling:
        return this.pollHandler(cx);
      case GivingUp:
        return this.pollCleanup(cx);
      case Draining:
        return this.pollDrain(cx);
      case Closing:
        if (this.pollFlush(cx) === Pending) return Pending;
        if (this.gone !== null) return this.end();
        if (this.stream.pollShutdown(cx) === Pending) return Pending;
        this.state = Lingering;
        this.readTimedOut = false;
        this.readOver = 0;
        this.readDeadline.set(cx.runtime.timers, cx.runtime.timers.now() + LINGER);
        return undefined;
      default:
        return this.pollLinger(cx);
    }
  }

  private pollHead(cx: Context): Poll<void> {
    for (;;) {
      if (this.outbox.isFull && this.pollFlush(cx) === Pending) return Pending;
      if (this.gone !== null) return this.end();
      if (this.inbox.length > 0) {
        let head: RequestHead | null;
        try {
          head = this.parser.request(this.inbox);
          if (head !== null) return this.begin(cx, head);
        } catch (error) {
          if (!(error instanceof HttpError)) throw error;
          return this.refuse(error);
        }
      }
      // What was answered is sent before anything is awaited; and nothing is read for whom does not read.
      if (this.pollFlush(cx) === Pending) return Pending;
      const isBetween = this.inbox.length === 0 && !this.parser.hasBegun;
      if (this.gone !== null || (this.isClosing && isBetween)) return this.end();
      if (this.readTimedOut) {
        if (isBetween) return this.end();
        return this.refuse(new HttpError(408, "HTTP_HEAD_TIMEOUT", "the head of the request took too long"));
      }
      const size = this.stream.pollRead(cx, scratch);
      if (size === Pending) {
        this.awaitHead(cx, isBetween);
        return Pending;
      }
      if (size === 0) return this.end();
      if (isBetween) this.readDeadline.clear();
      this.inbox.push(scratch, size);
    }
  }

  private awaitHead(cx: Context, isBetween: boolean): void {
    const { timers } = cx.runtime;
    const { idleTimeout, headTimeout } = this.settings;
    if (isBetween) {
      if (!this.readDeadline.isSet) this.readDeadline.set(timers, timers.now() + idleTimeout);
    } else if (!this.readDeadline.isSet) this.readDeadline.set(timers, timers.now() + headTimeout);
  }

  private begin(cx: Context, head: RequestHead): Poll<void> {
    this.readDeadline.clear();
    this.readTimedOut = false;
    const { maxBody, bodyTimeout } = this.settings;
    this.minor = head.minor;
    this.isHead = head.method === "HEAD";
    this.keepAlive = head.keepAlive;
    if (head.bodyLength > maxBody) return this.refuse(tooLong(maxBody));
    this.isChunked = false;
    this.owesContinue = head.expectsContinue;
    this.bodyBytes = 0;
    this.bodyTime = bodyTimeout;
    this.bodyTimedOut = false;
    this.bodyWaitsSince = -1;
    this.bodyWaker = null;
    this.decoder.begin(head.bodyLength);
    const request = new HttpRequest(this, head);
    const response = new HttpResponse(this);
    this.request = request;
    this.response = response;
    this.state = Handling;
    // What was answered before is out of the way before somebody may wait for a client that waits for it.
    if (head.bodyLength !== 0) this.pollFlush(cx);
    try {
      const handling = this.handler(request, response);
      if (handling === undefined) this.completed();
      else {
        if (typeof handling?.poll !== "function") {
          throw new TypeError(
            "a handler returns a future or nothing: make it a coroutine, by `co(function* …)`",
          );
        }
        handling.claim(this);
        this.handling = handling;
      }
    } catch (error) {
      this.failed(error);
    }
    return undefined;
  }

  private pollHandler(cx: Context): Poll<void> {
    const { handling } = this;
    if (handling === null) return undefined;
    let poll: Poll<unknown>;
    try {
      poll = handling.poll(cx);
    } catch (error) {
      this.handling = null;
      this.failed(error);
      return undefined;
    }
    if (poll !== Pending) {
      this.handling = null;
      this.completed();
      return undefined;
    }
    this.watch(cx);
    if (this.gone === null) {
      // An answer to an earlier request, which nobody else has a reason to write.
      if (!this.response?.hasBegun && this.bodyWaitsSince === -1) this.pollFlush(cx);
      return Pending;
    }
    // To cancel it now would cut its own cleanup short. It gets as much time as a cancel.
    if (this.isTold && !this.readTimedOut) {
      const { timers, cleanupLimit } = cx.runtime;
      if (!this.readDeadline.isSet) this.readDeadline.set(timers, timers.now() + cleanupLimit);
      return Pending;
    }
    this.cleanup = new Cleanup(handling, this.gone, "the handler of a client that went away");
    this.state = GivingUp;
    return undefined;
  }

  /** Sees the end of the connection while a handler runs, unless that reads by itself. */
  private watch(cx: Context): void {
    if (this.isUpgraded || this.bodyWaitsSince !== -1) return;
    try {
      while (this.gone === null && this.inbox.length < READ_AHEAD) {
        const size = this.stream.pollRead(cx, scratch);
        if (size === Pending) return;
        if (size === 0) this.gone = clientGone();
        else this.inbox.push(scratch, size);
      }
    } catch (error) {
      this.gone = clientGone(error);
    }
  }

  private pollCleanup(cx: Context): Poll<void> {
    const cleanup = this.cleanup as Cleanup; // In this state.
    try {
      if (cleanup.poll(cx) === Pending) return Pending;
    } catch (error) {
      this.settings.onError(error, this.request);
    }
    this.cleanup = null;
    this.handling = null;
    return this.end();
  }

  private completed(): void {
    const { response, request } = this;
    if (response === null) return;
    try {
      if (response.finish()) {
        this.answered();
        return;
      }
    } catch (error) {
      this.failed(error);
      return;
    }
    if (!this.isUpgraded && this.gone === null) {
      this.settings.onError(
        new RangeError("the handler ended its response before its length, or closed it"),
        request,
      );
    }
    this.end();
  }

  /** The answer is whole: what is left is the rest of the request. */
  private answered(): void {
    this.request = null;
    this.response = null;
    this.handling = null;
    this.releaseWaiters();
    this.state = Draining;
    this.readOver = 0;
  }

  private failed(error: unknown): void {
    const { response, request } = this;
    this.handling = null;
    const isTold = error instanceof HttpError;
    if (!isTold && this.gone === null) this.settings.onError(error, request);
    if (response === null || this.gone !== null || response.hasBegun || this.isUpgraded) {
      // The client sees that the answer is cut short.
      this.end();
      return;
    }
    if (isTold) this.refuse(error);
    else this.answerAndClose(500, reasonOf(500));
  }

  private refuse(error: HttpError): Poll<void> {
    this.answerAndClose(error.status, error.message);
    return undefined;
  }

  private answerAndClose(status: number, text: string): void {
    this.keepAlive = false;
    const body = Buffer.from(`${text}\n`);
    this.outbox.text(this.head(status, "Content-Type: text/plain; charset=utf-8\r\n", false, body.length));
    if (!this.isHead) this.outbox.bytes(body);
    this.leaveExchange();
    this.state = Closing;
  }

  /** Tasks of the handler's that still wait for the exchange learn that it is over. */
  private releaseWaiters(): void {
    this.bodyWaker?.wake();
    this.sendWaker?.wake();
    this.bodyWaker = null;
    this.sendWaker = null;
    this.bodyWaitsSince = -1;
    this.readDeadline.clear();
  }

  private leaveExchange(): void {
    this.releaseWaiters();
    this.request = null;
    this.response = null;
    this.handling = null;
  }

  private pollDrain(cx: Context): Poll<void> {
    if (this.gone !== null) return this.end();
    if (!this.keepAlive) {
      this.leaveExchange();
      this.state = Closing;
      return undefined;
    }
    while (!this.decoder.isDone) {
      // The client may wait for the answer before it sends the rest.
      if (this.pollFlush(cx) === Pending) return Pending;
      let size: Poll<number>;
      try {
        size = this.pollDecoded(cx, scratch);
      } catch (error) {
        if (error instanceof HttpError) return this.end();
        throw error;
      }
      if (size === Pending) {
        if (this.readTimedOut) return this.end();
        if (!this.readDeadline.isSet) {
          const { timers } = cx.runtime;
          this.readDeadline.set(timers, timers.now() + this.settings.headTimeout);
        }
        return Pending;
      }
      this.readOver += size;
      if (this.readOver > READ_OVER) {
        this.leaveExchange();
        this.state = Closing;
        return undefined;
      }
    }
    this.readDeadline.clear();
    this.readTimedOut = false;
    this.state = Reading;
    return undefined;
  }

  private pollLinger(cx: Context): Poll<void> {
    while (!this.readTimedOut && this.readOver < READ_AHEAD * 16) {
      const size = this.stream.pollRead(cx, scratch);
      if (size === Pending) return Pending;
      if (size === 0) break;
      this.readOver += size;
    }
    return this.end();
  }

  /** Bytes of the body that are there; 0 at its end. */
  private pollDecoded(cx: Context, buf: Uint8Array): Poll<number> {
    const { inbox, decoder } = this;
    for (;;) {
      if (inbox.length > 0) {
        const size = decoder.take(inbox, buf);
        if (size > 0) return size;
      }
      if (decoder.isDone) return 0;
      if (inbox.length === 0 && decoder.direct > 0) {
        const room = buf.length <= decoder.direct ? buf : buf.subarray(0, decoder.direct);
        const size = this.stream.pollRead(cx, room);
        if (size === Pending) return Pending;
        if (size > 0) {
          decoder.passed(size);
          return size;
        }
      } else {
        const size = this.stream.pollRead(cx, scratch);
        if (size === Pending) return Pending;
        if (size > 0) {
          inbox.push(scratch, size);
          continue;
        }
      }
      this.gone ??= clientGone();
      decoder.ended();
    }
  }

  // What requests and responses ask for.

  pollBody(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.bodyTimedOut)
      throw new HttpError(408, "HTTP_BODY_TIMEOUT", "the body of the request took too long");
    this.checkClient();
    if (this.owesContinue) {
      this.owesContinue = false;
      // An answer that has begun says as much.
      if (!this.response?.hasBegun) this.outbox.text("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (!this.outbox.isEmpty && !this.response?.hasBegun && this.pollFlush(cx) === Pending) {
      this.bodyWaits(cx);
      return Pending;
    }
    const isBuffered = this.inbox.length > 0 || this.decoder.isDone;
    if (isBuffered && !cx.takeBudget()) return Pending;
    let size: Poll<number>;
    try {
      size = this.pollDecoded(cx, buf);
    } catch (error) {
      this.bodyArrived(cx);
      this.keepAlive = false;
      if (!(error instanceof HttpError)) this.gone ??= clientGone(error);
      this.isTold = this.gone !== null;
      throw error instanceof HttpError ? error : this.gone;
    }
    if (size === Pending) {
      if (isBuffered) cx.refundBudget();
      this.bodyWaits(cx);
      return Pending;
    }
    this.bodyArrived(cx);
    this.bodyBytes += size;
    if (this.bodyBytes > this.settings.maxBody) {
      this.keepAlive = false;
      throw tooLong(this.settings.maxBody);
    }
    return size;
  }

  /** The whole body, if it is there and has a length; it is good up to the next read. */
  takeBody(cx: Context): Uint8Array | null {
    const { inbox, decoder } = this;
    if (decoder.whole === -1 || decoder.whole > inbox.length || decoder.whole > this.settings.maxBody)
      return null;
    if (this.bodyTimedOut || this.gone !== null || !cx.takeBudget()) return null;
    this.owesContinue = false;
    const { buf, start } = inbox;
    const size = decoder.whole;
    decoder.passed(size);
    this.bodyBytes += size;
    inbox.skip(size);
    return buf.subarray(start, start + size);
  }

  private bodyWaits(cx: Context): void {
    this.bodyWaker = cx.waker;
    if (this.bodyWaitsSince !== -1) return;
    const { timers } = cx.runtime;
    this.bodyWaitsSince = timers.now();
    this.readDeadline.set(timers, this.bodyWaitsSince + this.bodyTime);
  }

  private bodyArrived(cx: Context): void {
    if (this.bodyWaitsSince === -1) return;
    this.bodyTime = Math.max(0, this.bodyTime - (cx.runtime.timers.now() - this.bodyWaitsSince));
    this.cancelBody();
  }

  cancelBody(): void {
    if (this.bodyWaitsSince === -1) return;
    this.bodyWaitsSince = -1;
    this.bodyWaker = null;
    this.readDeadline.clear();
    this.stream.cancelRead();
    // The connection looks for its end again.
    this.waker?.wake();
  }

  get trailers(): Fields {
    return this.decoder.trailers;
  }

  /** The text of a head, with what only the connection knows: `length` is `CHUNKED`, or `null` for no body at all. */
  head(status: number, lines: string, hasDate: boolean, length: number | null): string {
    // A body that the client was never asked for does not come; one that is too long is not waited for.
    if (this.isClosing || this.owesContinue) this.keepAlive = false;
    let text = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n${lines}`;
    if (!hasDate) text += dateLine();
    if (length === CHUNKED) {
      if (this.minor === 0) this.keepAlive = false;
      else {
        this.isChunked = true;
        text += "Transfer-Encoding: chunked\r\n";
      }
    } else if (length !== null) text += `Content-Length: ${length}\r\n`;
    if (!this.keepAlive) return `${text}Connection: close\r\n\r\n`;
    return this.minor === 0 ? `${text}Connection: keep-alive\r\n\r\n` : `${text}\r\n`;
  }

  /** Writes what is to be sent. That the client has gone is noted, and not thrown. */
  pollFlush(cx: Context): Poll<void> {
    if (this.gone !== null) this.outbox.drop();
    if (this.outbox.isEmpty) return undefined;
    try {
      if (this.outbox.pollFlush(cx) === Pending) {
        if (!this.writeDeadline.isSet || this.writtenBefore !== this.outbox.written) {
          const { timers } = cx.runtime;
          this.writtenBefore = this.outbox.written;
          this.writeDeadline.set(timers, timers.now() + this.settings.writeTimeout);
        }
        return Pending;
      }
    } catch (error) {
      this.gone = clientGone(error);
      this.outbox.drop();
    }
    this.writeDeadline.clear();
    return undefined;
  }

  /** As `pollFlush`, for a handler, which is told that the client has gone. */
  pollSend(cx: Context): Poll<void> {
    this.checkClient();
    const poll = this.pollFlush(cx);
    this.checkClient();
    this.sendWaker = poll === Pending ? cx.waker : null;
    return poll;
  }

  /** @throws HttpError if the client has gone */
  checkClient(): void {
    if (this.gone === null) return;
    this.isTold = true;
    throw this.gone;
  }

  handOver(head: string): void {
    this.isUpgraded = true;
    this.keepAlive = false;
    this.outbox.text(head);
  }

  upgraded(): Duplex {
    return new UpgradedStream(this.stream, this.inbox);
  }

  private readExpired(): void {
    if (this.bodyWaitsSince !== -1) {
      this.bodyTimedOut = true;
      this.bodyWaker?.wake();
    } else {
      this.readTimedOut = true;
      this.waker?.wake();
    }
  }

  private writeExpired(): void {
    this.gone = new HttpError(
      408,
      "HTTP_CLIENT_GONE",
      "the client took nothing of its response for too long",
    );
    this.waker?.wake();
  }

  /** No further request: one under way is answered. */
  closeSoon(): void {
    this.isClosing = true;
    this.waker?.wake();
  }

  private end(): undefined {
    if (this.state === Over) return;
    this.state = Over;
    this.leaveExchange();
    this.readDeadline.end();
    this.writeDeadline.end();
    this.outbox.drop();
    this.waker = null;
    this.stream.close();
    this.onEnd(this);
  }

  override cancel(cx: Context): Poll<void> {
    if (this.state === Over) return undefined;
    const { handling } = this;
    this.gone ??= new HttpError(503, "HTTP_CLIENT_GONE", "the server closes");
    if (handling !== null) {
      try {
        // A cleanup that has begun keeps the limit that it began with.
        if ((this.cleanup === null ? handling.cancel(cx) : this.cleanup.poll(cx)) === Pending) return Pending;
      } catch (error) {
        this.end();
        throw error;
      }
    }
    this.end();
    return undefined;
  }

  override inspect(): Inspection {
    if (this.handling !== null) return this.handling.inspect();
    return { op: "a request on", target: this.stream.inspected };
  }
}

function tooLong(maxBody: number): HttpError {
  return new HttpError(413, "HTTP_BODY_TOO_LONG", `the body is longer than ${maxBody} bytes`);
}

function clientGone(cause?: unknown): HttpError {
  return new HttpError(400, "HTTP_CLIENT_GONE", "the client has gone away", { cause });
}

/** Whether it is what a stream fails with: an error of the system, or that it is closed. */
function isOfStream(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown }; // Any property of an error may be there.
  return code === "POLLUX_CLOSED" || code === "ECONNRESET" || code === "EPIPE" || code === "ETIMEDOUT";
}
