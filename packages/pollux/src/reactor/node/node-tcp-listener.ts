import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import type { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import { Acceptor } from "../acceptor.ts";
import type { BaseSource } from "../base-source.ts";
import type { SocketAddress, TcpListenOptions } from "../options.ts";
import type { TcpListenerSource, TcpStreamSource } from "../source.ts";
import { checkNodeOptions, keepAliveOf, type NewerListenOptions } from "./node-tcp-options.ts";
import { NodeTcpStream } from "./node-tcp-stream.ts";

/** Node's own default. */
const BACKLOG = 511;

/**
 * How many backlogs of connections may wait for `accept`. Node takes all that the system has in one go, so a burst within
 * one turn of the loop may well be several.
 */
const BACKLOGS_HELD = 4;

/**
 * A listening socket over `net.Server`.
 *
 * Node accepts as fast as connections come and has no way to be told to wait. Those that nobody has asked for yet stand
 * in a queue, paused, so that each costs its descriptor and little else; past a limit they are reset.
 */
export class NodeTcpListener extends Acceptor<TcpStreamSource> implements TcpListenerSource {
  dropped = 0;
  private readonly sources: LinkedList<BaseSource>;
  private readonly options: TcpListenOptions;
  private server: Server | null = null;
  private address: SocketAddress | null = null;
  private accepted: NodeTcpStream[] = [];
  /** The last accept failed, for lack of descriptors say; the next may succeed. */
  private acceptError: Error | null = null;

  constructor(sources: LinkedList<BaseSource>, options: TcpListenOptions) {
    super("the TCP listener");
    this.sources = sources;
    this.options = options;
  }

  // The server is referenced by Node while it opens, and has no handle after the close.
  protected override hold(): void {
    if (this.address !== null && !this.isClosed) this.server?.ref();
  }

  protected override release(): void {
    if (this.address !== null && !this.isClosed) this.server?.unref();
  }

  protected override tryListen(): Poll<void> {
    this.check();
    if (this.address !== null) return undefined;
    if (this.server === null) this.open();
    return Pending;
  }

  private open(): void {
    const { options } = this;
    checkNodeOptions("listener", options);
    const { host, port, backlog = BACKLOG, noDelay = true, ipv6Only = false, exclusive = false } = options;
    const [keepAlive, keepAliveInitialDelay] = keepAliveOf(options.keepAlive ?? false);
    const server = createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay,
      keepAlive,
      keepAliveInitialDelay,
    });
    this.server = server;
    this.sources.pushBack(this);
    server.on("listening", () => this.onListening(server));
    server.on("connection", (socket) => this.onConnection(socket));
    server.on("error", (error) => this.onError(error));
    const listen: ListenOptions & NewerListenOptions = { host, port, backlog, ipv6Only, exclusive };
    if (options.reusePort === true) listen.reusePort = true;
    server.listen(listen);
  }

  private onListening(server: Server): void {
    // Closed while the name was being looked up: Node opens the socket nevertheless.
    if (this.isClosed) {
      server.close();
      return;
    }
    const address = server.address();
    if (address === null || typeof address === "string")
      throw new TypeError("a TCP server without an address");
    const family = address.family === "IPv6" ? "IPv6" : "IPv4";
    this.address = { host: address.address, port: address.port, family };
    if (this.waits === 0) server.unref();
    this.accepting.wake();
  }

  private onConnection(socket: Socket): void {
    const { backlog = BACKLOG, maxUnaccepted = BACKLOGS_HELD * backlog } = this.options;
    if (this.accepted.length >= maxUnaccepted) {
      this.dropped++;
      socket.resetAndDestroy();
      return;
    }
    this.accepted.push(NodeTcpStream.accepted(this.sources, socket, this.options));
    this.accepting.wake();
  }

  private onError(error: Error): void {
    if (this.address === null) {
      this.fail(error);
      this.sources.remove(this);
    } else this.acceptError = error;
    this.accepting.wake();
  }

  override tryAccept(): Poll<TcpStreamSource> {
    this.check();
    const source = this.accepted.shift();
    if (source !== undefined) return source;
    const error = this.acceptError;
    if (error === null) return Pending;
    this.acceptError = null;
    throw error;
  }

  get localAddress(): SocketAddress {
    if (this.address === null) throw new TypeError("the listener has no address before it listens");
    return this.address;
  }

  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.sources.remove(this);
    if (this.address !== null) this.server?.close();
    // As the system does with connections that were ready and that nobody accepted.
    for (const source of this.accepted) source.close();
    this.accepted = [];
    this.accepting.wake();
  }
}
