import { Pending, type Poll } from "../../core/poll.ts";
import { LOOK_UPS, type Resolved, resolve } from "../dns-lookup.ts";
import type { SocketAddress, TcpListenOptions } from "../options.ts";
import type { TcpListenerSource, TcpStreamSource } from "../source.ts";
import { systemError } from "../system-error.ts";
import { checkEpollOptions } from "./check-epoll-options.ts";
import { AF_INET6, EPOLLET, EPOLLIN, IPPROTO_IPV6, IPV6_V6ONLY, SOCK_STREAM } from "./constants.ts";
import { EpollListener } from "./epoll-listener.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { EpollTcpStream } from "./epoll-tcp-stream.ts";
import { ADDRESS_BYTES, decodeAddress, encodeAddress } from "./socket-address.ts";
import { setInteger, setOption, setOptions } from "./socket-options.ts";

/** Node's own default. */
const BACKLOG = 511;

/** A socket that listens for TCP connections. */
export class EpollTcpListener extends EpollListener<TcpStreamSource> implements TcpListenerSource {
  private readonly options: TcpListenOptions;
  private asked = false;
  private family = 0;
  private address: SocketAddress | null = null;

  constructor(parts: EpollParts, options: TcpListenOptions) {
    super(parts, "the TCP listener");
    this.options = options;
  }

  protected override tryListen(): Poll<void> {
    if (!this.asked) {
      checkEpollOptions("listener", this.options);
      this.asked = true;
      this.needsNodeLoop = LOOK_UPS;
      resolve(this.options.host, "any", (resolved) => this.onResolved(resolved));
    }
    this.check();
    return this.address === null ? Pending : undefined;
  }

  private onResolved(resolved: Resolved): void {
    this.needsNodeLoop = null;
    if (this.isClosed) return;
    try {
      if ("error" in resolved) throw resolved.error;
      this.listen(resolved.hosts[0] ?? this.options.host);
    } catch (error) {
      this.fail(error as Error); // Of the system or of the resolver: nothing else is thrown.
    }
    this.accepting.wake();
  }

  private listen(host: string): void {
    const { native } = this.parts.epoll;
    const { port, backlog = BACKLOG, ipv6Only = false } = this.options;
    const address = new Uint8Array(ADDRESS_BYTES);
    this.family = encodeAddress(host, port, address);
    const fd = native.socket(this.family, SOCK_STREAM, 0);
    if (fd < 0) throw systemError(fd, "socket", { host, port });
    const descriptor = this.opened(fd);
    const socket = { native, fd, family: this.family };
    // As Node has it: a port whose old connections are not quite gone can be had again.
    if (this.options.reuseAddress === undefined) setOption(socket, "reuseAddress", true);
    setOptions(socket, this.options);
    if (this.family === AF_INET6) setInteger(socket, IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only ? 1 : 0);
    let result = native.bind(fd, address);
    if (result >= 0) result = native.listen(fd, backlog);
    if (result < 0) throw systemError(result, "listen", { host, port });
    descriptor.register(EPOLLIN | EPOLLET);
    native.name(fd, 0, address);
    this.address = decodeAddress(address);
  }

  protected override accepted(fd: number, peer: Uint8Array): TcpStreamSource {
    return EpollTcpStream.accepted(this.parts, fd, this.family, peer, this.options);
  }

  get localAddress(): SocketAddress {
    if (this.address === null) throw new TypeError("the listener has no address before it listens");
    return this.address;
  }
}
