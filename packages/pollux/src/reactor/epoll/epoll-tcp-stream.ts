import type { Context, TimerDriver } from "../../core/context.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import { LOOK_UPS, type Resolved, resolve } from "../dns-lookup.ts";
import type { SocketAddress, SocketOptions, TcpConnectOptions } from "../options.ts";
import type { TcpStreamSource } from "../source.ts";
import { checkEpollOptions } from "./check-epoll-options.ts";
import { CONNECTION, Connecting, type Connector } from "./connecting.ts";
import { EpollByteStream } from "./epoll-byte-stream.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { ADDRESS_BYTES, decodeAddress } from "./socket-address.ts";
import { getOption, type OptionSocket, setOption } from "./socket-options.ts";

/** A TCP connection. */
export class EpollTcpStream extends EpollByteStream implements TcpStreamSource, Connector {
  private readonly options: TcpConnectOptions | null;
  private timers: TimerDriver | null = null;
  private connecting: Connecting | null = null;
  private asked = false;
  private family = 0;
  private local: SocketAddress | null = null;
  private peer: SocketAddress | null = null;
  /** As it was set: the system tells only what has become of it. */
  private keepsAlive: boolean | number;

  constructor(
    parts: EpollParts,
    options: TcpConnectOptions | null,
    settings: Partial<SocketOptions> = options ?? {},
  ) {
    super(parts, "TCP stream");
    this.options = options;
    this.keepsAlive = settings.keepAlive ?? false;
  }

  /** A connection that came in, and has these options from the socket that listens. */
  static accepted(
    parts: EpollParts,
    fd: number,
    family: number,
    peer: Uint8Array,
    settings: Partial<SocketOptions>,
  ): EpollTcpStream {
    const stream = new EpollTcpStream(parts, null, settings);
    const descriptor = stream.opened(fd);
    stream.family = family;
    stream.peer = decodeAddress(peer) ?? UNKNOWN;
    try {
      descriptor.register(CONNECTION);
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream;
  }

  override pollConnect(cx: Context): Poll<void> {
    this.timers = cx.runtime.timers;
    return super.pollConnect(cx);
  }

  protected override tryConnect(): Poll<void> {
    const { options } = this;
    if (!this.asked && options !== null) {
      checkEpollOptions("stream", options);
      this.asked = true;
      this.needsNodeLoop = LOOK_UPS;
      resolve(options.host, options.family ?? "any", (resolved) => this.onResolved(options, resolved));
    }
    this.check();
    return this.descriptor === null ? Pending : undefined;
  }

  private onResolved(options: TcpConnectOptions, resolved: Resolved): void {
    this.needsNodeLoop = null;
    if (this.isClosed || this.timers === null) return;
    if ("error" in resolved) {
      this.onFailed(resolved.error);
      return;
    }
    this.connecting = new Connecting(this.parts.epoll, this.timers, resolved.hosts, options, this);
    this.connecting.next();
  }

  onConnected({ fd, family }: OptionSocket, slot: number, events: number): void {
    this.connecting = null;
    this.family = family;
    this.opened(fd).takeOver(slot, events);
    const address = new Uint8Array(ADDRESS_BYTES);
    this.peer = this.native.name(fd, 1, address) < 0 ? UNKNOWN : decodeAddress(address);
    this.writing.wake();
  }

  onFailed(error: Error): void {
    this.connecting = null;
    this.fail(error);
    this.writing.wake();
  }

  option<K extends keyof SocketOptions>(name: K): SocketOptions[K];
  option(name: keyof SocketOptions): SocketOptions[keyof SocketOptions] {
    return name === "keepAlive" ? this.keepsAlive : getOption(this.optionSocket(), name);
  }

  setOption<K extends keyof SocketOptions>(name: K, value: SocketOptions[K]): void {
    const socket = this.optionSocket();
    checkEpollOptions("stream", { [name]: value });
    setOption(socket, name, value);
    const { keepAlive }: Partial<SocketOptions> = { [name]: value };
    if (keepAlive !== undefined) this.keepsAlive = keepAlive;
  }

  private optionSocket(): OptionSocket {
    const { descriptor, native, family } = this;
    return descriptor === null ? this.refuse() : { native, fd: descriptor.fd, family };
  }

  get localAddress(): SocketAddress {
    // Asked for when it is wanted, which is seldom, and at the latest by the close.
    this.local ??= this.readLocal();
    if (this.local === null) throw new TypeError("the stream has no address before it is connected");
    return this.local;
  }

  private readLocal(): SocketAddress | null {
    if (this.descriptor === null) return null;
    const address = new Uint8Array(ADDRESS_BYTES);
    return this.native.name(this.descriptor.fd, 0, address) < 0 ? UNKNOWN : decodeAddress(address);
  }

  get peerAddress(): SocketAddress {
    if (this.peer === null) throw new TypeError("the stream has no address before it is connected");
    return this.peer;
  }

  override close(): void {
    if (this.isClosed) return;
    this.local ??= this.readLocal();
    this.connecting?.cancel();
    this.connecting = null;
    super.close();
  }

  reset(): void {
    if (this.descriptor !== null) setOption(this.optionSocket(), "linger", 0);
    this.close();
  }
}

/** Of a connection that was reset before it could be asked. */
const UNKNOWN: SocketAddress = { host: "0.0.0.0", port: 0, family: "IPv4" };
