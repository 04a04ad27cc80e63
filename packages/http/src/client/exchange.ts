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
import type { ResponseHead } from "../head.ts";
import { HttpError } from "../http-error.ts";
import { ClientConnection, serverGone } from "./client-connection.ts";
import { ClientResponse } from "./client-response.ts";
import type { ActiveRequest, ClientState } from "./client-state.ts";
import { dial } from "./dial.ts";
import { Guard } from "./guard.ts";
import type { Outgoing } from "./outgoing.ts";
import { Open, type Place, type PoolWaiter } from "./pool.ts";
import { Reception } from "./reception.ts";
import { watchUnread } from "./unread.ts";
import { Upload } from "./upload.ts";

/** Not begun; in the queue of the pool; opening a connection; being sent and answered. */
const New = 0;
const Waiting = 1;
const Dialing = 2;
const Talking = 3;
/** What was being opened is given up. */
const GivingUp = 4;
/** The head of the response is there, and the rest is a `Reception`'s; or it has failed. */
const Over = 5;

/** Responses before the response (1xx); a server that sends more does not mean well. */
const MOST_INFORMATIONAL = 16;

/**
 * One request, up to the head of its response: it polls the connection itself. Once the head is there, a {@link Reception}
 * goes on in its place, so that nothing of who has awaited this one is kept by the reads of the body.
 *
 * Invariant: from the first poll to `Over` it is in `client.active`, and whatever it holds of the pool (a place in the
 * queue, the permission to open a connection, a connection) is one of `waiter`, `dialing` and `connection`.
 *
 * @internal
 */
export class Exchange extends Future<ClientResponse> implements ActiveRequest {
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
  private queueDeadline: Deadline | null;
  private guard: Guard | null;

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
    this.queueDeadline = null;
    this.guard = null;
  }

  override poll(cx: Context): Poll<ClientResponse> {
    if (this.state === Over) throw new PollAfterCompletionError("this request");
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
    const { signal, endpoint } = request;
    if (client.isClosed) throw new ClosedError("this client");
    if (signal?.aborted === true) throw signal.reason;
    const { timers } = cx.runtime;
    const now = timers.now();
    this.guard = Guard.of(request, timers, this);
    client.active.add(this);
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
    connection.request = this;
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
      const size = connection.pollFill(cx, upload.failure);
      if (size === Pending) {
        this.awaitHead(cx, connection, upload);
        return Pending;
      }
      if (size === 0) throw serverGone(upload.failure);
      this.isAnswered = true;
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

  expired(): void {
    this.stop(new HttpError(504, "HTTP_HEAD_TIMEOUT", `no response within ${this.request.headTimeout} ms`));
  }

  private received(connection: ClientConnection, head: ResponseHead, cx: Context): ClientResponse {
    const { request } = this;
    const upload = this.upload as Upload; // While it talks.
    if (head.status === 101 && (request.upgrade === null || head.upgrade === null)) {
      throw new HttpError(502, "HTTP_BAD_UPGRADE", "the server changes a protocol that nobody asked it to");
    }
    connection.deadline.end();
    const isUpgrade = head.status === 101;
    if (!isUpgrade) {
      // The server does not want the rest of a body that was held back any more.
      upload.answered();
      connection.decoder.begin(head.bodyLength);
    }
    const reception = new Reception(this.client, request, connection, upload, this.guard, head);
    this.handOver();
    const response = new ClientResponse(reception, head);
    if (isUpgrade) return response;
    if (connection.decoder.isDone) reception.complete(connection, cx);
    else watchUnread(response, reception);
    return response;
  }

  /** All that it held is the reception's. */
  private handOver(): void {
    this.connection = null;
    this.upload = null;
    this.guard = null;
    this.waker = null;
    this.state = Over;
    this.client.active.delete(this);
  }

  /**
   * A connection that had been idle may have been ended by the server just then: a request that may be sent twice is, once,
   * on a new connection in its place (RFC 9110, 9.2.2).
   */
  private retry(error: unknown): boolean {
    const { connection, upload, request } = this;
    if (connection === null || connection.uses === 1 || this.isAnswered || !request.mayRetry) return false;
    if (!(error instanceof HttpError) || error.code !== "HTTP_SERVER_GONE") return false;
    connection.request = null;
    connection.close();
    this.connection = null;
    upload?.close();
    this.upload = null;
    this.dial();
    return true;
  }

  stop(reason: unknown): void {
    if (this.state === Over || this.isStopped) return;
    this.isStopped = true;
    this.reason = reason;
    this.waker?.wake();
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
    if (this.state === Over) return undefined;
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
      connection.request = null;
      connection.close();
      pool.drop(connection.place);
    } else if ((this.state === Dialing || this.state === GivingUp) && place !== null) {
      pool.drop(place);
    }
    this.dialing = null;
    this.leave();
  }

  private leave(): void {
    this.state = Over;
    this.waker = null;
    this.queueDeadline?.end();
    this.guard?.end();
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
