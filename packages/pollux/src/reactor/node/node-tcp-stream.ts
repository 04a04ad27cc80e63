import { connect, type Socket } from "node:net";
import type { Context } from "../../core/context.ts";
import { ClosedError } from "../../core/errors.ts";
import type { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import type { SocketAddress, TcpConnectOptions, TcpStreamSource } from "../reactor.ts";
import { Waiting } from "../waiting.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { type NodeHandle, NodeSource } from "./node-source.ts";

/** Bytes that are read ahead of the reader; then the socket is paused, and the system stops the peer. */
const READ_AHEAD = 65_536;

/** The most pieces that are read ahead: a peer that sends single bytes must not cost an object for each. */
const PIECES_AHEAD = 32;

/** The most bytes that one write takes over. */
const WRITE_PIECE = 65_536;

/** How long after a close the bytes that a write took over may go without moving, in ms, before they are given up. */
const LINGER = 10_000;

/**
 * A connection over `net.Socket`.
 *
 * **Reading.** The socket flows while there is room in `chunks`, from the first read on, and is paused otherwise; so
 * that a reader that keeps up never pays for a pause and a resume, and a slow one stops the peer.
 *
 * **Writing.** Bytes are copied: Node keeps what it is given until it is sent. No more are taken over while the socket
 * has its high-water mark of bytes unsent; `drain` comes once they are gone.
 *
 * **Closing.** What a write took over counts as written, so it is sent after the close too, in the background.
 */
export class NodeTcpStream extends NodeSource implements TcpStreamSource {
  private readonly sources: LinkedList<NodeSource>;
  private readonly options: TcpConnectOptions | null;
  private socket: Socket | null = null;
  private local: SocketAddress | null = null;
  private peer: SocketAddress | null = null;
  private readonly reading = new Waiting(this);
  private readonly writing = new Waiting(this);
  private readonly chunks = new ChunkQueue();
  private connected = false;
  /** The peer has ended its side, and everything up to there is in `chunks`. */
  private ended = false;
  /** Our side is being ended, or has been. */
  private ending = false;

  constructor(sources: LinkedList<NodeSource>, options: TcpConnectOptions | null) {
    super("the TCP stream");
    this.sources = sources;
    this.options = options;
  }

  /** A connection that came in, and has not been read from. */
  static accepted(sources: LinkedList<NodeSource>, socket: Socket): NodeTcpStream {
    const stream = new NodeTcpStream(sources, null);
    stream.attach(socket);
    stream.onConnect(socket);
    return stream;
  }

  protected override get handle(): NodeHandle | null {
    const { socket } = this;
    return !this.connected || socket === null || socket.destroyed ? null : socket;
  }

  pollConnect(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    this.check();
    if (this.connected) return undefined;
    if (this.socket === null && this.options !== null) {
      const { host, port, noDelay = true } = this.options;
      const socket = connect({ host, port, noDelay, allowHalfOpen: true });
      socket.pause();
      socket.on("connect", () => this.onConnect(socket));
      this.attach(socket);
    }
    cx.refundBudget();
    this.writing.begin(cx);
    return Pending;
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
    this.opened(socket);
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
    this.reading.wake();
    this.writing.wake();
  }

  /** The descriptor is gone: after an error, both ends, or our close. */
  private onClose(): void {
    this.sources.remove(this);
    this.reading.wake();
    this.writing.wake();
  }

  pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const { socket, chunks } = this;
    if (this.isClosed || socket === null) return this.refuse();
    if (chunks.bytes > 0) return chunks.take(buf);
    if (this.ended) return 0;
    this.check();
    if (socket.isPaused()) socket.resume();
    cx.refundBudget();
    this.reading.begin(cx);
    return Pending;
  }

  cancelRead(): void {
    this.reading.end();
  }

  pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const { socket } = this;
    this.check();
    if (this.ending || socket === null) return this.refuse();
    if (buf.length === 0) return 0;
    if (socket.writableLength >= socket.writableHighWaterMark) {
      cx.refundBudget();
      this.writing.begin(cx);
      return Pending;
    }
    const size = Math.min(buf.length, WRITE_PIECE);
    const copy = Buffer.allocUnsafe(size);
    copy.set(size === buf.length ? buf : buf.subarray(0, size));
    socket.write(copy);
    return size;
  }

  pollShutdown(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    const { socket } = this;
    if (this.isClosed || socket === null) return this.refuse();
    if (socket.writableFinished) return undefined;
    this.check();
    this.ending = true;
    socket.end();
    cx.refundBudget();
    this.writing.begin(cx);
    return Pending;
  }

  cancelWrite(): void {
    this.writing.end();
  }

  /** Of a stream that is closed, at least on this side, or that never was open. */
  private refuse(): never {
    this.check();
    throw new ClosedError(this.ending ? "the write side of the TCP stream" : "the TCP stream");
  }

  setNoDelay(on: boolean): void {
    if (this.isClosed) this.refuse();
    this.socket?.setNoDelay(on);
  }

  get localAddress(): SocketAddress {
    return known(this.local);
  }

  get peerAddress(): SocketAddress {
    return known(this.peer);
  }

  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.chunks.clear();
    const { socket } = this;
    if (socket !== null) {
      if (this.connected && !socket.destroyed && socket.writableLength > 0) linger(socket);
      else {
        socket.destroy();
        this.sources.remove(this);
      }
    }
    this.reading.wake();
    this.writing.wake();
  }
}

/** Sends what is left, and gives up when the peer does not take it. */
function linger(socket: Socket): void {
  socket.on("finish", () => socket.destroy());
  socket.setTimeout(LINGER, () => socket.destroy());
  socket.end();
}

/** A connection that was reset before it was accepted has no addresses any more. */
function address(host = "0.0.0.0", port = 0, family = "IPv4"): SocketAddress {
  return { host, port, family: family === "IPv6" ? "IPv6" : "IPv4" };
}

function known(address: SocketAddress | null): SocketAddress {
  if (address === null) throw new TypeError("the stream has no address before it is connected");
  return address;
}

/** Where a name has several addresses and all fail, Node's error has only the code: the rest is that of the first. */
function withAddress(error: Error): Error {
  if (error instanceof AggregateError) {
    const { errno, syscall, address, port } = error.errors[0];
    Object.assign(error, { errno, syscall, address, port });
  }
  return error;
}
