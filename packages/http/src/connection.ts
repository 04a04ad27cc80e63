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
  type RuntimeHandle,
  type SocketAddress,
  type Waker,
} from "pollux";
import { Deadline } from "./deadline.ts";
import { Framing } from "./framing.ts";
import type { RequestHead } from "./head.ts";
import { HeadSource } from "./head-source.ts";
import { HttpError } from "./http-error.ts";
import { IncomingBody } from "./incoming-body.ts";
import { Linger } from "./linger.ts";
import { reasonOf } from "./reasons.ts";
import { HttpRequest } from "./request.ts";
import { HttpResponse } from "./response.ts";
import type { ServerSettings } from "./server-options.ts";
import { isOfStream } from "./stream-errors.ts";
import { Transport } from "./transport.ts";
import { UpgradedStream } from "./upgraded.ts";

/** Answers a request: what it returns is polled to its end, and cancelled if the client goes away. */
export type Handler = (request: HttpRequest, response: HttpResponse) => Future<unknown> | void;

/** A head is awaited; a handler runs; it is being given up; the answer is whole, and a body may be left to be read. */
const Reading = 0;
const Handling = 1;
const GivingUp = 2;
const Draining = 3;
/** The last answer is made. */
const Closing = 4;
const Over = 5;

/**
 * One connection of a server: a task of its own, in which its handlers run, one after the other. It goes from state to
 * state; what it reads and writes there is its parts'.
 *
 * @internal
 */
export class Connection extends Future<void> {
  readonly transport: Transport;
  readonly framing: Framing;
  readonly body: IncomingBody;
  readonly settings: ServerSettings;
  private readonly heads: HeadSource;
  private readonly handler: Handler;
  private readonly onEnd: (connection: Connection) => void;
  private state: number;
  /** The exchange under way. */
  request: HttpRequest | null;
  response: HttpResponse | null;
  private handling: Future<unknown> | null;
  private cleanup: Cleanup | null;
  private isUpgraded: boolean;
  /** Why the handler is given up although the client is there. */
  private tooSlow: HttpError | null;
  private linger: Linger | null;
  private waker: Waker | null;
  /** Of the task that this is, once that has begun. */
  runtime: RuntimeHandle | null;
  /** How long the state may last: a cleanup that the handler does by itself, or the rest of a body. */
  private readonly deadline: Deadline;
  private hasTimedOut: boolean;
  private readonly requestDeadline: Deadline | null;

  constructor(
    stream: Duplex,
    peerAddress: SocketAddress | null,
    handler: Handler,
    settings: ServerSettings,
    onEnd: (connection: Connection) => void,
  ) {
    super();
    const wake = (): void => this.waker?.wake();
    this.transport = new Transport(stream, peerAddress, settings.writeTimeout, wake);
    this.framing = new Framing();
    this.body = new IncomingBody(this.transport, this.framing, settings, wake);
    this.settings = settings;
    this.heads = new HeadSource(this.transport, settings, wake);
    this.handler = handler;
    this.onEnd = onEnd;
    this.state = Reading;
    this.request = null;
    this.response = null;
    this.handling = null;
    this.cleanup = null;
    this.isUpgraded = false;
    this.tooSlow = null;
    this.linger = null;
    this.waker = null;
    this.runtime = null;
    this.deadline = new Deadline(() => {
      this.hasTimedOut = true;
      wake();
    });
    this.hasTimedOut = false;
    this.requestDeadline =
      settings.requestTimeout === Number.POSITIVE_INFINITY ? null : new Deadline(() => this.requestExpired());
  }

  override poll(cx: Context): Poll<void> {
    if (this.state === Over) throw new PollAfterCompletionError("this connection");
    this.waker = cx.waker;
    this.runtime = cx.runtime;
    try {
      for (;;) {
        const { state } = this;
        if (this.step(cx) === Pending) return Pending;
        if (this.state === Over) return undefined;
        // Requests that are there already are many steps, of which none may have asked for budget.
        if (state === Draining && !cx.takeBudget()) {
          this.transport.pollFlush(cx);
          return Pending;
        }
      }
    } catch (error) {
      // What the stream fails with, while no handler runs: the client has gone, and nobody is there to be told.
      this.end();
      if (error !== this.transport.gone && !isOfStream(error)) throw error;
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
      default:
        return this.pollLinger(cx);
    }
  }

  private pollHead(cx: Context): Poll<void> {
    try {
      const head = this.heads.poll(cx, this.framing.isClosing);
      if (head === Pending) return Pending;
      return head === null ? this.end() : this.begin(cx, head);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      return this.refuse(error);
    }
  }

  /** @throws HttpError for a request that is to be refused */
  private begin(cx: Context, head: RequestHead): void {
    this.framing.begin(head);
    this.body.begin(head);
    const request = new HttpRequest(this, head);
    const response = new HttpResponse(this);
    this.request = request;
    this.response = response;
    this.tooSlow = null;
    this.state = Handling;
    // What was answered before is out of the way before somebody may wait for a client that waits for it.
    if (head.bodyLength !== 0) this.transport.pollFlush(cx);
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
  }

  private pollHandler(cx: Context): Poll<void> {
    const { handling, transport } = this;
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
    // It may read by itself, and sees the end of the connection then.
    const isReading = this.isUpgraded || this.body.isAwaited;
    if (!isReading) transport.watch(cx);
    if (transport.gone === null) {
      // An answer to an earlier request, which nobody else has a reason to write.
      if (!this.framing.hasBegun && !this.body.isAwaited) transport.pollFlush(cx);
      if (this.tooSlow === null) {
        this.limitRequest(cx);
        return Pending;
      }
    } else if (transport.isTold && !this.hasTimedOut) {
      // To cancel it now would cut its own cleanup short. It gets as much time as a cancel.
      if (!this.deadline.isSet) this.waitAtMost(cx, cx.runtime.cleanupLimit);
      return Pending;
    }
    const reason = transport.gone ?? this.tooSlow;
    const what = transport.gone === null ? "that took too long" : "of a client that went away";
    this.cleanup = new Cleanup(handling, reason, `the handler ${what}`);
    this.state = GivingUp;
    return undefined;
  }

  private limitRequest(cx: Context): void {
    if (this.requestDeadline === null || this.requestDeadline.isSet || this.isUpgraded) return;
    const { timers } = cx.runtime;
    this.requestDeadline.set(timers, timers.now() + this.settings.requestTimeout);
  }

  private requestExpired(): void {
    this.tooSlow = new HttpError(503, "HTTP_REQUEST_TIMEOUT", "the request took too long");
    this.waker?.wake();
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
    if (this.tooSlow === null || this.transport.gone !== null || this.framing.hasBegun) return this.end();
    return this.refuse(this.tooSlow);
  }

  private completed(): void {
    const { response, request } = this;
    if (response === null) return;
    try {
      if (response.finish()) {
        this.leaveExchange();
        this.state = Draining;
        return;
      }
    } catch (error) {
      this.failed(error);
      return;
    }
    if (!this.isUpgraded && this.transport.gone === null) {
      this.settings.onError(
        new RangeError("the handler ended its response before its length, or closed it"),
        request,
      );
    }
    this.end();
  }

  private failed(error: unknown): void {
    const { response, request, transport } = this;
    this.handling = null;
    const isTold = error instanceof HttpError;
    if (!isTold && transport.gone === null) this.settings.onError(error, request);
    if (response === null || transport.gone !== null || response.hasBegun || this.isUpgraded) {
      // The client sees that the answer is cut short.
      this.end();
      return;
    }
    if (isTold) this.refuse(error);
    else this.answerAndClose(500, reasonOf(500));
  }

  private refuse(error: HttpError): undefined {
    this.answerAndClose(error.status, error.message);
  }

  private answerAndClose(status: number, text: string): void {
    const { framing, transport } = this;
    framing.keepAlive = false;
    const body = Buffer.from(`${text}\n`);
    transport.outbox.text(
      framing.head(status, "Content-Type: text/plain; charset=utf-8\r\n", false, body.length),
    );
    if (!framing.isHead) transport.outbox.bytes(body);
    this.leaveExchange();
    this.state = Closing;
  }

  /** The exchange is over, also for tasks of the handler's that still wait for a part of it. */
  private leaveExchange(): void {
    this.body.release();
    this.transport.releaseSender();
    this.requestDeadline?.clear();
    this.deadline.clear();
    this.hasTimedOut = false;
    this.request = null;
    this.response = null;
    this.handling = null;
  }

  private waitAtMost(cx: Context, ms: number): void {
    const { timers } = cx.runtime;
    this.deadline.set(timers, timers.now() + ms);
  }

  private pollDrain(cx: Context): Poll<void> {
    if (this.transport.gone !== null) return this.end();
    if (!this.framing.keepAlive) {
      this.state = Closing;
      return undefined;
    }
    let isOfUse: Poll<boolean>;
    try {
      isOfUse = this.body.pollRest(cx);
    } catch (error) {
      if (error instanceof HttpError) return this.end();
      throw error;
    }
    if (isOfUse === Pending) {
      if (this.hasTimedOut) return this.end();
      if (!this.deadline.isSet) this.waitAtMost(cx, this.settings.headTimeout);
      return Pending;
    }
    this.deadline.clear();
    this.hasTimedOut = false;
    this.state = isOfUse ? Reading : Closing;
    return undefined;
  }

  private pollLinger(cx: Context): Poll<void> {
    this.linger ??= new Linger(this.transport, () => this.waker?.wake());
    return this.linger.poll(cx) === Pending ? Pending : this.end();
  }

  /** Sends the head of an upgrade: the stream is the handler's then. */
  handOver(head: string): void {
    this.isUpgraded = true;
    this.framing.hasBegun = true;
    this.framing.keepAlive = false;
    this.requestDeadline?.clear();
    if (head !== "") this.transport.outbox.text(head);
  }

  upgraded(): Duplex {
    return new UpgradedStream(this.transport.stream, this.transport.inbox);
  }

  /** No further request: one under way is answered. */
  closeSoon(): void {
    this.framing.isClosing = true;
    this.waker?.wake();
  }

  private end(): undefined {
    if (this.state === Over) return;
    this.state = Over;
    this.leaveExchange();
    this.heads.end();
    this.body.end();
    this.linger?.end();
    this.deadline.end();
    this.requestDeadline?.end();
    this.waker = null;
    this.transport.close();
    this.onEnd(this);
  }

  override cancel(cx: Context): Poll<void> {
    if (this.state === Over) return undefined;
    const { handling } = this;
    this.transport.gone ??= new HttpError(503, "HTTP_CLIENT_GONE", "the server closes");
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
    return { op: "a request on", target: this.transport.inspected };
  }
}
