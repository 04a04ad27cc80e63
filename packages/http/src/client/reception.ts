import { Buffer } from "node:buffer";
import {
  ClosedError,
  type Context,
  type Duplex,
  type Inspection,
  Pending,
  type Poll,
  type Waker,
} from "pollux";
import type { Fields } from "../fields.ts";
import type { ResponseHead } from "../head.ts";
import { HttpError } from "../http-error.ts";
import { UpgradedStream } from "../upgraded.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { ActiveRequest, ClientState } from "./client-state.ts";
import type { Guard } from "./guard.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Upload } from "./upload.ts";

/**
 * A response whose head is there, and whose body is being read: each read polls the connection, and sends what is left of the
 * request as well.
 *
 * Invariant: it is in `client.active` and has its connection up to its end, and neither from then on.
 *
 * @internal
 */
export class Reception implements ActiveRequest {
  readonly request: Outgoing;
  private readonly client: ClientState;
  private readonly upload: Upload;
  private readonly guard: Guard | null;
  private readonly keepAlive: boolean;
  private readonly hint: string | null;
  private connection: ClientConnection | null;
  private waker: Waker | null;
  /** Given up, with this. */
  private isStopped: boolean;
  private reason: unknown;
  /** What was sent behind the body; `null` before its end. */
  trailers: Fields | null;

  constructor(
    client: ClientState,
    request: Outgoing,
    connection: ClientConnection,
    upload: Upload,
    guard: Guard | null,
    head: ResponseHead,
  ) {
    this.client = client;
    this.request = request;
    this.connection = connection;
    this.upload = upload;
    this.guard = guard;
    // After 101 it speaks another protocol, whether somebody takes it over or not.
    this.keepAlive = head.keepAlive && !request.close && head.status !== 101;
    this.hint = head.keepAliveHint;
    this.waker = null;
    this.isStopped = false;
    this.reason = undefined;
    this.trailers = null;
    connection.request = this;
    guard?.moveTo(this);
    client.active.add(this);
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
    if (this.upload.isSent === false) this.upload.poll(cx);
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
      const room = direct < buf.length ? buf.subarray(0, direct) : buf;
      const { failure } = this.upload;
      const size = isDirect ? connection.pollRead(cx, room, failure) : connection.pollFill(cx, failure);
      if (size === Pending) return Pending;
      if (size === 0) {
        decoder.ended();
        return 0;
      }
      if (isDirect) {
        decoder.passed(size);
        return size;
      }
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
    return this.connection === null;
  }

  /** Nobody waits in `pollBody` any more. */
  cancelBody(): void {
    const { connection } = this;
    if (connection === null) return;
    this.waker = null;
    connection.deadline.end();
    connection.stream.cancelRead();
    this.upload.leave();
  }

  /** The connection, which is the caller's from now on. */
  upgraded(): Duplex {
    const { connection } = this;
    if (connection === null) throw new ClosedError("this response");
    this.connection = null;
    connection.request = null;
    connection.deadline.end();
    this.client.pool.drop(connection.place);
    this.leave();
    return new UpgradedStream(connection.stream, connection.inbox);
  }

  /** The response is whole. */
  complete(connection: ClientConnection, cx: Context): void {
    const { pool, settings } = this.client;
    this.trailers = connection.decoder.trailers;
    this.connection = null;
    connection.request = null;
    connection.deadline.end();
    const idleLimit = Math.min(settings.idleTimeout, allowedBy(this.hint));
    // Bytes behind the response that nobody has asked for: whatever they are, they are no answer to the next request.
    const isClean =
      this.keepAlive && idleLimit > 0 && this.upload.isSent === true && connection.inbox.length === 0;
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

  stop(reason: unknown): void {
    const { connection, waker } = this;
    if (connection === null) return;
    this.isStopped = true;
    this.reason = reason;
    this.connection = null;
    connection.request = null;
    connection.close();
    this.client.pool.drop(connection.place);
    this.leave();
    waker?.wake();
  }

  expired(): void {
    this.stop(
      new HttpError(504, "HTTP_BODY_TIMEOUT", `no byte of the body for ${this.request.bodyTimeout} ms`),
    );
  }

  /** Closes what a body that is not read any more holds. */
  close(): void {
    this.stop(new ClosedError("this response"));
  }

  private leave(): void {
    this.waker = null;
    this.guard?.end();
    this.upload.close();
    this.client.ended(this);
  }

  inspect(): Inspection {
    const { request, connection } = this;
    const op = `${request.method} ${request.url}`;
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

/** What is wrong with a body is the server's fault. */
function asGateway(error: unknown): unknown {
  if (!(error instanceof HttpError) || error.status >= 500) return error;
  return new HttpError(502, error.code, error.message, { cause: error });
}
