import { Pending, type Poll } from "../../core/poll.ts";
import { LOOK_UPS, type Resolved, resolve } from "../dns-lookup.ts";
import type { SocketAddress, TcpListenOptions } from "../options.ts";
import type { TcpListenerSource, TcpStreamSource } from "../source.ts";
import { systemError } from "../system-error.ts";
import { checkEpollOptions } from "./check-epoll-options.ts";
import { EPOLLET, EPOLLIN, SO_DOMAIN, SOL_SOCKET } from "./constants.ts";
import type { Descriptor } from "./descriptor.ts";
import { EpollListener } from "./epoll-listener.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { EpollTcpStream } from "./epoll-tcp-stream.ts";
import { listenTcp } from "./listen-tcp.ts";
import type { Native } from "./native.ts";
import { ADDRESS_BYTES, decodeAddress } from "./socket-address.ts";
import { getInteger } from "./socket-options.ts";

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

  /**
   * One with a descriptor of its own of a socket that listens already: each connection comes to one of those who have it.
   *
   * @throws the system's error: `EMFILE`, `EINVAL` for what does not listen
   */
  static shared(parts: EpollParts, fd: number, options: TcpListenOptions): EpollTcpListener {
    const { native } = parts.epoll;
    const listener = new EpollTcpListener(parts, options);
    const own = native.duplicate(fd);
    if (own < 0) throw systemError(own, "dup");
    const descriptor = listener.opened(own);
    listener.asked = true;
    listener.isShared = true;
    try {
      listener.family = getInteger({ native, fd: own, family: 0 }, SOL_SOCKET, SO_DOMAIN);
      listener.listening(descriptor, native);
    } catch (error) {
      listener.close();
      throw error;
    }
    return listener;
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
    const { fd, family } = listenTcp(native, host, this.options);
    this.family = family;
    this.listening(this.opened(fd), native);
  }

  private listening(descriptor: Descriptor, native: Native): void {
    descriptor.register(EPOLLIN | EPOLLET);
    const address = new Uint8Array(ADDRESS_BYTES);
    native.name(descriptor.fd, 0, address);
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
