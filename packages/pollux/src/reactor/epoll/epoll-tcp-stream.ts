import type { Context, TimerDriver } from "../../core/context.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import { LOOK_UPS, type Resolved, resolve } from "../dns-lookup.ts";
import type { SocketAddress, SocketOptions, TcpConnectOptions } from "../options.ts";
import type { TcpStreamSource } from "../source.ts";
import { checkEpollOptions } from "./check-epoll-options.ts";
import { CONNECTION, Connecting, type Connector } from "./connecting.ts";
import { EpollByteStream } from "./epoll-byte-stream.ts";
import type { EpollParts } from "./epoll-parts.ts";
import {
  ADDRESS_BYTES,
  decodeAddress,
  type PackedAddress,
  packAddress,
  unpackAddress,
} from "./socket-address.ts";
import { getOption, type OptionSocket, setOption } from "./socket-options.ts";

/** A connection that is being made. */
interface Opening {
  readonly options: TcpConnectOptions;
  /** Of the poll that waits. */
  timers: TimerDriver | null;
  asked: boolean;
  /** `null` until the addresses are known. */
  connecting: Connecting | null;
}

/** A TCP connection. */
export class EpollTcpStream extends EpollByteStream implements TcpStreamSource, Connector {
  /** What is to be opened, until it is or has failed; `null` for what came in. */
  private opening: Opening | null;
  private family = 0;
  private local: SocketAddress | null = null;
  private peer: PackedAddress | null = null;
  /** As it was set: the system tells only what has become of it. */
  private keepsAlive: boolean | number;

  constructor(
    parts: EpollParts,
    options: TcpConnectOptions | null,
    settings: Partial<SocketOptions> = options ?? {},
  ) {
    super(parts, "the TCP stream");
    this.opening = options === null ? null : { options, timers: null, asked: false, connecting: null };
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
    stream.peer = packAddress(peer) ?? UNKNOWN;
    try {
      descriptor.register(CONNECTION);
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream;
  }

  override pollConnect(cx: Context): Poll<void> {
    if (this.opening !== null) this.opening.timers = cx.runtime.timers;
    return super.pollConnect(cx);
  }

  protected override tryConnect(): Poll<void> {
    const { opening } = this;
    if (opening !== null && !opening.asked) {
      const { options } = opening;
      checkEpollOptions("stream", options);
      opening.asked = true;
      this.needsNodeLoop = LOOK_UPS;
      resolve(options.host, options.family ?? "any", (resolved) => this.onResolved(opening, resolved));
    }
    this.check();
    return this.descriptor === null ? Pending : undefined;
  }

  private onResolved(opening: Opening, resolved: Resolved): void {
    this.needsNodeLoop = null;
    const { options, timers } = opening;
    if (this.opening !== opening || timers === null) return;
    if ("error" in resolved) {
      this.onFailed(resolved.error);
      return;
    }
    opening.connecting = new Connecting(this.parts.epoll, timers, resolved.hosts, options, this);
    opening.connecting.next();
  }

  onConnected({ fd, family }: OptionSocket, slot: number, events: number): void {
    this.opening = null;
    this.family = family;
    this.opened(fd).takeOver(slot, events);
    const address = new Uint8Array(ADDRESS_BYTES);
    this.peer = this.native.name(fd, 1, address) < 0 ? UNKNOWN : packAddress(address);
    this.wakeWriter();
  }

  onFailed(error: Error): void {
    this.opening = null;
    this.fail(error);
    this.wakeWriter();
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
    return unpackAddress(this.peer);
  }

  override close(): void {
    if (this.isClosed) return;
    this.local ??= this.readLocal();
    this.opening?.connecting?.cancel();
    this.opening = null;
    super.close();
  }

  reset(): void {
    if (this.descriptor !== null) setOption(this.optionSocket(), "linger", 0);
    this.close();
  }
}

/** Of a connection that was reset before it could be asked. */
const UNKNOWN: SocketAddress = { host: "0.0.0.0", port: 0, family: "IPv4" };
