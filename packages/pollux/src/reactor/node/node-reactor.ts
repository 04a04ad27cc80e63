import { LinkedList } from "../../core/list.ts";
import type { BaseSource } from "../base-source.ts";
import { DnsLookup } from "../dns-lookup.ts";
import type {
  LookupOptions,
  SocketOptions,
  TcpConnectOptions,
  TcpListenOptions,
  UdpBindOptions,
} from "../options.ts";
import type { LocalReactor, Reactor } from "../reactor.ts";
import type { LookupSource, TcpListenerSource, TcpStreamSource, UdpSource } from "../source.ts";
import { NodeLocal } from "./node-local.ts";
import { NodeTcpListener } from "./node-tcp-listener.ts";
import { checkNodeOptions } from "./node-tcp-options.ts";
import { NodeTcpStream } from "./node-tcp-stream.ts";
import { NodeUdpSocket } from "./node-udp-socket.ts";

/** The reactor that works wherever Node does: sockets of `node:net`, whose events wake the tasks that wait. */
export class NodeReactor implements Reactor {
  readonly name = "node";
  readonly local: LocalReactor;
  readonly why: string | undefined;
  private readonly sources = new LinkedList<BaseSource>();

  /** @param why - why it is this one and not epoll's */
  constructor(why?: string) {
    this.why = why;
    this.local = new NodeLocal(this.sources);
  }

  get openSources(): number {
    return this.sources.size;
  }

  tcpListener(options: TcpListenOptions): TcpListenerSource {
    return new NodeTcpListener(this.sources, options);
  }

  tcpStream(options: TcpConnectOptions): TcpStreamSource {
    return new NodeTcpStream(this.sources, options);
  }

  udpSocket(options: UdpBindOptions): UdpSource {
    return new NodeUdpSocket(this.sources, options);
  }

  lookup(host: string, options: LookupOptions): LookupSource {
    return new DnsLookup(host, options);
  }

  checkOptions(kind: "listener" | "stream", options: Partial<SocketOptions>): void {
    checkNodeOptions(kind, options);
  }

  close(): void {
    // A copy: a listener that closes takes those out with it that nobody has accepted, and they may stand next to it.
    for (const source of [...this.sources]) source.close();
  }
}
