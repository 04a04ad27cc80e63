import { LinkedList } from "../../core/list.ts";
import type { BaseSource } from "../base-source.ts";
import { DnsLookup } from "../dns-lookup.ts";
import type { LookupOptions, SocketOptions, TcpConnectOptions, TcpListenOptions } from "../options.ts";
import type { Reactor } from "../reactor.ts";
import type { LookupSource, TcpListenerSource, TcpStreamSource } from "../source.ts";
import { NodeTcpListener } from "./node-tcp-listener.ts";
import { checkNodeOptions } from "./node-tcp-options.ts";
import { NodeTcpStream } from "./node-tcp-stream.ts";

/** The reactor that works wherever Node does: sockets of `node:net`, whose events wake the tasks that wait. */
export class NodeReactor implements Reactor {
  readonly name = "node";
  readonly why: string | undefined;
  private readonly sources = new LinkedList<BaseSource>();

  /** @param why - why it is this one and not epoll's */
  constructor(why?: string) {
    this.why = why;
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
