import { Buffer } from "node:buffer";
import {
  type Context,
  type Duplex,
  type InspectionTarget,
  Pending,
  type Poll,
  type SocketAddress,
  type Waker,
} from "pollux";
import { Deadline } from "./deadline.ts";
import { HttpError } from "./http-error.ts";
import { Inbox } from "./inbox.ts";
import { Outbox } from "./outbox.ts";

/** Into which all connections of a thread read: the bytes that came are copied, and those are few. */
const scratch = Buffer.allocUnsafeSlow(65_536);

/** While a handler runs, so much is read ahead: to see the end of the connection behind it. */
const READ_AHEAD = 65_536;

/**
 * The bytes of a connection, as they come and go, and whether the client is still there.
 *
 * @internal
 */
export class Transport {
  /** Of TCP, of TLS, or anything else that carries bytes both ways. */
  readonly stream: Duplex;
  /** The other end, if that has an address. */
  readonly peerAddress: SocketAddress | null;
  /** What has come and was not taken yet. */
  readonly inbox: Inbox;
  /** What is to go. */
  readonly outbox: Outbox;
  /** Set once the client has gone away, or takes nothing. */
  gone: HttpError | null;
  /** The handler knows of it by the failure of what it did: it cleans up by itself. */
  isTold: boolean;
  private readonly writeTimeout: number;
  private readonly wake: () => void;
  /** Who waits to send a part of the response. */
  private sendWaker: Waker | null;
  /** What had been written when the time for more of it began. */
  private writtenBefore: number;
  private readonly writeDeadline: Deadline;

  /** @param wake - has the connection polled again */
  constructor(stream: Duplex, peerAddress: SocketAddress | null, writeTimeout: number, wake: () => void) {
    this.stream = stream;
    this.peerAddress = peerAddress;
    this.inbox = new Inbox();
    this.outbox = new Outbox(stream);
    this.gone = null;
    this.isTold = false;
    this.writeTimeout = writeTimeout;
    this.wake = wake;
    this.sendWaker = null;
    this.writtenBefore = 0;
    this.writeDeadline = new Deadline(() => this.writeExpired());
  }

  get inspected(): InspectionTarget {
    return this.stream.inspected;
  }

  /** Reads what has come into the inbox. Gives the number of bytes; 0 at the end. Throws what the stream fails with. */
  pollFill(cx: Context): Poll<number> {
    const size = this.stream.pollRead(cx, scratch);
    if (size !== Pending && size > 0) this.inbox.push(scratch, size);
    return size;
  }

  /** Reads what has come, and forgets it. */
  pollForget(cx: Context): Poll<number> {
    return this.stream.pollRead(cx, scratch);
  }

  /** Sees the end of the connection, behind what comes before it, of which it keeps a part. */
  watch(cx: Context): void {
    try {
      while (this.gone === null && this.inbox.length < READ_AHEAD) {
        const size = this.pollFill(cx);
        if (size === Pending) return;
        if (size === 0) this.lost();
      }
    } catch (error) {
      this.lost(error);
    }
  }

  /** The client has gone away; the first to see it says why. */
  lost(cause?: unknown): HttpError {
    this.gone ??= new HttpError(400, "HTTP_CLIENT_GONE", "the client has gone away", { cause });
    return this.gone;
  }

  /** Writes what is to be sent. That the client has gone is noted, and not thrown. */
  pollFlush(cx: Context): Poll<void> {
    const { outbox } = this;
    if (this.gone !== null) outbox.drop();
    if (outbox.isEmpty) return undefined;
    try {
      if (outbox.pollFlush(cx) === Pending) {
        if (!this.writeDeadline.isSet || this.writtenBefore !== outbox.written) {
          const { timers } = cx.runtime;
          this.writtenBefore = outbox.written;
          this.writeDeadline.set(timers, timers.now() + this.writeTimeout);
        }
        return Pending;
      }
    } catch (error) {
      this.lost(error);
      outbox.drop();
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

  /** A task of the handler's that still waits to send learns that the exchange is over. */
  releaseSender(): void {
    this.sendWaker?.wake();
    this.sendWaker = null;
  }

  private writeExpired(): void {
    this.gone = new HttpError(
      408,
      "HTTP_CLIENT_GONE",
      "the client took nothing of its response for too long",
    );
    this.wake();
  }

  close(): void {
    this.writeDeadline.end();
    this.outbox.drop();
    this.stream.close();
  }
}
