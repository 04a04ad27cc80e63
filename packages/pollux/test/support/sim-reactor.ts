import { readSync } from "node:fs";
import type { Context } from "../../src/core/context.ts";
import { ClosedError, UnsupportedError } from "../../src/core/errors.ts";
import { LinkedList } from "../../src/core/list.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";
import { Acceptor } from "../../src/reactor/acceptor.ts";
import type { BaseSource } from "../../src/reactor/base-source.ts";
import { ByteStream } from "../../src/reactor/byte-stream.ts";
import type {
  SocketAddress,
  SocketOptions,
  TcpConnectOptions,
  TcpListenOptions,
  UdpBindOptions,
} from "../../src/reactor/options.ts";
import type { Reactor } from "../../src/reactor/reactor.ts";
import { Readiness } from "../../src/reactor/readiness.ts";
import type {
  LookupSource,
  TcpListenerSource,
  TcpStreamSource,
  UdpSource,
} from "../../src/reactor/source.ts";
import { failure, type SimUdpNet, SimUdpSocket } from "./sim-udp-socket.ts";

/** Bytes that one direction of a connection holds. */
const CAPACITY = 65_536;

const HOSTS: Record<string, string> = { localhost: "127.0.0.1", "127.0.0.1": "127.0.0.1" };

/**
 * A network in memory: deterministic, and without a system below. Its sources wake each other directly, so a paused clock
 * goes on while they wait.
 */
export class SimReactor implements Reactor, SimUdpNet {
  readonly name = "sim";
  readonly local = null;
  readonly sources = new LinkedList<BaseSource>();
  readonly listeners = new Map<number, SimListener>();
  readonly udpSockets = new Map<number, SimUdpSocket>();
  private ports = 49_152;

  get openSources(): number {
    return this.sources.size;
  }

  nextPort(): number {
    return this.ports++;
  }

  tcpListener(options: TcpListenOptions): TcpListenerSource {
    return new SimListener(this, options);
  }

  tcpStream(options: TcpConnectOptions): TcpStreamSource {
    return new SimStream(this, options);
  }

  udpSocket(options: UdpBindOptions): UdpSource {
    return new SimUdpSocket(this, options);
  }

  lookup(host: string): LookupSource {
    return {
      pollLookup: (cx: Context): Poll<readonly Omit<SocketAddress, "port">[]> => {
        if (!cx.takeBudget()) return Pending;
        return [{ host: resolve(host), family: "IPv4" }];
      },
      cancelLookup: () => {},
    };
  }

  checkOptions(): void {
    // Everything can be set, and nothing comes of it.
  }

  close(): void {
    for (const source of [...this.sources]) source.close();
  }
}

function resolve(host: string): string {
  const address = HOSTS[host];
  if (address === undefined) throw failure("ENOTFOUND", -3008, "getaddrinfo");
  return address;
}

class SimListener extends Acceptor<TcpStreamSource> implements TcpListenerSource {
  readonly dropped = 0;
  readonly unaccepted: SimStream[] = [];
  readonly options: TcpListenOptions;
  private readonly net: SimReactor;
  private address: SocketAddress | null = null;

  constructor(net: SimReactor, options: TcpListenOptions) {
    super("the TCP listener", false);
    this.net = net;
    this.options = options;
  }

  protected override hold(): void {}
  protected override release(): void {}

  protected override tryListen(): Poll<void> {
    this.check();
    const { net } = this;
    const address = { host: resolve(this.options.host), port: this.options.port, family: "IPv4" } as const;
    if (net.listeners.has(address.port)) throw failure("EADDRINUSE", -98, "listen", address);
    const port = address.port === 0 ? net.nextPort() : address.port;
    this.address = { ...address, port };
    net.listeners.set(port, this);
    net.sources.pushBack(this);
  }

  arrived(stream: SimStream): void {
    this.unaccepted.push(stream);
    this.accepting.wake();
  }

  override tryAccept(): Poll<TcpStreamSource> {
    this.check();
    return this.unaccepted.shift() ?? Pending;
  }

  get localAddress(): SocketAddress {
    if (this.address === null) throw new TypeError("the listener has no address before it listens");
    return this.address;
  }

  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.net.sources.remove(this);
    if (this.address !== null) this.net.listeners.delete(this.address.port);
    for (const stream of this.unaccepted) stream.close();
    this.accepting.wake();
  }
}

/** One end; what it has to read is kept here, and written by the other end. */
class SimStream extends ByteStream implements TcpStreamSource {
  private readonly net: SimReactor;
  private readonly options: TcpConnectOptions | null;
  private readonly settings: SocketOptions;
  private peer: SimStream | null = null;
  private local: SocketAddress | null = null;
  private remote: SocketAddress | null = null;
  private inbox = Buffer.alloc(0);
  /** The peer has ended its side. */
  private ended = false;
  /** Our side has been ended. */
  private ending = false;

  constructor(
    net: SimReactor,
    options: TcpConnectOptions | null,
    settings: Partial<SocketOptions> = options ?? {},
  ) {
    super("the TCP stream", false);
    this.net = net;
    this.options = options;
    this.settings = {
      noDelay: settings.noDelay ?? true,
      keepAlive: settings.keepAlive ?? false,
      linger: settings.linger ?? null,
      reuseAddress: true,
      reusePort: settings.reusePort ?? false,
      sendBufferSize: CAPACITY,
      recvBufferSize: CAPACITY,
      ttl: 64,
    };
  }

  protected override hold(): void {}
  protected override release(): void {}
  protected override startReading(): void {}

  protected override tryConnect(): Poll<void> {
    this.check();
    const { net, options } = this;
    if (options === null || this.peer !== null) return undefined;
    const remote = { host: resolve(options.host), port: options.port, family: "IPv4" } as const;
    const listener = net.listeners.get(remote.port);
    if (listener === undefined) throw failure("ECONNREFUSED", -111, "connect", remote);
    const local = { host: "127.0.0.1", port: options.localPort || net.nextPort(), family: "IPv4" } as const;
    const other = new SimStream(net, null, listener.options);
    this.open(other, local, remote);
    other.open(this, remote, local);
    listener.arrived(other);
  }

  private open(peer: SimStream, local: SocketAddress, remote: SocketAddress): void {
    this.peer = peer;
    this.local = local;
    this.remote = remote;
    this.net.sources.pushBack(this);
  }

  override tryRead(buf: Uint8Array): Poll<number> {
    const size = this.tryPeek(buf);
    if (size === Pending) return Pending;
    this.inbox = this.inbox.subarray(size);
    this.bytesRead += size;
    // There is room again.
    this.peer?.wakeWriter();
    return size;
  }

  override tryReadVectored(bufs: readonly Uint8Array[]): Poll<number> {
    const all = Buffer.alloc(bufs.reduce((sum, { length }) => sum + length, 0));
    const size = this.tryRead(all);
    if (size === Pending) return Pending;
    let at = 0;
    for (const buf of bufs) at += all.copy(buf, 0, at, size);
    return size;
  }

  override tryPeek(buf: Uint8Array): Poll<number> {
    if (this.isClosed) this.refuse();
    if (this.inbox.length > 0) return this.inbox.copy(buf);
    if (this.ended) return 0;
    this.check();
    return Pending;
  }

  override tryWrite(buf: Uint8Array): Poll<number> {
    return this.tryWriteVectored([buf]);
  }

  override tryWriteVectored(bufs: readonly Uint8Array[]): Poll<number> {
    this.check();
    const { peer } = this;
    if (this.ending || peer === null) throw new ClosedError("the write side of the TCP stream");
    const all = Buffer.concat(bufs);
    if (all.length === 0) return 0;
    if (peer.isClosed) {
      this.fail(failure("EPIPE", -32, "write"));
      this.check();
    }
    const size = Math.min(all.length, CAPACITY - peer.inbox.length);
    if (size === 0) return Pending;
    peer.inbox = Buffer.concat([peer.inbox, all.subarray(0, size)]);
    peer.reading.wake();
    this.bytesWritten += size;
    return size;
  }

  override trySendFile(file: number, count: number): Poll<number> {
    const room = this.peer === null ? 0 : CAPACITY - this.peer.inbox.length;
    if (this.tryWrite(Buffer.alloc(0)) !== 0 || room === 0) return Pending;
    const piece = Buffer.alloc(Math.min(room, count));
    return this.tryWrite(piece.subarray(0, readSync(file, piece, 0, piece.length, null)));
  }

  protected override tryShutdown(): Poll<void> {
    if (this.isClosed) this.refuse();
    if (this.ending) return undefined;
    this.check();
    this.finish();
  }

  private finish(): void {
    this.ending = true;
    if (this.peer === null) return;
    this.peer.ended = true;
    this.peer.reading.wake();
  }

  override detach(): number {
    throw new UnsupportedError("intoFd on the sim reactor", "there is no descriptor");
  }

  override get readiness(): number {
    if (this.failure !== null || this.isClosed) return Readiness.Failed;
    let bits = 0;
    if (this.inbox.length > 0 || this.ended) bits |= Readiness.Readable;
    if (this.ended) bits |= Readiness.ReadClosed;
    if (this.ending) bits |= Readiness.WriteClosed;
    else if (this.peer !== null && (this.peer.isClosed || this.peer.inbox.length < CAPACITY))
      bits |= Readiness.Writable;
    return bits;
  }

  option<K extends keyof SocketOptions>(name: K): SocketOptions[K] {
    return this.settings[name];
  }

  setOption<K extends keyof SocketOptions>(name: K, value: SocketOptions[K]): void {
    if (this.isClosed) this.refuse();
    this.settings[name] = value;
  }

  get localAddress(): SocketAddress {
    if (this.local === null) throw new TypeError("the stream has no address before it is connected");
    return this.local;
  }

  get peerAddress(): SocketAddress {
    if (this.remote === null) throw new TypeError("the stream has no address before it is connected");
    return this.remote;
  }

  override close(): void {
    if (this.settings.linger === 0) this.reset();
    else if (this.leave()) {
      if (!this.ending) this.finish();
      // Whoever waits for room sees that nobody will make any.
      this.peer?.wakeWriter();
    }
  }

  reset(): void {
    const { peer } = this;
    if (!this.leave() || peer === null || peer.isClosed) return;
    peer.fail(failure("ECONNRESET", -104, "read"));
    peer.wakeBoth();
  }

  private leave(): boolean {
    if (this.isClosed) return false;
    this.isClosed = true;
    this.net.sources.remove(this);
    this.wakeBoth();
    return true;
  }
}
