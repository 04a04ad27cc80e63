import { connect, Socket } from "node:net";
import { UnsupportedError } from "../../core/errors.ts";
import type { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import type { BaseSource } from "../base-source.ts";
import type { SocketAddress, SocketOptions, TcpConnectOptions } from "../options.ts";
import type { TcpStreamSource } from "../source.ts";
import { NodeByteStream } from "./node-byte-stream.ts";
import { checkNodeOptions, keepAliveOf } from "./node-tcp-options.ts";

const FAMILIES = { any: 0, IPv4: 4, IPv6: 6 } as const;

/** A TCP connection. */
export class NodeTcpStream extends NodeByteStream implements TcpStreamSource {
  private readonly options: TcpConnectOptions | null;
  private local: SocketAddress | null = null;
  private peer: SocketAddress | null = null;
  private noDelay: boolean;
  private keepsAlive: boolean | number;
  private linger: number | null;

  constructor(
    sources: LinkedList<BaseSource>,
    options: TcpConnectOptions | null,
    settings: Partial<SocketOptions> = options ?? {},
  ) {
    super(sources, "TCP stream");
    this.options = options;
    this.noDelay = settings.noDelay ?? true;
    this.keepsAlive = settings.keepAlive ?? false;
    this.linger = settings.linger ?? null;
  }

  /** A connection that came in, has these options already, and has not been read from. */
  static accepted(
    sources: LinkedList<BaseSource>,
    socket: Socket,
    settings: Partial<SocketOptions>,
  ): NodeTcpStream {
    const stream = new NodeTcpStream(sources, null, settings);
    stream.attach(socket);
    stream.onConnect(socket);
    return stream;
  }

  /**
   * A connected socket that somebody else has made, and that nobody reads from.
   *
   * @throws TypeError for what is none
   */
  static adopted(sources: LinkedList<BaseSource>, socket: object): NodeTcpStream {
    if (!(socket instanceof Socket)) throw new TypeError("fromSocket needs a net.Socket of Node's");
    if (socket.remoteAddress === undefined || socket.connecting || socket.destroyed)
      throw new TypeError("fromSocket needs a socket that is connected over TCP");
    socket.pause();
    socket.allowHalfOpen = true;
    return NodeTcpStream.accepted(sources, socket, {});
  }

  protected override tryConnect(): Poll<void> {
    this.check();
    if (this.connected) return undefined;
    if (this.socket === null && this.options !== null) this.open(this.options);
    return Pending;
  }

  private open(options: TcpConnectOptions): void {
    checkNodeOptions("stream", options);
    const { host, port, localAddress, localPort, family = "any" } = options;
    const [keepAlive, keepAliveInitialDelay] = keepAliveOf(this.keepsAlive);
    const socket = connect({
      host,
      port,
      localAddress,
      localPort,
      family: FAMILIES[family],
      autoSelectFamily: options.happyEyeballs ?? true,
      autoSelectFamilyAttemptTimeout: options.attemptTimeout,
      noDelay: this.noDelay,
      keepAlive,
      keepAliveInitialDelay,
      allowHalfOpen: true,
    });
    socket.pause();
    socket.on("connect", () => this.onConnect(socket));
    this.attach(socket);
  }

  protected override onConnect(socket: Socket): void {
    this.local = address(socket.localAddress, socket.localPort, socket.localFamily);
    this.peer = address(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    super.onConnect(socket);
  }

  option<K extends keyof SocketOptions>(name: K): SocketOptions[K];
  option(name: keyof SocketOptions): SocketOptions[keyof SocketOptions] {
    if (name === "noDelay") return this.noDelay;
    if (name === "keepAlive") return this.keepsAlive;
    if (name === "linger") return this.linger;
    return unreadable(name);
  }

  setOption<K extends keyof SocketOptions>(name: K, value: SocketOptions[K]): void {
    const { socket } = this;
    if (this.isClosed || socket === null) this.refuse();
    const options: Partial<SocketOptions> = { [name]: value };
    checkNodeOptions("stream", options);
    const { noDelay, keepAlive, linger } = options;
    if (noDelay !== undefined) {
      this.noDelay = noDelay;
      socket.setNoDelay(noDelay);
    } else if (keepAlive !== undefined) {
      this.keepsAlive = keepAlive;
      socket.setKeepAlive(...keepAliveOf(keepAlive));
    } else if (linger !== undefined) this.linger = linger;
    else unreadable(name);
  }

  get localAddress(): SocketAddress {
    return known(this.local);
  }

  get peerAddress(): SocketAddress {
    return known(this.peer);
  }

  override close(): void {
    if (this.linger === 0) this.reset();
    else super.close();
  }
}

/** A connection that was reset before it was accepted has no addresses any more. */
function address(host = "0.0.0.0", port = 0, family = "IPv4"): SocketAddress {
  return { host, port, family: family === "IPv6" ? "IPv6" : "IPv4" };
}

function known(address: SocketAddress | null): SocketAddress {
  if (address === null) throw new TypeError("the stream has no address before it is connected");
  return address;
}

function unreadable(name: keyof SocketOptions): never {
  throw new UnsupportedError(`${name} of an open stream on the node reactor`, "Node's sockets do not tell");
}
