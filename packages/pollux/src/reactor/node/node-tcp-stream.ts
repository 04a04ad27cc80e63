import { connect, type Socket } from "node:net";
import { UnsupportedError } from "../../core/errors.ts";
import type { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import type { BaseSource } from "../base-source.ts";
import { ByteStream } from "../byte-stream.ts";
import type { SocketAddress, SocketOptions, TcpConnectOptions } from "../options.ts";
import { Readiness } from "../readiness.ts";
import type { TcpStreamSource } from "../source.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { gather } from "./gather.ts";
import { linger } from "./linger.ts";
import { checkNodeOptions, keepAliveOf } from "./node-tcp-options.ts";

/** Bytes that are read ahead of the reader; then the socket is paused, and the system stops the peer. */
const READ_AHEAD = 65_536;

/** The most pieces that are read ahead: a peer that sends single bytes must not cost an object for each. */
const PIECES_AHEAD = 32;

/** The most bytes that one write takes over. */
const WRITE_PIECE = 65_536;

const FAMILIES = { any: 0, IPv4: 4, IPv6: 6 } as const;

/**
 * A connection over `net.Socket`.
 *
 * **Reading.** The socket flows while there is room in `chunks`, from the first operation on, and is paused otherwise; so
 * that a reader that keeps up never pays for a pause and a resume, and a slow one stops the peer. It begins with the
 * first write too: Node destroys a socket whose write fails, and with it what has arrived and was not asked for. That is
 * often the answer which says why the peer reads no further.
 *
 * **Writing.** Bytes are copied: Node keeps what it is given until it is sent. No more are taken over while the socket
 * has its high-water mark of bytes unsent; `drain` comes once they are gone.
 *
 * **Closing.** What a write took over counts as written, so it is sent after the close too, in the background.
 */
export class NodeTcpStream extends ByteStream implements TcpStreamSource {
  private readonly sources: LinkedList<BaseSource>;
  private readonly options: TcpConnectOptions | null;
  private socket: Socket | null = null;
  private local: SocketAddress | null = null;
  private peer: SocketAddress | null = null;
  private readonly chunks = new ChunkQueue();
  private connected = false;
  /** What arrives has been asked for: the socket flows, or is paused because enough was read ahead. */
  private flows = false;
  /** The peer has ended its side, and everything up to there is in `chunks`. */
  private ended = false;
  /** Our side is being ended, or has been. */
  private ending = false;
  private noDelay: boolean;
  private keepsAlive: boolean | number;
  private linger: number | null;

  constructor(
    sources: LinkedList<BaseSource>,
    options: TcpConnectOptions | null,
    settings: Partial<SocketOptions> = options ?? {},
  ) {
    super("the TCP stream");
    this.sources = sources;
    this.options = options;
    this.noDelay = settings.noDelay ?? true;
    this.keepsAlive = settings.keepAlive ?? false;
    this.linger = settings.linger ?? null;
  }

  /** A connection that came in, has these options already, and has not been read from. */
  static accepted(
    sources: LinkedList<BaseSource>,
    socket: Socket,
    settings: Partial<SocketOptions>,
  ): NodeTcpStream {
    const stream = new NodeTcpStream(sources, null, settings);
    stream.attach(socket);
    stream.onConnect(socket);
    return stream;
  }

  // The socket is referenced by Node while it connects, and has no handle after its end.
  protected override hold(): void {
    const { socket } = this;
    if (this.connected && socket !== null && !socket.destroyed) socket.ref();
  }

  protected override release(): void {
    const { socket } = this;
    if (this.connected && socket !== null && !socket.destroyed) socket.unref();
  }

  protected override tryConnect(): Poll<void> {
    this.check();
    if (this.connected) return undefined;
    if (this.socket === null && this.options !== null) this.open(this.options);
    return Pending;
  }

  private open(options: TcpConnectOptions): void {
    checkNodeOptions("stream", options);
    const { host, port, localAddress, localPort, family = "any" } = options;
    const [keepAlive, keepAliveInitialDelay] = keepAliveOf(this.keepsAlive);
    const socket = connect({
      host,
      port,
      localAddress,
      localPort,
      family: FAMILIES[family],
      autoSelectFamily: options.happyEyeballs ?? true,
      autoSelectFamilyAttemptTimeout: options.attemptTimeout,
      noDelay: this.noDelay,
      keepAlive,
      keepAliveInitialDelay,
      allowHalfOpen: true,
    });
    socket.pause();
    socket.on("connect", () => this.onConnect(socket));
    this.attach(socket);
  }

  private attach(socket: Socket): void {
    this.socket = socket;
    this.sources.pushBack(this);
    socket.on("data", (chunk: Buffer) => this.onData(socket, chunk));
    socket.on("end", () => this.onEnd());
    socket.on("drain", () => this.writing.wake());
    socket.on("finish", () => this.writing.wake());
    socket.on("error", (error) => this.onError(socket, error));
    socket.on("close", () => this.onClose());
  }

  private onConnect(socket: Socket): void {
    this.connected = true;
    // Asked for now: a socket that is closed no longer knows.
    this.local = address(socket.localAddress, socket.localPort, socket.localFamily);
    this.peer = address(socket.remoteAddress, socket.remotePort, socket.remoteFamily);
    if (this.waits === 0) socket.unref();
    this.writing.wake();
  }

  private onData(socket: Socket, chunk: Buffer): void {
    const { chunks } = this;
    if (this.isClosed) return;
    chunks.push(chunk);
    if (chunks.bytes >= READ_AHEAD || chunks.pieces >= PIECES_AHEAD) socket.pause();
    this.reading.wake();
  }

  private onEnd(): void {
    this.ended = true;
    this.reading.wake();
  }

  private onError(socket: Socket, error: Error): void {
    // What came in before the failure, and was held back in the socket while it was paused, is read first.
    for (;;) {
      const chunk: unknown = socket.read();
      if (!(chunk instanceof Uint8Array)) break;
      this.chunks.push(chunk);
    }
    this.fail(withAddress(error));
    this.wakeBoth();
  }

  /** The descriptor is gone: after an error, both ends, or our close. */
  private onClose(): void {
    this.sources.remove(this);
    this.wakeBoth();
  }

  override tryRead(buf: Uint8Array): Poll<number> {
    if (this.isClosed) this.refuse();
    const { chunks } = this;
    if (chunks.bytes > 0) {
      const size = chunks.take(buf);
      this.bytesRead += size;
      return size;
    }
    return this.nothingRead();
  }

  override tryPeek(buf: Uint8Array): Poll<number> {
    if (this.isClosed) this.refuse();
    return this.chunks.bytes > 0 ? this.chunks.peek(buf) : this.nothingRead();
  }

  /** All that had arrived has been read. */
  private nothingRead(): Poll<number> {
    if (this.ended) return 0;
    this.check();
    this.startReading();
    return Pending;
  }

  protected override startReading(): void {
    const { socket } = this;
    if (socket === null) this.refuse();
    this.flows = true;
    if (socket.isPaused()) socket.resume();
  }

  override tryWrite(buf: Uint8Array): Poll<number> {
    const socket = this.writer();
    if (buf.length === 0) return 0;
    if (socket.writableLength >= socket.writableHighWaterMark) return Pending;
    const size = Math.min(buf.length, WRITE_PIECE);
    const copy = Buffer.allocUnsafe(size);
    copy.set(size === buf.length ? buf : buf.subarray(0, size));
    return this.send(socket, copy);
  }

  /** Copied into one piece, as it is copied anyway: that takes one call of the system, and costs less than to cork. */
  override tryWriteVectored(bufs: readonly Uint8Array[]): Poll<number> {
    const socket = this.writer();
    if (socket.writableLength >= socket.writableHighWaterMark) return Pending;
    const copy = gather(bufs, WRITE_PIECE);
    return copy.length === 0 ? 0 : this.send(socket, copy);
  }

  /** The socket, if it can be written to. */
  private writer(): Socket {
    this.check();
    const { socket } = this;
    return socket === null || this.ending ? this.refuse(this.nameOfWriter) : socket;
  }

  private send(socket: Socket, bytes: Uint8Array): number {
    if (!this.flows) this.startReading();
    socket.write(bytes);
    this.bytesWritten += bytes.length;
    return bytes.length;
  }

  protected override tryShutdown(): Poll<void> {
    const { socket } = this;
    if (this.isClosed || socket === null) return this.refuse(this.nameOfWriter);
    if (socket.writableFinished) return undefined;
    this.check();
    this.ending = true;
    socket.end();
    return Pending;
  }

  private get nameOfWriter(): string {
    return this.ending ? "the write side of the TCP stream" : "the TCP stream";
  }

  override get readiness(): number {
    const { socket, chunks } = this;
    if (this.failure !== null || this.isClosed || socket === null) {
      return Readiness.Failed | (chunks.bytes > 0 ? Readiness.Readable : 0);
    }
    let bits = 0;
    if (chunks.bytes > 0 || this.ended) bits |= Readiness.Readable;
    if (this.ended) bits |= Readiness.ReadClosed;
    if (this.ending) bits |= Readiness.WriteClosed;
    else if (socket.writableLength < socket.writableHighWaterMark) bits |= Readiness.Writable;
    return bits;
  }

  option<K extends keyof SocketOptions>(name: K): SocketOptions[K];
  option(name: keyof SocketOptions): SocketOptions[keyof SocketOptions] {
    if (name === "noDelay") return this.noDelay;
    if (name === "keepAlive") return this.keepsAlive;
    if (name === "linger") return this.linger;
    return unreadable(name);
  }

  setOption<K extends keyof SocketOptions>(name: K, value: SocketOptions[K]): void {
    const { socket } = this;
    if (this.isClosed || socket === null) this.refuse();
    const options: Partial<SocketOptions> = { [name]: value };
    checkNodeOptions("stream", options);
    const { noDelay, keepAlive, linger } = options;
    if (noDelay !== undefined) {
      this.noDelay = noDelay;
      socket.setNoDelay(noDelay);
    } else if (keepAlive !== undefined) {
      this.keepsAlive = keepAlive;
      socket.setKeepAlive(...keepAliveOf(keepAlive));
    } else if (linger !== undefined) this.linger = linger;
    else unreadable(name);
  }

  get localAddress(): SocketAddress {
    return known(this.local);
  }

  get peerAddress(): SocketAddress {
    return known(this.peer);
  }

  override close(): void {
    if (this.linger === 0) this.reset();
    else this.end((socket) => (socket.writableLength > 0 ? linger(socket) : socket.destroy()));
  }

  reset(): void {
    this.end((socket) => {
      // libuv refuses to reset a socket of which it is ending the write side just now, and Node then leaks it.
      if (this.ending && !socket.writableFinished && socket.writableLength === 0) {
        socket.once("finish", () => socket.resetAndDestroy());
      } else socket.resetAndDestroy();
    });
  }

  /** Closes; a connection that still stands is ended by `how`. */
  private end(how: (socket: Socket) => void): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.chunks.clear();
    const { socket } = this;
    if (socket !== null) {
      if (this.connected && !socket.destroyed) how(socket);
      else socket.destroy();
      if (socket.destroyed) this.sources.remove(this);
    }
    this.wakeBoth();
  }
}

/** A connection that was reset before it was accepted has no addresses any more. */
function address(host = "0.0.0.0", port = 0, family = "IPv4"): SocketAddress {
  return { host, port, family: family === "IPv6" ? "IPv6" : "IPv4" };
}

function known(address: SocketAddress | null): SocketAddress {
  if (address === null) throw new TypeError("the stream has no address before it is connected");
  return address;
}

function unreadable(name: keyof SocketOptions): never {
  throw new UnsupportedError(`${name} of an open stream on the node reactor`, "Node's sockets do not tell");
}

/** Where a name has several addresses and all fail, Node's error has only the code: the rest is that of the first. */
function withAddress(error: Error): Error {
  if (error instanceof AggregateError) {
    const { errno, syscall, address, port } = error.errors[0];
    Object.assign(error, { errno, syscall, address, port });
  }
  return error;
}
