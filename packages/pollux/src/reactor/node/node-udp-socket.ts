import { createSocket, type Socket, type SocketOptions } from "node:dgram";
import { isIPv6 } from "node:net";
import { UnsupportedError } from "../../core/errors.ts";
import type { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import type { BaseSource } from "../base-source.ts";
import { Datagrams } from "../datagrams.ts";
import { interfaceOf } from "../interfaces.ts";
import type { MulticastOptions, SocketAddress, UdpBindOptions, UdpSocketOptions } from "../options.ts";
import { Readiness } from "../readiness.ts";
import type { UdpSource } from "../source.ts";
import { canReusePort } from "./node-tcp-options.ts";

/** Bytes that are held for a reader; what comes beyond is lost, as it is in the system's own buffer (Linux's default). */
const MOST_HELD = 212_992;

/** Bytes that are being sent, at most, before a send waits. */
const MOST_UNDER_WAY = 212_992;

/** What a datagram costs beside its bytes, so that many empty ones have a limit, too. */
const COST = 256;

/** The most that a datagram carries: 65,535 less the headers of UDP and, for IPv4, of IP. */
const LARGEST = { IPv4: 65_507, IPv6: 65_527 } as const;

const EMSGSIZE = -90;

interface Arrived {
  readonly bytes: Buffer;
  readonly sender: SocketAddress;
}

/**
 * A UDP socket over `node:dgram`.
 *
 * **Receiving.** Node receives as fast as datagrams come; they are held up to a limit, and lost beyond.
 *
 * **Sending.** Bytes are copied. That a send has failed is known a turn later, and thrown by the next operation.
 */
export class NodeUdpSocket extends Datagrams<SocketAddress> implements UdpSource {
  override needsNodeLoop: string | null = "sockets of the node reactor";
  private readonly sources: LinkedList<BaseSource>;
  private readonly options: UdpBindOptions;
  private readonly family: "IPv4" | "IPv6";
  private readonly settings: Partial<UdpSocketOptions>;
  private socket: Socket | null = null;
  private local: SocketAddress | null = null;
  private peer: SocketAddress | null = null;
  /** What the socket is being connected to, as it was asked for, and how that went. */
  private connecting: { readonly to: SocketAddress; isOver: boolean; error: Error | null } | null = null;
  private arrived: Arrived[] = [];
  private held = 0;
  private underWay = 0;
  /** An error that has not been thrown yet. */
  private error: Error | null = null;

  constructor(sources: LinkedList<BaseSource>, options: UdpBindOptions) {
    super("the UDP socket");
    this.sources = sources;
    this.options = options;
    this.family = isIPv6(options.host) ? "IPv6" : "IPv4";
    this.settings = {
      ttl: 64,
      broadcast: false,
      multicastTtl: 1,
      multicastLoop: true,
      multicastInterface: "",
    };
  }

  // The socket is referenced by Node while it opens, and has no handle after the close.
  protected override hold(): void {
    if (this.local !== null && !this.isClosed) this.socket?.ref();
  }

  protected override release(): void {
    if (this.local !== null && !this.isClosed) this.socket?.unref();
  }

  protected override tryBind(): Poll<void> {
    // Its events may come within the call.
    if (this.socket === null) this.bind();
    this.check();
    return this.local === null ? Pending : undefined;
  }

  private bind(): void {
    const { options, family } = this;
    const { host, port, reuseAddress = false, reusePort = false, ipv6Only = false } = options;
    const { sendBufferSize, recvBufferSize } = options;
    const create: SocketOptions & { reusePort?: boolean } = {
      type: family === "IPv6" ? "udp6" : "udp4",
      reuseAddr: reuseAddress,
      ipv6Only,
      // Addresses are numeric: nothing is looked up, and so a send is begun within its call.
      lookup: (address, _options, callback) => callback(null, address, family === "IPv6" ? 6 : 4),
    };
    if (reusePort) {
      if (!canReusePort(process.versions.node)) {
        const needs = `it needs Node 22.12 or 23.1; this is ${process.versions.node}`;
        throw new UnsupportedError("reusePort on the node reactor", needs);
      }
      create.reusePort = true;
    }
    if (sendBufferSize !== undefined) create.sendBufferSize = sendBufferSize;
    if (recvBufferSize !== undefined) create.recvBufferSize = recvBufferSize;
    const socket = createSocket(create);
    this.socket = socket;
    this.sources.pushBack(this);
    socket.on("message", (bytes, { address, port: from, family: of }) =>
      this.onMessage(bytes, { host: address, port: from, family: of === "IPv6" ? "IPv6" : "IPv4" }),
    );
    socket.on("error", (error) => this.onError(error));
    socket.on("listening", () => this.onListening(socket));
    socket.bind({ address: host, port, exclusive: true });
  }

  private onListening(socket: Socket): void {
    if (this.isClosed) return;
    const { address, port, family } = socket.address();
    this.local = { host: address, port, family: family === "IPv6" ? "IPv6" : "IPv4" };
    try {
      for (const name of [
        "broadcast",
        "ttl",
        "multicastTtl",
        "multicastLoop",
        "multicastInterface",
      ] as const) {
        const value = this.options[name];
        if (value !== undefined) this.setOption(name, value);
      }
    } catch (error) {
      this.fail(error as Error); // Of the system, or a RangeError: nothing else is thrown.
    }
    if (this.waits === 0) socket.unref();
    this.writing.wake();
  }

  private onMessage(bytes: Buffer, sender: SocketAddress): void {
    if (this.isClosed || this.held + bytes.length + COST > MOST_HELD) return;
    this.held += bytes.length + COST;
    this.arrived.push({ bytes, sender });
    this.reading.wake();
  }

  private onError(error: Error): void {
    if (this.local === null) {
      this.fail(error);
      this.sources.remove(this);
    } else this.error = error;
    this.wakeBoth();
  }

  /** The socket, if it is open and no error waits. */
  private open(): Socket {
    this.check();
    const { socket, error } = this;
    if (error !== null) {
      this.error = null;
      throw error;
    }
    return socket ?? this.refuse();
  }

  override tryReceive(buf: Uint8Array, peek: boolean): Poll<number> {
    if (this.isClosed) this.refuse();
    const first = this.arrived[0];
    if (first === undefined) {
      this.open();
      return Pending;
    }
    if (!peek) {
      this.arrived.shift();
      this.held -= first.bytes.length + COST;
    }
    this.sender = first.sender;
    this.sizeSent = first.bytes.length;
    return first.bytes.copy(buf);
  }

  override trySend(buf: Uint8Array, to: SocketAddress | null): Poll<number> {
    const socket = this.open();
    if (buf.length > LARGEST[this.family]) throw tooLarge(to);
    if (to === null && this.peer === null) throw unconnected();
    if (to !== null && this.peer !== null) return this.sendElsewhere(socket, buf, to);
    if (this.underWay > MOST_UNDER_WAY) return Pending;
    const copy = Buffer.from(buf);
    this.underWay += copy.length + COST;
    const done = (error: Error | null): void => this.sent(copy.length, error);
    if (to === null) socket.send(copy, done);
    else socket.send(copy, to.port, to.host, done);
    return copy.length;
  }

  /** Node's sockets that are connected send nowhere else, though the system's do. */
  private sendElsewhere(socket: Socket, buf: Uint8Array, to: SocketAddress): Poll<number> {
    const { peer } = this;
    if (peer !== null && peer.host === to.host && peer.port === to.port) return this.trySend(buf, null);
    socket.address(); // Throws for a socket that is gone.
    throw new UnsupportedError(
      "sendTo of a connected socket, to another address, on the node reactor",
      "Node's sockets refuse it: use a socket that is not connected",
    );
  }

  private sent(size: number, error: Error | null): void {
    this.underWay -= size + COST;
    // A close has let the process go, and Node's error for what it broke off is not the system's.
    if (error !== null && !this.isClosed) this.error = error;
    this.wakeBoth();
  }

  protected override tryConnect(to: SocketAddress): Poll<void> {
    const socket = this.open();
    const { connecting } = this;
    if (connecting?.to !== to) {
      if (this.peer !== null) socket.disconnect();
      this.peer = null;
      const attempt: NonNullable<typeof connecting> = { to, isOver: false, error: null };
      this.connecting = attempt;
      socket.connect(to.port, to.host, (error?: Error) => {
        attempt.error = error ?? null;
        attempt.isOver = true;
        this.writing.wake();
      });
      // The call was made within `connect`; what came of it is told later.
      this.peer = peerOf(socket);
      return Pending;
    }
    if (!connecting.isOver) return Pending;
    this.connecting = null;
    if (connecting.error !== null) throw connecting.error;
    const { address, port, family } = socket.address();
    this.local = { host: address, port, family: family === "IPv6" ? "IPv6" : "IPv4" };
    return undefined;
  }

  override get readiness(): number {
    const { socket } = this;
    if (this.failure !== null || this.isClosed || socket === null) return Readiness.Failed;
    let bits = 0;
    if (this.arrived.length > 0) bits |= Readiness.Readable;
    if (this.underWay <= MOST_UNDER_WAY) bits |= Readiness.Writable;
    if (this.error !== null) bits |= Readiness.Failed;
    return bits;
  }

  option<K extends keyof UdpSocketOptions>(name: K): UdpSocketOptions[K];
  option(name: keyof UdpSocketOptions): UdpSocketOptions[keyof UdpSocketOptions] | undefined {
    const socket = this.open();
    if (name === "sendBufferSize") return socket.getSendBufferSize() / this.doubled;
    if (name === "recvBufferSize") return socket.getRecvBufferSize() / this.doubled;
    return this.settings[name];
  }

  /** Linux doubles what it is told, for its own bookkeeping, and tells the double. */
  private get doubled(): number {
    return process.platform === "linux" ? 2 : 1;
  }

  setOption<K extends keyof UdpSocketOptions>(name: K, value: UdpSocketOptions[K]): void {
    const socket = this.open();
    const options: Partial<UdpSocketOptions> = { [name]: value };
    const { broadcast, ttl, multicastTtl, multicastLoop, multicastInterface } = options;
    if (broadcast !== undefined) socket.setBroadcast(broadcast);
    if (ttl !== undefined) socket.setTTL(ttl);
    if (multicastTtl !== undefined) socket.setMulticastTTL(multicastTtl);
    if (multicastLoop !== undefined) socket.setMulticastLoopback(multicastLoop);
    if (multicastInterface !== undefined) socket.setMulticastInterface(this.onInterface(multicastInterface));
    if (options.sendBufferSize !== undefined) socket.setSendBufferSize(options.sendBufferSize);
    if (options.recvBufferSize !== undefined) socket.setRecvBufferSize(options.recvBufferSize);
    Object.assign(this.settings, options);
  }

  /** As Node wants an interface to be called. */
  private onInterface(nameOrAddress: string): string {
    const { address, name } = interfaceOf(nameOrAddress);
    return this.family === "IPv6" ? `::%${name}` : address;
  }

  join(group: string, { interface: name, source }: MulticastOptions): void {
    const socket = this.open();
    const on = name === undefined ? undefined : this.onInterface(name);
    if (source === undefined) socket.addMembership(group, on);
    else socket.addSourceSpecificMembership(source, group, on);
  }

  leave(group: string, { interface: name, source }: MulticastOptions): void {
    const socket = this.open();
    const on = name === undefined ? undefined : this.onInterface(name);
    if (source === undefined) socket.dropMembership(group, on);
    else socket.dropSourceSpecificMembership(source, group, on);
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
    this.arrived = [];
    this.sources.remove(this);
    this.socket?.close();
    this.wakeBoth();
  }
}

function peerOf(socket: Socket): SocketAddress | null {
  try {
    const { address, port, family } = socket.remoteAddress();
    return { host: address, port, family: family === "IPv6" ? "IPv6" : "IPv4" };
  } catch {
    // It is not connected: `connect` has failed, and says so to its callback.
    return null;
  }
}

function tooLarge(to: SocketAddress | null): Error {
  const where = to === null ? {} : { address: to.host, port: to.port };
  return Object.assign(new Error("send EMSGSIZE"), {
    errno: EMSGSIZE,
    code: "EMSGSIZE",
    syscall: "send",
    ...where,
  });
}

function unconnected(): Error {
  return Object.assign(new Error("send EDESTADDRREQ"), {
    errno: -89,
    code: "EDESTADDRREQ",
    syscall: "send",
  });
}
