import { Buffer } from "node:buffer";
import {
  Cleanup,
  CleanupError,
  ClosedError,
  type Context,
  type Duplex,
  Future,
  type Inspection,
  Pending,
  type Poll,
  PollAfterCompletionError,
  TimeoutError,
  timeout,
  type Waker,
} from "pollux";
import { Deadline } from "../deadline.ts";
import type { Fields } from "../fields.ts";
import type { ResponseHead } from "../head.ts";
import { HttpError } from "../http-error.ts";
import { UpgradedStream } from "../upgraded.ts";
import { ClientConnection } from "./client-connection.ts";
import { ClientResponse } from "./client-response.ts";
import type { ClientState } from "./client-state.ts";
import { dial } from "./dial.ts";
import type { Outgoing } from "./outgoing.ts";
import { Open, type Place, type PoolWaiter } from "./pool.ts";
import { watchUnread } from "./unread.ts";
import { Upload } from "./upload.ts";

/** Not begun; in the queue of the pool; opening a connection; being sent and answered. */
const New = 0;
const Waiting = 1;
const Dialing = 2;
const Talking = 3;
/** What was being opened is given up. */
const GivingUp = 4;
/** The head of the response has been given, and its body is being read. */
const Receiving = 5;
const Over = 6;

/** Responses before the response (1xx); a server that sends more does not mean well. */
const MOST_INFORMATIONAL = 16;

/** Into which all connections of a thread read: the bytes that came are copied, and those are few. */
const scratch = Buffer.allocUnsafeSlow(65_536);

/**
 * One request and its response. It is the future of the response's head, which polls the connection itself; once that is
 * there, the reads of the body go on in its place.
 *
 * Invariant: from the first poll to `Over` it is in `client.active`, and whatever it holds of the pool (a place in the
 * queue, the permission to open a connection, a connection) is one of `waiter`, `dialing` and `connection`.
 *
 * @internal
 */
export class Exchange extends Future<ClientResponse> {
  readonly request: Outgoing;
  private readonly client: ClientState;
  private state: number;
  private place: Place<ClientConnection> | null;
  private waiter: PoolWaiter<ClientConnection> | null;
  private dialing: Future<Duplex> | null;
  private cleanup: Cleanup | null;
  private connection: ClientConnection | null;
  private upload: Upload | null;
  private waker: Waker | null;
  /** Given up from outside, with this. */
  private isStopped: boolean;
  private reason: unknown;
  /** A part of a response has come: the server has seen the request. */
  private isAnswered: boolean;
  private informational: number;
  private keepAlive: boolean;
  private hint: string | null;
  /** What was sent behind the body; `null` before its end. */
  trailers: Fields | null;
  /** In the queue, and for the whole request. */
  private queueDeadline: Deadline | null;
  private wholeDeadline: Deadline | null;
  private onAbort: (() => void) | null;

  constructor(client: ClientState, request: Outgoing) {
    super();
    this.client = client;
    this.request = request;
    this.state = New;
    this.place = null;
    this.waiter = null;
    this.dialing = null;
    this.cleanup = null;
    this.connection = null;
    this.upload = null;
    this.waker = null;
    this.isStopped = false;
    this.reason = undefined;
    this.isAnswered = false;
    this.informational = 0;
    this.keepAlive = false;
    this.hint = null;
    this.trailers = null;
    this.queueDeadline = null;
    this.wholeDeadline = null;
    this.onAbort = null;
  }

  override poll(cx: Context): Poll<ClientResponse> {
    if (this.state >= Receiving) throw new PollAfterCompletionError("this request");
    this.waker = cx.waker;
    for (;;) {
      if (this.state === GivingUp) return this.pollGivingUp(cx);
      try {
        if (this.isStopped) throw this.reason;
        const response = this.step(cx);
        if (response === Pending) return Pending;
        if (response !== null) return response;
      } catch (error) {
        if (this.state === Talking && !this.isStopped && this.retry(error)) continue;
        if (this.state === Dialing && this.dialing !== null) {
          this.reason = error;
          this.cleanup = new Cleanup(this.dialing, error, "a connection that was being opened");
          this.state = GivingUp;
          continue;
        }
        this.end();
        throw error;
      }
    }
  }

  /** Goes on in the state that it is in: `null` once that has changed. */
  private step(cx: Context): Poll<ClientResponse | null> {
    switch (this.state) {
      case New:
        this.begin(cx);
        return null;
      case Waiting: {
        const { waiter } = this;
        const granted = (waiter as PoolWaiter<ClientConnection>).poll(cx); // In this state there is one.
        if (granted === Pending) return Pending;
        this.waiter = null;
        this.queueDeadline?.end();
        if (granted === Open) this.dial();
        else if (granted.isUsable(granted.idleSince)) this.talkOn(granted);
        else {
          // It was granted, and has ended since.
          granted.close();
          this.dial();
        }
        return null;
      }
      case Dialing:
        return this.pollDialing(cx);
      default:
        return this.pollHead(cx);
    }
  }

  private begin(cx: Context): void {
    const { client, request } = this;
    const { signal, requestTimeout, endpoint } = request;
    if (client.isClosed) throw new ClosedError("this client");
    if (signal !== null) {
      if (signal.aborted) throw signal.reason;
      this.onAbort = () => this.stop(signal.reason);
      signal.addEventListener("abort", this.onAbort);
    }
    client.active.add(this);
    const { timers } = cx.runtime;
    const now = timers.now();
    if (requestTimeout !== Number.POSITIVE_INFINITY) {
      this.wholeDeadline = new Deadline(() =>
        this.stop(
          new HttpError(504, "HTTP_REQUEST_TIMEOUT", `the request took more than ${requestTimeout} ms`),
        ),
      );
      this.wholeDeadline.set(timers, now + requestTimeout);
    }
    const place = client.pool.place(endpoint.key);
    this.place = place;
    const taken = client.pool.take(place, cx.runtime, now);
    if (taken !== null) {
      if (taken === Open) this.dial();
      else this.talkOn(taken);
      return;
    }
    this.waiter = client.pool.wait(place, cx.runtime);
    this.state = Waiting;
    const { queueTimeout } = client.settings;
    if (queueTimeout === Number.POSITIVE_INFINITY) return;
    this.queueDeadline = new Deadline(() =>
      this.stop(new HttpError(503, "HTTP_QUEUE_TIMEOUT", `no connection was free for ${queueTimeout} ms`)),
    );
    this.queueDeadline.set(timers, now + queueTimeout);
  }

  private dial(): void {
    const { settings } = this.client;
    const dialing = dial(this.request.endpoint, settings);
    const { connectTimeout } = settings;
    this.dialing = connectTimeout === Number.POSITIVE_INFINITY ? dialing : timeout(connectTimeout, dialing);
    this.state = Dialing;
  }

  private pollDialing(cx: Context): Poll<null> {
    let stream: Poll<Duplex>;
    try {
      stream = (this.dialing as Future<Duplex>).poll(cx); // In this state there is one.
    } catch (error) {
      this.dialing = null;
      if (!(error instanceof TimeoutError)) throw error;
      const { host, port } = this.request.endpoint;
      const message = `no connection to ${host}:${port} within ${this.client.settings.connectTimeout} ms`;
      throw new HttpError(504, "HTTP_CONNECT_TIMEOUT", message, { cause: error });
    }
    if (stream === Pending) return Pending;
    this.dialing = null;
    const place = this.place as Place<ClientConnection>; // Since the beginning.
    this.talkOn(new ClientConnection(stream, place, cx.runtime, this.client.settings.limits));
    return null;
  }

  private talkOn(connection: ClientConnection): void {
    this.connection = connection;
    connection.exchange = this;
    connection.uses++;
    this.state = Talking;
    this.upload = new Upload(this.request, connection, this.client.settings);
  }

  private pollHead(cx: Context): Poll<ClientResponse | null> {
    const connection = this.connection as ClientConnection; // In this state there is one.
    const upload = this.upload as Upload; // As above.
    const { inbox, parser } = connection;
    for (;;) {
      if (!upload.isSent) upload.poll(cx);
      if (inbox.length > 0) {
        const head = parser.response(inbox, this.request.method);
        if (head !== null) {
          if (head.status >= 200 || head.status === 101) return this.received(connection, head, cx);
          this.informed(head, upload);
          continue;
        }
      }
      const size = this.pollRead(cx, connection, scratch);
      if (size === Pending) {
        this.awaitHead(cx, connection, upload);
        return Pending;
      }
      if (size === 0) throw serverGone(upload.failure);
      this.isAnswered = true;
      inbox.push(scratch, size);
    }
  }

  private pollRead(cx: Context, connection: ClientConnection, buf: Uint8Array): Poll<number> {
    try {
      return connection.stream.pollRead(cx, buf);
    } catch (error) {
      throw serverGone(this.upload?.failure ?? error);
    }
  }

  private informed(head: ResponseHead, upload: Upload): void {
    if (++this.informational > MOST_INFORMATIONAL) {
      throw new HttpError(
        502,
        "HTTP_TOO_MANY_INFORMATIONAL",
        `more than ${MOST_INFORMATIONAL} responses with 1xx`,
      );
    }
    if (head.status === 100) upload.go();
  }

  /** The time for the head counts from when the request was sent, or since when the server has taken nothing of it. */
  private awaitHead(cx: Context, connection: ClientConnection, upload: Upload): void {
    const { headTimeout } = this.request;
    if (headTimeout === Number.POSITIVE_INFINITY) return;
    const { deadline } = connection;
    if (upload.waitsForServer) {
      if (deadline.isSet && !upload.hasMoved()) return;
      const { timers } = cx.runtime;
      deadline.set(timers, timers.now() + headTimeout);
    } else deadline.clear();
  }

  /** The time for what was waited for is over. */
  expired(): void {
    this.stop(
      this.state === Receiving
        ? new HttpError(504, "HTTP_BODY_TIMEOUT", `no byte of the body for ${this.request.bodyTimeout} ms`)
        : new HttpError(504, "HTTP_HEAD_TIMEOUT", `no response within ${this.request.headTimeout} ms`),
    );
  }

  private received(connection: ClientConnection, head: ResponseHead, cx: Context): ClientResponse {
    const { request } = this;
    const upload = this.upload as Upload; // While it talks.
    if (head.status === 101 && (request.upgrade === null || head.upgrade === null)) {
      throw new HttpError(502, "HTTP_BAD_UPGRADE", "the server changes a protocol that nobody asked it to");
    }
    connection.deadline.end();
    // After 101 it speaks another protocol, whether somebody takes it over or not.
    this.keepAlive = head.keepAlive && !request.close && head.status !== 101;
    this.hint = head.keepAliveHint;
    const response = new ClientResponse(this, head);
    this.state = Receiving;
    this.waker = null;
    // Whoever has polled it has the response by now, which must not live on by this: see `watchUnread`.
    this.owner = null;
    if (head.status === 101) return response;
    // The server does not want it any more.
    upload.answered();
    connection.decoder.begin(head.bodyLength);
    if (connection.decoder.isDone) this.complete(connection, cx);
    else watchUnread(response, this);
    return response;
  }

  /**
   * A connection that had been idle may have been ended by the server just then: a request that may be sent twice is, once,
   * on a new connection in its place (RFC 9110, 9.2.2).
   */
  private retry(error: unknown): boolean {
    const { connection, upload, request } = this;
    if (connection === null || connection.uses === 1 || this.isAnswered || !request.mayRetry) return false;
    if (!(error instanceof HttpError) || error.code !== "HTTP_SERVER_GONE") return false;
    connection.exchange = null;
    connection.close();
    this.connection = null;
    upload?.close();
    this.upload = null;
    this.dial();
    return true;
  }

  /** Bytes of the body of the response; 0 at its end. */
  pollBody(cx: Context, buf: Uint8Array): Poll<number> {
    const { connection } = this;
    if (connection === null) {
      if (this.isStopped) throw this.reason;
      return 0;
    }
    this.waker = cx.waker;
    try {
      const size = this.pollDecoded(cx, connection, buf);
      if (size === Pending) {
        this.awaitBody(cx, connection);
        return Pending;
      }
      connection.deadline.clear();
      if (connection.decoder.isDone) this.complete(connection, cx);
      return size;
    } catch (error) {
      const failure = asGateway(error);
      this.stop(failure);
      throw failure;
    }
  }

  private awaitBody(cx: Context, connection: ClientConnection): void {
    const { bodyTimeout } = this.request;
    if (bodyTimeout === Number.POSITIVE_INFINITY || connection.deadline.isSet) return;
    const { timers } = cx.runtime;
    connection.deadline.set(timers, timers.now() + bodyTimeout);
  }

  private pollDecoded(cx: Context, connection: ClientConnection, buf: Uint8Array): Poll<number> {
    const { decoder, inbox } = connection;
    // What is left of the request goes on being sent while the response is read.
    if (this.upload?.isSent === false) this.upload.poll(cx);
    for (;;) {
      if (inbox.length > 0) {
        if (!cx.takeBudget()) return Pending;
        const size = decoder.take(inbox, buf);
        if (size > 0 || decoder.isDone) return size;
        cx.refundBudget();
      }
      const { direct } = decoder;
      // What is of the body whatever it is needs no other place than where it is wanted.
      const isDirect = direct > 0 && inbox.length === 0;
      const room = !isDirect ? scratch : direct < buf.length ? buf.subarray(0, direct) : buf;
      const size = this.pollRead(cx, connection, room);
      if (size === Pending) return Pending;
      if (size === 0) {
        decoder.ended();
        return 0;
      }
      if (isDirect) {
        decoder.passed(size);
        return size;
      }
      inbox.push(scratch, size);
    }
  }

  /** All that is left of the body, if it is in memory already: for now, to be copied before the poll ends. Else `null`. */
  takeWhole(cx: Context): Buffer | null {
    const { connection } = this;
    if (connection === null) return this.isStopped ? null : EMPTY;
    const { decoder, inbox } = connection;
    const { remaining } = decoder;
    if (remaining > inbox.length || !cx.takeBudget()) return null;
    const whole = inbox.buf.subarray(inbox.start, inbox.start + remaining);
    inbox.skip(remaining);
    decoder.passed(remaining);
    this.complete(connection, cx);
    return whole;
  }

  /** Bytes of the body that are left, if that is known; else `Infinity`. */
  get bodyLeft(): number {
    return this.connection?.decoder.remaining ?? 0;
  }

  /** Whether somebody waits in a read of the body. */
  get isAwaited(): boolean {
    return this.waker !== null;
  }

  get isOver(): boolean {
    return this.state === Over;
  }

  /** Nobody waits in `pollBody` any more. */
  cancelBody(): void {
    const { connection } = this;
    if (connection === null) return;
    this.waker = null;
    connection.deadline.end();
    connection.stream.cancelRead();
    this.upload?.leave();
  }

  /** The connection, which is the caller's from now on. */
  upgraded(): Duplex {
    const { connection } = this;
    if (connection === null) throw new ClosedError("this response");
    this.connection = null;
    connection.exchange = null;
    connection.deadline.end();
    this.client.pool.drop(connection.place);
    this.leave();
    return new UpgradedStream(connection.stream, connection.inbox);
  }

  /** The response is whole. */
  private complete(connection: ClientConnection, cx: Context): void {
    const { pool, settings } = this.client;
    this.trailers = connection.decoder.trailers;
    this.connection = null;
    connection.exchange = null;
    connection.deadline.end();
    const idleLimit = Math.min(settings.idleTimeout, allowedBy(this.hint));
    // Bytes behind the response that nobody has asked for: whatever they are, they are no answer to the next request.
    const isClean =
      this.keepAlive && idleLimit > 0 && this.upload?.isSent === true && connection.inbox.length === 0;
    if (isClean && !this.client.isClosed) {
      connection.idleLimit = idleLimit;
      pool.giveBack(connection, cx.runtime.timers.now());
      this.client.keepsIdle();
    } else {
      connection.close();
      pool.drop(connection.place);
    }
    this.leave();
  }

  /** Gives the request up from outside: what waits for it fails with the reason. */
  stop(reason: unknown): void {
    if (this.state === Over || this.isStopped) return;
    this.isStopped = true;
    this.reason = reason;
    const { waker } = this;
    // The reads of a body hold nothing themselves.
    if (this.state === Receiving) this.end();
    waker?.wake();
  }

  /** Closes what a body that is not read any more holds. */
  close(): void {
    if (this.state === Receiving) this.stop(new ClosedError("this response"));
  }

  private pollGivingUp(cx: Context): Poll<never> {
    try {
      if ((this.cleanup as Cleanup).poll(cx) === Pending) return Pending; // In this state there is one.
    } catch (error) {
      this.end();
      throw new CleanupError(this.reason, [error]);
    }
    this.end();
    throw this.reason;
  }

  override cancel(cx: Context): Poll<void> {
    if (this.state === New) this.state = Over;
    if (this.state >= Receiving) return undefined;
    if (this.dialing !== null) {
      let poll: Poll<void>;
      try {
        poll = this.cleanup === null ? this.dialing.cancel(cx) : this.cleanup.poll(cx);
      } catch (error) {
        this.end();
        throw error;
      }
      if (poll === Pending) return Pending;
    }
    this.end();
    return undefined;
  }

  /** Gives back whatever is held, without having come to an end. */
  private end(): void {
    const { waiter, connection, place, client } = this;
    const { pool } = client;
    this.waiter = null;
    this.connection = null;
    if (waiter !== null) {
      pool.giveUp(waiter, waiter.runtime.timers.now());
    } else if (connection !== null) {
      connection.exchange = null;
      connection.close();
      pool.drop(connection.place);
    } else if ((this.state === Dialing || this.state === GivingUp) && place !== null) {
      pool.drop(place);
    }
    this.dialing = null;
    this.leave();
  }

  private leave(): void {
    const { request, onAbort } = this;
    this.state = Over;
    this.waker = null;
    this.queueDeadline?.end();
    this.wholeDeadline?.end();
    if (onAbort !== null) {
      request.signal?.removeEventListener("abort", onAbort);
      this.onAbort = null;
    }
    this.upload?.close();
    this.client.ended(this);
  }

  override inspect(): Inspection {
    const { request, connection } = this;
    const op = `${request.method} ${request.url}`;
    if (this.state === Waiting) return { op, state: "waits for a connection" };
    if (this.state === Dialing) return { op, state: "opens a connection" };
    return connection === null ? { op } : { op: `${op} on`, target: connection.stream.inspected };
  }
}

const EMPTY = Buffer.alloc(0);

/** How long a server that says so keeps a connection, less what a request may take to get there; in ms. */
function allowedBy(hint: string | null): number {
  if (hint === null) return Number.POSITIVE_INFINITY;
  const seconds = /(?:^|[,\s])timeout\s*=\s*"?(\d{1,9})/i.exec(hint)?.[1];
  return seconds === undefined ? Number.POSITIVE_INFINITY : Math.max(Number(seconds) * 1000 - 1000, 0);
}

function serverGone(cause: unknown): HttpError {
  const message = "the server ended the connection before its response was whole";
  return new HttpError(502, "HTTP_SERVER_GONE", message, cause === null ? {} : { cause });
}

/** What is wrong with a body is the server's fault. */
function asGateway(error: unknown): unknown {
  if (!(error instanceof HttpError) || error.status >= 500) return error;
  return new HttpError(502, error.code, error.message, { cause: error });
}
