import type { Server, Socket } from "node:net";
import type { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import { Acceptor } from "../acceptor.ts";
import type { BaseSource } from "../base-source.ts";
import type { Source } from "../source.ts";

/** Node's own default. */
const BACKLOG = 511;

/**
 * How many backlogs of connections may wait for `accept`. Node takes all that the system has in one go, so a burst within
 * one turn of the loop may well be several.
 */
const BACKLOGS_HELD = 4;

/** How many connections are held. */
export interface Held {
  readonly backlog?: number;
  readonly maxUnaccepted?: number;
}

/**
 * A listening socket over `net.Server`.
 *
 * Node accepts as fast as connections come and has no way to be told to wait. Those that nobody has asked for yet stand
 * in a queue, paused, so that each costs its descriptor and little else; past a limit they are reset.
 */
export abstract class NodeListener<S extends Source> extends Acceptor<S> {
  override needsNodeLoop: string | null = "sockets of the node reactor";
  override dropped = 0;
  protected readonly sources: LinkedList<BaseSource>;
  private readonly mostUnaccepted: number;
  private server: Server | null = null;
  private listens = false;
  private unaccepted: S[] = [];
  /** The last accept failed, for lack of descriptors say; the next may succeed. */
  private acceptError: Error | null = null;

  constructor(sources: LinkedList<BaseSource>, what: string, held: Held) {
    super(what);
    const { backlog = BACKLOG, maxUnaccepted = BACKLOGS_HELD * backlog } = held;
    this.sources = sources;
    this.mostUnaccepted = maxUnaccepted;
  }

  /** A server that has begun to listen. */
  protected abstract open(): Server;
  protected abstract accepted(socket: Socket): S;
  /** Its address is known, and no longer is once it is closed. */
  protected abstract opened(server: Server): void;

  // The server is referenced by Node while it opens, and has no handle after the close.
  protected override hold(): void {
    if (this.listens && !this.isClosed) this.server?.ref();
  }

  protected override release(): void {
    if (this.listens && !this.isClosed) this.server?.unref();
  }

  protected override tryListen(): Poll<void> {
    this.check();
    if (this.listens) return undefined;
    if (this.server === null) {
      const server = this.open();
      this.server = server;
      this.sources.pushBack(this);
      server.on("listening", () => this.onListening(server));
      server.on("connection", (socket) => this.onConnection(socket));
      server.on("error", (error) => this.onError(error));
    }
    return Pending;
  }

  private onListening(server: Server): void {
    // Closed while the name was being looked up: Node opens the socket nevertheless.
    if (this.isClosed) {
      server.close();
      return;
    }
    this.opened(server);
    this.listens = true;
    if (this.waits === 0) server.unref();
    this.accepting.wake();
  }

  private onConnection(socket: Socket): void {
    if (this.unaccepted.length >= this.mostUnaccepted) {
      this.dropped++;
      socket.resetAndDestroy();
      return;
    }
    this.unaccepted.push(this.accepted(socket));
    this.accepting.wake();
  }

  private onError(error: Error): void {
    if (!this.listens) {
      this.fail(error);
      this.sources.remove(this);
    } else this.acceptError = error;
    this.accepting.wake();
  }

  override tryAccept(): Poll<S> {
    this.check();
    const source = this.unaccepted.shift();
    if (source !== undefined) return source;
    const error = this.acceptError;
    if (error === null) return Pending;
    this.acceptError = null;
    throw error;
  }

  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.sources.remove(this);
    if (this.listens) this.server?.close();
    // As the system does with connections that were ready and that nobody accepted.
    for (const source of this.unaccepted) source.close();
    this.unaccepted = [];
    this.accepting.wake();
  }
}
