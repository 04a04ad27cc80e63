import { createServer, type ListenOptions, type Server, type Socket } from "node:net";
import type { LinkedList } from "../../core/list.ts";
import type { BaseSource } from "../base-source.ts";
import type { SocketAddress, TcpListenOptions } from "../options.ts";
import type { TcpListenerSource, TcpStreamSource } from "../source.ts";
import { NodeListener } from "./node-listener.ts";
import { checkNodeOptions, keepAliveOf, type NewerListenOptions } from "./node-tcp-options.ts";
import { NodeTcpStream } from "./node-tcp-stream.ts";

/** A socket that listens for TCP connections. */
export class NodeTcpListener extends NodeListener<TcpStreamSource> implements TcpListenerSource {
  private readonly options: TcpListenOptions;
  private address: SocketAddress | null = null;

  constructor(sources: LinkedList<BaseSource>, options: TcpListenOptions) {
    super(sources, "the TCP listener", options);
    this.options = options;
  }

  protected override open(): Server {
    const { options } = this;
    checkNodeOptions("listener", options);
    const { host, port, backlog, noDelay = true, ipv6Only = false, exclusive = false } = options;
    const [keepAlive, keepAliveInitialDelay] = keepAliveOf(options.keepAlive ?? false);
    const server = createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay,
      keepAlive,
      keepAliveInitialDelay,
    });
    const listen: ListenOptions & NewerListenOptions = { host, port, backlog, ipv6Only, exclusive };
    if (options.reusePort === true) listen.reusePort = true;
    return server.listen(listen);
  }

  protected override opened(server: Server): void {
    const address = server.address();
    if (address === null || typeof address === "string")
      throw new TypeError("a TCP server without an address");
    const family = address.family === "IPv6" ? "IPv6" : "IPv4";
    this.address = { host: address.address, port: address.port, family };
  }

  protected override accepted(socket: Socket): TcpStreamSource {
    return NodeTcpStream.accepted(this.sources, socket, this.options);
  }

  get localAddress(): SocketAddress {
    if (this.address === null) throw new TypeError("the listener has no address before it listens");
    return this.address;
  }
}
