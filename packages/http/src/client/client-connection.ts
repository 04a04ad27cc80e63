import { Context, type Duplex, Pending, type RuntimeHandle } from "pollux";
import { BodyDecoder } from "../body-decoder.ts";
import { Deadline } from "../deadline.ts";
import { HeadParser } from "../head-parser.ts";
import { Inbox } from "../inbox.ts";
import type { ParserLimits } from "../limits.ts";
import { Outbox } from "../outbox.ts";
import type { Exchange } from "./exchange.ts";
import type { Place, Pooled } from "./pool.ts";

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
  exchange: Exchange | null;
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
    this.deadline = new Deadline(() => this.exchange?.expired());
    this.probe = new Probe(runtime);
    this.exchange = null;
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

  close(): void {
    this.deadline.end();
    this.outbox.drop();
    this.stream.close();
  }
}
