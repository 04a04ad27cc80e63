import { LinkedList } from "../../core/list.ts";
import type { BaseSource } from "../base-source.ts";
import { DnsLookup } from "../dns-lookup.ts";
import type { LookupOptions, TcpConnectOptions, TcpListenOptions } from "../options.ts";
import type { Reactor } from "../reactor.ts";
import type { LookupSource, TcpListenerSource, TcpStreamSource } from "../source.ts";
import { Epoll } from "./epoll.ts";
import { EpollTcpListener } from "./epoll-tcp-listener.ts";
import { EpollTcpStream } from "./epoll-tcp-stream.ts";
import type { Native } from "./native.ts";

/** What the sources of one reactor share. */
export interface EpollParts {
  readonly epoll: Epoll;
  /** Those that are open. */
  readonly sources: LinkedList<BaseSource>;
}

/** That of this thread, once a runtime has asked for it. */
let epoll: Epoll | undefined;

/** The reactor of Linux: sockets of our own, whose readiness epoll tells of, within Node's loop. */
export class EpollReactor implements Reactor {
  readonly name = "epoll";
  private readonly parts: EpollParts;

  /** @throws the system's error if epoll cannot be had: `EMFILE`, `ENOMEM` */
  constructor(native: Native) {
    epoll ??= new Epoll(native);
    this.parts = { epoll, sources: new LinkedList<BaseSource>() };
  }

  get openSources(): number {
    return this.parts.sources.size;
  }

  tcpListener(options: TcpListenOptions): TcpListenerSource {
    return new EpollTcpListener(this.parts, options);
  }

  tcpStream(options: TcpConnectOptions): TcpStreamSource {
    return new EpollTcpStream(this.parts, options);
  }

  lookup(host: string, options: LookupOptions): LookupSource {
    return new DnsLookup(host, options);
  }

  checkOptions(): void {
    // All of them can be set.
  }

  close(): void {
    // A copy: a source that closes leaves the list.
    for (const source of [...this.parts.sources]) source.close();
  }
}
