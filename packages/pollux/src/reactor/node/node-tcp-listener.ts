import { createServer, type Server, type Socket } from "node:net";
import type { Context } from "../../core/context.ts";
import type { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import type { SocketAddress, TcpListenerSource, TcpListenOptions, TcpStreamSource } from "../reactor.ts";
import { Waiting } from "../waiting.ts";
import { type NodeHandle, NodeSource } from "./node-source.ts";
import { NodeTcpStream } from "./node-tcp-stream.ts";

/** Node's own default. */
const BACKLOG = 511;

/**
 * A listening socket over `net.Server`.
 *
 * Node accepts as fast as connections come and has no way to be told to wait. Those that nobody has asked for yet stand
 * in a queue, paused, so that each costs its descriptor and nothing else.
 */
export class NodeTcpListener extends NodeSource implements TcpListenerSource {
  private readonly sources: LinkedList<NodeSource>;
  private readonly options: TcpListenOptions;
  private server: Server | null = null;
  private address: SocketAddress | null = null;
  private readonly waiting = new Waiting(this);
  private accepted: NodeTcpStream[] = [];
  /** The last accept failed, for lack of descriptors say; the next may succeed. */
  private acceptError: Error | null = null;

  constructor(sources: LinkedList<NodeSource>, options: TcpListenOptions) {
    super("the TCP listener");
    this.sources = sources;
    this.options = options;
  }

  protected override get handle(): NodeHandle | null {
    return this.address === null || this.isClosed ? null : this.server;
  }

  pollListen(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    this.check();
    if (this.address !== null) return undefined;
    if (this.server === null) this.open();
    return this.wait(cx);
  }

  private open(): void {
    const { host, port, backlog = BACKLOG, noDelay = true } = this.options;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay });
    this.server = server;
    this.sources.pushBack(this);
    server.on("listening", () => this.onListening(server));
    server.on("connection", (socket) => this.onConnection(socket));
    server.on("error", (error) => this.onError(error));
    server.listen({ host, port, backlog });
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
    this.opened(server);
    this.waiting.wake();
  }

  private onConnection(socket: Socket): void {
    this.accepted.push(NodeTcpStream.accepted(this.sources, socket));
    this.waiting.wake();
  }

  private onError(error: Error): void {
    if (this.address === null) {
      this.fail(error);
      this.sources.remove(this);
    } else this.acceptError = error;
    this.waiting.wake();
  }

  pollAccept(cx: Context): Poll<TcpStreamSource> {
    if (!cx.takeBudget()) return Pending;
    this.check();
    const source = this.accepted.shift();
    if (source !== undefined) return source;
    const error = this.acceptError;
    if (error !== null) {
      this.acceptError = null;
      throw error;
    }
    return this.wait(cx);
  }

  private wait(cx: Context): Pending {
    cx.refundBudget();
    this.waiting.begin(cx);
    return Pending;
  }

  cancelAccept(): void {
    this.waiting.end();
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
    this.waiting.wake();
  }
}
