import type { Poll } from "../../core/poll.ts";
import type { MulticastOptions, SocketAddress, UdpBindOptions, UdpSocketOptions } from "../options.ts";
import type { UdpSource } from "../source.ts";
import {
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "./constants.ts";
import { EpollDatagrams } from "./epoll-datagrams.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { setMembership } from "./multicast.ts";
import { ADDRESS_BYTES, decodeAddress, encodeAddress } from "./socket-address.ts";
import { type OptionSocket, setInteger } from "./socket-options.ts";
import { systemError, type Where } from "./system-error.ts";
import { getUdpOption, setUdpOption, setUdpOptions } from "./udp-options.ts";

/** A UDP socket. */
export class EpollUdpSocket extends EpollDatagrams<SocketAddress> implements UdpSource {
  private readonly options: UdpBindOptions;
  private family = 0;
  private multicastInterface = "";
  private readonly to = new Uint8Array(ADDRESS_BYTES);
  /** What is in `to`. */
  private toHost = "";
  private toPort = -1;

  constructor(parts: EpollParts, options: UdpBindOptions) {
    super(parts, "the UDP socket");
    this.options = options;
  }

  protected override get unnamed(): SocketAddress {
    return { host: "0.0.0.0", port: 0, family: "IPv4" };
  }

  protected override tryBind(): Poll<void> {
    this.check();
    if (this.descriptor !== null) return undefined;
    const { options, native } = this;
    const address = new Uint8Array(ADDRESS_BYTES);
    this.family = encodeAddress(options.host, options.port, address);
    const fd = native.socket(this.family, SOCK_DGRAM, 0);
    if (fd < 0) throw systemError(fd, "socket", options);
    this.opened(fd);
    const socket = this.optionSocket();
    if (options.reuseAddress === true) setInteger(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    if (options.reusePort === true) setInteger(socket, SOL_SOCKET, SO_REUSEPORT, 1);
    if (this.family === AF_INET6)
      setInteger(socket, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6Only === true ? 1 : 0);
    setUdpOptions(socket, options);
    this.multicastInterface = options.multicastInterface ?? "";
    const result = native.bind(fd, address);
    if (result < 0) throw systemError(result, "bind", options);
    this.register();
    return undefined;
  }

  protected override decode(address: Uint8Array): SocketAddress | null {
    return decodeAddress(address);
  }

  /** Whoever sends many datagrams to one address has it written once. */
  protected override encoded({ host, port }: SocketAddress): Uint8Array {
    if (host !== this.toHost || port !== this.toPort) {
      encodeAddress(host, port, this.to);
      this.toHost = host;
      this.toPort = port;
    }
    return this.to;
  }

  protected override where(address: SocketAddress): Where {
    return address;
  }

  option<K extends keyof UdpSocketOptions>(name: K): UdpSocketOptions[K];
  option(name: keyof UdpSocketOptions): UdpSocketOptions[keyof UdpSocketOptions] {
    return name === "multicastInterface" ? this.multicastInterface : getUdpOption(this.optionSocket(), name);
  }

  setOption<K extends keyof UdpSocketOptions>(name: K, value: UdpSocketOptions[K]): void {
    setUdpOption(this.optionSocket(), name, value);
    const { multicastInterface }: Partial<UdpSocketOptions> = { [name]: value };
    if (multicastInterface !== undefined) this.multicastInterface = multicastInterface;
  }

  join(group: string, options: MulticastOptions): void {
    setMembership(this.optionSocket(), true, group, options);
  }

  leave(group: string, options: MulticastOptions): void {
    setMembership(this.optionSocket(), false, group, options);
  }

  private optionSocket(): OptionSocket {
    return { native: this.native, fd: this.open().fd, family: this.family };
  }
}
