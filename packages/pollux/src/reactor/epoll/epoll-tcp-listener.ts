import { Pending, type Poll } from "../../core/poll.ts";
import { Acceptor } from "../acceptor.ts";
import { type Resolved, resolve } from "../dns-lookup.ts";
import type { SocketAddress, TcpListenOptions } from "../options.ts";
import type { TcpListenerSource, TcpStreamSource } from "../source.ts";
import { AF_INET6, EAGAIN, EPOLLET, EPOLLIN, IPPROTO_IPV6, IPV6_V6ONLY, SOCK_STREAM } from "./constants.ts";
import { Descriptor, type DescriptorOwner } from "./descriptor.ts";
import type { EpollParts } from "./epoll-reactor.ts";
import { EpollTcpStream } from "./epoll-tcp-stream.ts";
import { ADDRESS_BYTES, decodeAddress, encodeAddress } from "./socket-address.ts";
import { setInteger, setOption, setOptions } from "./socket-options.ts";
import { systemError } from "./system-error.ts";

/** Node's own default. */
const BACKLOG = 511;

/** A listening socket. Connections stand in the kernel's queue until they are asked for: none is ever dropped here. */
export class EpollTcpListener
  extends Acceptor<TcpStreamSource>
  implements TcpListenerSource, DescriptorOwner
{
  readonly dropped = 0;
  private readonly parts: EpollParts;
  private readonly options: TcpListenOptions;
  private asked = false;
  private descriptor: Descriptor | null = null;
  private family = 0;
  private address: SocketAddress | null = null;
  /** Of the connection that was accepted last. */
  private readonly peer = new Uint8Array(ADDRESS_BYTES);

  constructor(parts: EpollParts, options: TcpListenOptions) {
    super("the TCP listener");
    this.parts = parts;
    this.options = options;
  }

  protected override hold(): void {
    this.parts.epoll.keepAlive();
  }

  protected override release(): void {
    this.parts.epoll.letGo();
  }

  onReadable(): void {
    this.accepting.wake();
  }

  onWritable(): void {
    // Nothing is written to a listening socket.
  }

  protected override tryListen(): Poll<void> {
    if (!this.asked) {
      this.asked = true;
      resolve(this.options.host, "any", (resolved) => this.onResolved(resolved));
    }
    this.check();
    return this.address === null ? Pending : undefined;
  }

  private onResolved(resolved: Resolved): void {
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
    const { epoll, sources } = this.parts;
    const { native } = epoll;
    const { port, backlog = BACKLOG, ipv6Only = false } = this.options;
    const address = new Uint8Array(ADDRESS_BYTES);
    this.family = encodeAddress(host, port, address);
    const fd = native.socket(this.family, SOCK_STREAM, 0);
    if (fd < 0) throw systemError(fd, "socket", { host, port });
    const descriptor = new Descriptor(epoll, fd, this);
    this.descriptor = descriptor;
    sources.pushBack(this);
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

  override tryAccept(): Poll<TcpStreamSource> {
    this.check();
    const { descriptor } = this;
    if (descriptor === null) return this.refuse();
    if (!descriptor.canRead) return Pending;
    const fd = this.parts.epoll.native.accept(descriptor.fd, this.peer);
    if (fd >= 0) return EpollTcpStream.accepted(this.parts, fd, this.family, this.peer, this.options);
    if (fd !== -EAGAIN) throw systemError(fd, "accept");
    descriptor.canRead = false;
    return Pending;
  }

  get localAddress(): SocketAddress {
    if (this.address === null) throw new TypeError("the listener has no address before it listens");
    return this.address;
  }

  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.descriptor?.close();
    this.descriptor = null;
    this.parts.sources.remove(this);
    this.accepting.wake();
  }
}
