import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import { checkBytes } from "../io/check.ts";
import type {
  MulticastOptions,
  SocketAddress,
  UdpBindOptions,
  UdpSocketOptions,
} from "../reactor/options.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import type { UdpSource } from "../reactor/source.ts";
import { AtAddress, numericAddress } from "./at-address.ts";
import { attempt } from "./attempt.ts";
import { checkFlag, checkHost, checkPort, checkWhole } from "./check.ts";
import { ConnectDatagrams, DatagramSocket, Send } from "./datagram-socket.ts";
import { type HostPort, parseHostPort, withHostPort } from "./host-port.ts";
import { Open } from "./open.ts";

/** How a socket is bound to an address that is given apart. */
export type UdpBindSettings = Omit<UdpBindOptions, "host" | "port">;

/**
 * A UDP socket. It sends to, and receives from, any address; or, once connected, one alone.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const server = yield* UdpSocket.bind("127.0.0.1:0");
 *   const client = yield* UdpSocket.bind("127.0.0.1:0");
 *   yield* client.sendTo(new TextEncoder().encode("ping"), server.localAddress);
 *   const buf = new Uint8Array(1500);
 *   const { size, from, isTruncated } = yield* server.recvFrom(buf);
 *   console.log(size, from.port === client.localAddress.port, isTruncated); // 4 true false
 *   server.close();
 *   client.close();
 * });
 * await run(main());
 * ```
 */
export class UdpSocket extends DatagramSocket<SocketAddress, UdpSource> {
  /**
   * Opens a socket that receives there. A string is `"host:port"`; of a name that has several addresses, the first counts.
   *
   * Fails with the system's error: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOTFOUND`, `EMFILE`; with `UnsupportedError`
   * for an option that the reactor does not have, with `RangeError` for an interface that there is not.
   *
   * **Cancel safety.** Safe: the socket is closed again.
   *
   * @throws TypeError, RangeError for options that make no sense
   */
  static override bind(options: UdpBindOptions): Future<UdpSocket>;
  static override bind(address: string, settings?: UdpBindSettings): Future<UdpSocket>;
  static override bind(target: UdpBindOptions | string, settings: UdpBindSettings = {}): Future<UdpSocket> {
    const options = withHostPort(target, settings, "UdpSocket.bind");
    checkHost(options.host);
    checkPort(options.port, 0);
    checkFlag("reuseAddress", options.reuseAddress);
    checkFlag("reusePort", options.reusePort);
    checkFlag("ipv6Only", options.ipv6Only);
    checkUdpOptions(options);
    const at = ({ host }: SocketAddress): Future<UdpSocket> =>
      new Open({
        what: "UdpSocket.bind()",
        op: `bind to ${host}:${options.port}`,
        make: (runtime) => reactorOf(runtime).udpSocket({ ...options, host }),
        poll: (source, cx) => source.pollBind(cx),
        done: (source) => new UdpSocket(source),
      });
    return new AtAddress("UdpSocket.bind()", options, {}, at);
  }

  /** @internal */
  override get inspected(): InspectionTarget {
    const { host, port } = this.localAddress;
    return { kind: "UDP socket", name: `${host}:${port}`, key: this };
  }

  /** @internal */
  protected override get unnamed(): SocketAddress {
    return { host: "0.0.0.0", port: 0, family: "IPv4" };
  }

  /**
   * Sends to this address from now on, and receives from it alone. A string is `"host:port"`; of a name the first address
   * counts that is of the socket's family. Nothing goes over the network: that nobody receives there comes out when
   * something is sent, as `ECONNREFUSED`. It can be connected again, to another address.
   *
   * Fails with the system's error: `ENETUNREACH`, `ENOTFOUND`, `EACCES` for a broadcast address without the option.
   *
   * **Cancel safety.** Safe, but it may be connected all the same.
   *
   * @throws TypeError, RangeError for what is no address
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const server = yield* UdpSocket.bind("127.0.0.1:0");
   *   const client = yield* UdpSocket.bind("127.0.0.1:0");
   *   yield* client.connect(server.localAddress);
   *   console.log(yield* client.send(new Uint8Array(3))); // 3
   *   console.log(client.peerAddress?.port === server.localAddress.port); // true
   *   server.close();
   *   client.close();
   * });
   * await run(main());
   * ```
   */
  connect(address: HostPort | string): Future<void> {
    const target = withHostPort(address, {}, "connect");
    checkHost(target.host);
    checkPort(target.port, 1);
    const { family } = this.localAddress;
    return new AtAddress("connect()", target, { family }, (to) => new ConnectDatagrams(this, to));
  }

  /**
   * Sends `buf` as one datagram to an address, once the system has room for it; gives the number of bytes. The address is
   * numeric, so that no datagram waits for a name: {@link lookupHost} looks one up. See {@link DatagramSocket.send}.
   *
   * **Cancel safety.** Safe: a `sendTo` that was cancelled has sent nothing.
   *
   * @throws TypeError if `buf` is no `Uint8Array`; TypeError, RangeError for what is no numeric address
   */
  sendTo(buf: Uint8Array, address: HostPort | string): Future<number> {
    checkBytes(buf, "sendTo");
    return new Send(this, buf, numeric(address, "sendTo"));
  }

  /**
   * As {@link sendTo}, and does not wait.
   *
   * @throws WouldBlockError if the system has no room for it
   * @throws FutureInUseError while another operation waits to send
   */
  trySendTo(buf: Uint8Array, address: HostPort | string): number {
    checkBytes(buf, "trySendTo");
    const to = numeric(address, "trySendTo");
    return attempt(this.writing, "sent", () => this.source.trySend(buf, to));
  }

  /**
   * Receives what is sent to a group, too.
   *
   * @throws TypeError, RangeError for what is no address or interface
   * @throws the system's error: `EINVAL` for what is no group, `EADDRINUSE` if it has joined already, `ENODEV`
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const socket = yield* UdpSocket.bind("0.0.0.0:0");
   *   socket.joinMulticast("239.1.2.3", { interface: "127.0.0.1" });
   *   socket.leaveMulticast("239.1.2.3", { interface: "127.0.0.1" });
   *   socket.close();
   * });
   * await run(main());
   * ```
   */
  joinMulticast(group: string, options: MulticastOptions = {}): void {
    checkGroup(group, options);
    this.source.join(group, options);
  }

  /**
   * Leaves a group that was joined with the same options.
   *
   * @throws TypeError, RangeError for what is no address or interface
   * @throws the system's error: `EADDRNOTAVAIL` if it has not joined
   */
  leaveMulticast(group: string, options: MulticastOptions = {}): void {
    checkGroup(group, options);
    this.source.leave(group, options);
  }

  /** See {@link UdpSocketOptions.broadcast}. */
  get broadcast(): boolean {
    return this.source.option("broadcast");
  }

  /**
   * Sets {@link UdpSocket.broadcast}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws ClosedError after a close
   */
  setBroadcast(on: boolean): void {
    this.set({ broadcast: on }, "broadcast", on);
  }

  /** See {@link UdpSocketOptions.ttl}. */
  get ttl(): number {
    return this.source.option("ttl");
  }

  /**
   * Sets {@link UdpSocket.ttl}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws ClosedError after a close
   */
  setTtl(hops: number): void {
    this.set({ ttl: hops }, "ttl", hops);
  }

  /** See {@link UdpSocketOptions.multicastTtl}. */
  get multicastTtl(): number {
    return this.source.option("multicastTtl");
  }

  /**
   * Sets {@link UdpSocket.multicastTtl}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws ClosedError after a close
   */
  setMulticastTtl(hops: number): void {
    this.set({ multicastTtl: hops }, "multicastTtl", hops);
  }

  /** See {@link UdpSocketOptions.multicastLoop}. */
  get multicastLoop(): boolean {
    return this.source.option("multicastLoop");
  }

  /**
   * Sets {@link UdpSocket.multicastLoop}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws ClosedError after a close
   */
  setMulticastLoop(on: boolean): void {
    this.set({ multicastLoop: on }, "multicastLoop", on);
  }

  /** As it was set; `""` is the system's choice. See {@link UdpSocketOptions.multicastInterface}. */
  get multicastInterface(): string {
    return this.source.option("multicastInterface");
  }

  /**
   * Sets {@link UdpSocket.multicastInterface}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws ClosedError after a close
   */
  setMulticastInterface(nameOrAddress: string): void {
    this.set({ multicastInterface: nameOrAddress }, "multicastInterface", nameOrAddress);
  }

  /** See {@link UdpSocketOptions.sendBufferSize}. */
  get sendBufferSize(): number {
    return this.source.option("sendBufferSize");
  }

  /**
   * Sets {@link UdpSocket.sendBufferSize}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws ClosedError after a close
   */
  setSendBufferSize(bytes: number): void {
    this.set({ sendBufferSize: bytes }, "sendBufferSize", bytes);
  }

  /** See {@link UdpSocketOptions.recvBufferSize}. */
  get recvBufferSize(): number {
    return this.source.option("recvBufferSize");
  }

  /**
   * Sets {@link UdpSocket.recvBufferSize}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws ClosedError after a close
   */
  setRecvBufferSize(bytes: number): void {
    this.set({ recvBufferSize: bytes }, "recvBufferSize", bytes);
  }

  private set<K extends keyof UdpSocketOptions>(
    options: Partial<UdpSocketOptions>,
    name: K,
    value: UdpSocketOptions[K],
  ): void {
    checkUdpOptions(options);
    this.source.setOption(name, value);
  }
}

function checkUdpOptions(options: Partial<UdpSocketOptions>): void {
  checkFlag("broadcast", options.broadcast);
  checkHops("ttl", options.ttl, 1);
  checkHops("multicastTtl", options.multicastTtl, 0);
  checkFlag("multicastLoop", options.multicastLoop);
  if (options.multicastInterface !== undefined) checkHost(options.multicastInterface, "multicastInterface");
  checkWhole("sendBufferSize", options.sendBufferSize, 1, "bytes");
  checkWhole("recvBufferSize", options.recvBufferSize, 1, "bytes");
}

function checkHops(name: string, hops: number | undefined, lowest: number): void {
  checkWhole(name, hops, lowest, "hops");
  if (hops !== undefined && hops > 255) throw new RangeError(`${name} must be at most 255 hops; got ${hops}`);
}

function checkGroup(group: string, options: MulticastOptions): void {
  checkHost(group, "group");
  const address = numericAddress({ host: group, port: 0 });
  if (address === null) throw new RangeError(`a group is a numeric address, as 239.1.2.3; got ${group}`);
  if (options.interface !== undefined) checkHost(options.interface, "interface");
  if (options.source === undefined) return;
  checkHost(options.source, "source");
  if (address.family === "IPv6" || numericAddress({ host: options.source, port: 0 })?.family !== "IPv4")
    throw new RangeError("the source of a group is an address of IPv4, as the group is");
}

function numeric(address: HostPort | string, what: string): SocketAddress {
  const target = typeof address === "string" ? parseHostPort(address) : address;
  if (typeof target !== "object" || target === null)
    throw new TypeError(`${what} needs { host, port } or "host:port"; got ${String(target)}`);
  checkHost(target.host);
  checkPort(target.port, 1);
  const found = numericAddress(target);
  if (found === null)
    throw new RangeError(`${what} needs a numeric address; lookupHost() looks "${target.host}" up`);
  return found;
}
