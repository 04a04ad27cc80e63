import { Buffer } from "node:buffer";
import { Context, type Duplex, Pending, type Poll, type RuntimeHandle } from "pollux";
import { BodyDecoder } from "../body-decoder.ts";
import { Deadline } from "../deadline.ts";
import { HeadParser } from "../head-parser.ts";
import { HttpError } from "../http-error.ts";
import { Inbox } from "../inbox.ts";
import type { ParserLimits } from "../limits.ts";
import { Outbox } from "../outbox.ts";
import type { ActiveRequest } from "./client-state.ts";
import type { Place, Pooled } from "./pool.ts";

/** Into which all connections of a thread read: the bytes that came are copied, and those are few. */
const scratch = Buffer.allocUnsafeSlow(65_536);

/** Where a byte goes that nobody has asked for. */
const UNASKED = new Uint8Array(1);

/** Looks whether something is there, and waits for nothing. */
class Probe extends Context {
  override wake(): void {
    // The wait is taken back at once.
  }
}

/**
 * A connection to a server, or to a proxy. It does nothing by itself: the request that it carries polls it.
 *
 * @internal
 */
export class ClientConnection implements Pooled<ClientConnection> {
  readonly stream: Duplex;
  readonly place: Place<ClientConnection>;
  readonly runtime: RuntimeHandle;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly parser: HeadParser;
  readonly decoder: BodyDecoder;
  /** For the head, or the next byte of the body. */
  readonly deadline: Deadline;
  private readonly probe: Probe;
  /** The request that it carries. */
  request: ActiveRequest | null;
  /** Requests that it has carried. */
  uses: number;
  idleSince: number;
  /** How long it may be idle, in ms. */
  idleLimit: number;

  constructor(stream: Duplex, place: Place<ClientConnection>, runtime: RuntimeHandle, limits: ParserLimits) {
    this.stream = stream;
    this.place = place;
    this.runtime = runtime;
    this.inbox = new Inbox();
    this.outbox = new Outbox(stream);
    this.parser = new HeadParser(limits);
    this.decoder = new BodyDecoder(limits);
    this.deadline = new Deadline(() => this.request?.expired());
    this.probe = new Probe(runtime);
    this.request = null;
    this.uses = 0;
    this.idleSince = 0;
    this.idleLimit = 0;
  }

  /** Not if the server has ended it, or has sent what nobody has asked for. */
  isUsable(now: number): boolean {
    if (now - this.idleSince >= this.idleLimit) return false;
    const { stream, probe } = this;
    try {
      return stream.pollRead(probe, UNASKED) === Pending;
    } catch {
      // Whatever it failed with, it is of no use any more, and nobody's request has failed.
      return false;
    } finally {
      stream.cancelRead();
    }
  }

  /** Reads what has come into the inbox. As {@link pollRead}. */
  pollFill(cx: Context, failure: unknown): Poll<number> {
    const size = this.pollRead(cx, scratch, failure);
    if (size !== Pending && size > 0) this.inbox.push(scratch, size);
    return size;
  }

  /**
   * Gives the number of bytes; 0 at the end.
   *
   * @param failure - what writing has failed with, which is then the reason why nothing can be read either; or `null`
   * @throws HttpError if the server is gone
   */
  pollRead(cx: Context, buf: Uint8Array, failure: unknown): Poll<number> {
    try {
      return this.stream.pollRead(cx, buf);
    } catch (error) {
      throw serverGone(failure ?? error);
    }
  }

  close(): void {
    this.deadline.end();
    this.outbox.drop();
    this.stream.close();
  }
}

/** The server has ended the connection too early. @internal */
export function serverGone(cause: unknown): HttpError {
  const message = "the server ended the connection before its response was whole";
  return new HttpError(502, "HTTP_SERVER_GONE", message, cause === null ? {} : { cause });
}
