import type { Context, TimerDriver } from "../../core/context.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import { ByteStream } from "../byte-stream.ts";
import { type Resolved, resolve } from "../dns-lookup.ts";
import type { SocketAddress, SocketOptions, TcpConnectOptions } from "../options.ts";
import { Readiness } from "../readiness.ts";
import type { TcpStreamSource } from "../source.ts";
import { CONNECTION, Connecting, type Connector } from "./connecting.ts";
import { EAGAIN, ENOTCONN, MSG_PEEK, SHUT_WR } from "./constants.ts";
import { Descriptor, type DescriptorOwner } from "./descriptor.ts";
import type { EpollParts } from "./epoll-reactor.ts";
import type { Native } from "./native.ts";
import { ADDRESS_BYTES, decodeAddress } from "./socket-address.ts";
import { getOption, type OptionSocket, setOption } from "./socket-options.ts";
import { systemError } from "./system-error.ts";

/**
 * A connection. The system's buffers are the only ones: a read and a write are the system calls themselves, and what a
 * write has taken over is the kernel's to send, after a close too.
 */
export class EpollTcpStream extends ByteStream implements TcpStreamSource, DescriptorOwner, Connector {
  private readonly parts: EpollParts;
  private readonly native: Native;
  private readonly options: TcpConnectOptions | null;
  private timers: TimerDriver | null = null;
  private connecting: Connecting | null = null;
  private asked = false;
  private descriptor: Descriptor | null = null;
  private family = 0;
  private local: SocketAddress | null = null;
  private peer: SocketAddress | null = null;
  /** The peer's end has been read. It stays the end, whatever fails later. */
  private readEnd = false;
  /** Our side has been ended. */
  private ended = false;
  /** As it was set: the system tells only what has become of it. */
  private keepsAlive: boolean | number;

  constructor(
    parts: EpollParts,
    options: TcpConnectOptions | null,
    settings: Partial<SocketOptions> = options ?? {},
  ) {
    super("the TCP stream");
    this.parts = parts;
    this.native = parts.epoll.native;
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
    const descriptor = stream.opened(fd, family);
    stream.peer = decodeAddress(peer) ?? UNKNOWN;
    try {
      descriptor.register(CONNECTION);
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream;
  }

  private opened(fd: number, family: number): Descriptor {
    const descriptor = new Descriptor(this.parts.epoll, fd, this);
    this.descriptor = descriptor;
    this.family = family;
    this.parts.sources.pushBack(this);
    return descriptor;
  }

  protected override hold(): void {
    this.parts.epoll.keepAlive();
  }

  protected override release(): void {
    this.parts.epoll.letGo();
  }

  onReadable(): void {
    this.reading.wake();
  }

  onWritable(): void {
    this.writing.wake();
  }

  override pollConnect(cx: Context): Poll<void> {
    this.timers = cx.runtime.timers;
    return super.pollConnect(cx);
  }

  protected override tryConnect(): Poll<void> {
    const { options } = this;
    if (!this.asked && options !== null) {
      this.asked = true;
      resolve(options.host, options.family ?? "any", (resolved) => this.onResolved(options, resolved));
    }
    this.check();
    return this.descriptor === null ? Pending : undefined;
  }

  private onResolved(options: TcpConnectOptions, resolved: Resolved): void {
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
    this.opened(fd, family).takeOver(slot, events);
    const address = new Uint8Array(ADDRESS_BYTES);
    this.peer = this.native.name(fd, 1, address) < 0 ? UNKNOWN : decodeAddress(address);
    this.writing.wake();
  }

  onFailed(error: Error): void {
    this.connecting = null;
    this.fail(error);
    this.writing.wake();
  }

  override tryRead(buf: Uint8Array): Poll<number> {
    const size = this.receive(buf, 0);
    if (size !== Pending) this.bytesRead += size;
    return size;
  }

  override tryPeek(buf: Uint8Array): Poll<number> {
    return this.receive(buf, MSG_PEEK);
  }

  private receive(buf: Uint8Array, flags: number): Poll<number> {
    const { descriptor } = this;
    if (descriptor === null) return this.refuse();
    if (this.readEnd) return 0;
    if (!descriptor.canRead) {
      this.check();
      return Pending;
    }
    const size = this.native.receive(descriptor.fd, buf, 0, buf.length, flags);
    if (size > 0) {
      if (size < buf.length && flags === 0) descriptor.readShort();
      return size;
    }
    if (size === 0) {
      // After a failure that a write has met, the system gives an end that is none.
      if (this.failure !== null) this.check();
      this.readEnd = true;
      return 0;
    }
    if (size !== -EAGAIN) return this.failed(size, "read");
    descriptor.canRead = false;
    this.check();
    return Pending;
  }

  protected override startReading(): void {
    // The system receives by itself.
  }

  override tryWrite(buf: Uint8Array): Poll<number> {
    const descriptor = this.writer();
    if (buf.length === 0) return 0;
    if (!descriptor.canWrite) return Pending;
    return this.wrote(descriptor, this.native.send(descriptor.fd, buf, 0, buf.length, 0));
  }

  override tryWriteVectored(bufs: readonly Uint8Array[]): Poll<number> {
    const descriptor = this.writer();
    if (bufs.every((buf) => buf.length === 0)) return 0;
    if (!descriptor.canWrite) return Pending;
    return this.wrote(descriptor, this.native.writeVectored(descriptor.fd, bufs));
  }

  /** The descriptor, if it can be written to. */
  private writer(): Descriptor {
    this.check();
    return this.descriptor === null || this.ended ? this.refuse(this.nameOfWriter) : this.descriptor;
  }

  /** What a system call that writes has given. */
  private wrote(descriptor: Descriptor, size: number): Poll<number> {
    if (size >= 0) {
      this.bytesWritten += size;
      return size;
    }
    if (size !== -EAGAIN) return this.failed(size, "write");
    descriptor.canWrite = false;
    return Pending;
  }

  /** A system call has failed: it is thrown here, and seen by whoever waits on the other side as a cause. */
  private failed(result: number, syscall: string): never {
    this.fail(systemError(result, syscall));
    try {
      this.check();
    } finally {
      this.wakeBoth();
    }
    return this.refuse();
  }

  protected override tryShutdown(): Poll<void> {
    const { descriptor } = this;
    if (descriptor === null) return this.refuse(this.nameOfWriter);
    if (this.ended) return undefined;
    this.check();
    this.ended = true;
    const result = this.native.shutdown(descriptor.fd, SHUT_WR);
    if (result < 0 && result !== -ENOTCONN) this.failed(result, "shutdown");
    return undefined;
  }

  private get nameOfWriter(): string {
    return this.ended ? "the write side of the TCP stream" : "the TCP stream";
  }

  override get readiness(): number {
    const { descriptor } = this;
    if (this.failure !== null || descriptor === null) return Readiness.Failed;
    let bits = 0;
    if (descriptor.canRead) bits |= Readiness.Readable;
    if (descriptor.canWrite && !this.ended) bits |= Readiness.Writable;
    if (descriptor.hasHungUp) bits |= Readiness.ReadClosed;
    if (this.ended) bits |= Readiness.WriteClosed;
    if (descriptor.hasFailed) bits |= Readiness.Failed;
    return bits;
  }

  option<K extends keyof SocketOptions>(name: K): SocketOptions[K];
  option(name: keyof SocketOptions): SocketOptions[keyof SocketOptions] {
    return name === "keepAlive" ? this.keepsAlive : getOption(this.optionSocket(), name);
  }

  setOption<K extends keyof SocketOptions>(name: K, value: SocketOptions[K]): void {
    setOption(this.optionSocket(), name, value);
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
    this.isClosed = true;
    this.connecting?.cancel();
    this.connecting = null;
    this.descriptor?.close();
    this.descriptor = null;
    this.parts.sources.remove(this);
    this.wakeBoth();
  }

  reset(): void {
    if (this.descriptor !== null) setOption(this.optionSocket(), "linger", 0);
    this.close();
  }
}

/** Of a connection that was reset before it could be asked. */
const UNKNOWN: SocketAddress = { host: "0.0.0.0", port: 0, family: "IPv4" };
