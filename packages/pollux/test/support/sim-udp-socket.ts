import type { LinkedList } from "../../src/core/list.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";
import type { BaseSource } from "../../src/reactor/base-source.ts";
import { Datagrams } from "../../src/reactor/datagrams.ts";
import type { SocketAddress, UdpBindOptions, UdpSocketOptions } from "../../src/reactor/options.ts";
import { Readiness } from "../../src/reactor/readiness.ts";
import type { UdpSource } from "../../src/reactor/source.ts";

/** What the sockets of one simulated network share. */
export interface SimUdpNet {
  readonly sources: LinkedList<BaseSource>;
  readonly udpSockets: Map<number, SimUdpSocket>;
  nextPort(): number;
}

/** An error as Node shapes those of the system. */
export function failure(code: string, errno: number, syscall: string, address?: SocketAddress): Error {
  const where = address === undefined ? {} : { address: address.host, port: address.port };
  return Object.assign(new Error(`${syscall} ${code}`), { code, errno, syscall, ...where });
}

/** A UDP socket in memory: what is sent arrives at once, in order, and whole. */
export class SimUdpSocket extends Datagrams<SocketAddress> implements UdpSource {
  private readonly net: SimUdpNet;
  private readonly options: UdpBindOptions;
  private readonly settings: UdpSocketOptions;
  private readonly groups = new Set<string>();
  private local: SocketAddress | null = null;
  private peer: SocketAddress | null = null;
  private arrived: { bytes: Buffer; sender: SocketAddress }[] = [];
  private error: Error | null = null;

  constructor(net: SimUdpNet, options: UdpBindOptions) {
    super("the UDP socket", false);
    this.net = net;
    this.options = options;
    this.settings = {
      broadcast: options.broadcast ?? false,
      ttl: options.ttl ?? 64,
      multicastTtl: options.multicastTtl ?? 1,
      multicastLoop: options.multicastLoop ?? true,
      multicastInterface: options.multicastInterface ?? "",
      sendBufferSize: options.sendBufferSize ?? 65_536,
      recvBufferSize: options.recvBufferSize ?? 65_536,
    };
  }

  protected override hold(): void {}
  protected override release(): void {}

  protected override tryBind(): Poll<void> {
    this.check();
    const { net } = this;
    const { host, port } = this.options;
    const address = { host, port: port === 0 ? net.nextPort() : port, family: "IPv4" } as const;
    if (net.udpSockets.has(address.port)) throw failure("EADDRINUSE", -98, "bind", address);
    this.local = address;
    net.udpSockets.set(address.port, this);
    net.sources.pushBack(this);
  }

  protected override tryConnect(to: SocketAddress): Poll<void> {
    this.check();
    this.peer = to;
  }

  private throwError(): void {
    this.check();
    const { error } = this;
    this.error = null;
    if (error !== null) throw error;
  }

  override tryReceive(buf: Uint8Array, peek: boolean): Poll<number> {
    const first = this.arrived[0];
    if (first === undefined) {
      this.throwError();
      return Pending;
    }
    if (!peek) this.arrived.shift();
    this.sender = first.sender;
    this.sizeSent = first.bytes.length;
    return first.bytes.copy(buf);
  }

  override trySend(buf: Uint8Array, to: SocketAddress | null): Poll<number> {
    this.throwError();
    const target = to ?? this.peer;
    if (target === null) throw failure("EDESTADDRREQ", -89, "send");
    if (buf.length > 65_507) throw failure("EMSGSIZE", -90, "send", target);
    const socket = this.net.udpSockets.get(target.port);
    if (socket === undefined && to === null) {
      this.error = failure("ECONNREFUSED", -111, "recv");
      this.reading.wake();
    }
    socket?.deliver(Buffer.from(buf), this.localAddress);
    return buf.length;
  }

  private deliver(bytes: Buffer, sender: SocketAddress): void {
    if (this.peer !== null && this.peer.port !== sender.port) return;
    this.arrived.push({ bytes, sender });
    this.reading.wake();
  }

  override get readiness(): number {
    if (this.isClosed) return Readiness.Failed;
    const failed = this.error === null ? 0 : Readiness.Failed;
    return failed | Readiness.Writable | (this.arrived.length > 0 ? Readiness.Readable : 0);
  }

  option<K extends keyof UdpSocketOptions>(name: K): UdpSocketOptions[K] {
    return this.settings[name];
  }

  setOption<K extends keyof UdpSocketOptions>(name: K, value: UdpSocketOptions[K]): void {
    this.check();
    this.settings[name] = value;
  }

  join(group: string): void {
    this.groups.add(group);
  }

  leave(group: string): void {
    if (!this.groups.delete(group)) throw failure("EADDRNOTAVAIL", -99, "setsockopt");
  }

  override get localAddress(): SocketAddress {
    if (this.local === null) throw new TypeError("the socket has no address before it is bound");
    return this.local;
  }

  override get peerAddress(): SocketAddress | null {
    return this.isClosed ? null : this.peer;
  }

  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.local !== null) this.net.udpSockets.delete(this.local.port);
    this.net.sources.remove(this);
    this.wakeBoth();
  }
}
