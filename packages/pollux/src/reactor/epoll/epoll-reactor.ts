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
import { checkEpollOptions } from "./check-epoll-options.ts";
import { EpollLocal } from "./epoll-local.ts";
import { epollOfThread } from "./epoll-of-thread.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { EpollTcpListener } from "./epoll-tcp-listener.ts";
import { EpollTcpStream } from "./epoll-tcp-stream.ts";
import { EpollUdpSocket } from "./epoll-udp-socket.ts";
import type { Native } from "./native.ts";

/** The reactor of Linux: sockets of our own, whose readiness epoll tells of, within Node's loop. */
export class EpollReactor implements Reactor {
  readonly name = "epoll";
  readonly local: LocalReactor;
  private readonly parts: EpollParts;

  /** @throws the system's error if epoll cannot be had: `EMFILE`, `ENOMEM` */
  constructor(native: Native) {
    this.parts = { epoll: epollOfThread(native), sources: new LinkedList<BaseSource>() };
    this.local = new EpollLocal(this.parts);
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

  udpSocket(options: UdpBindOptions): UdpSource {
    return new EpollUdpSocket(this.parts, options);
  }

  lookup(host: string, options: LookupOptions): LookupSource {
    return new DnsLookup(host, options);
  }

  checkOptions(kind: "listener" | "stream", options: Partial<SocketOptions>): void {
    checkEpollOptions(kind, options);
  }

  close(): void {
    // A copy: a source that closes leaves the list.
    for (const source of [...this.parts.sources]) source.close();
  }
}
