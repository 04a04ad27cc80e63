import { readSync } from "node:fs";
import type { Socket } from "node:net";
import { UnsupportedError } from "../../core/errors.ts";
import type { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import type { BaseSource } from "../base-source.ts";
import { ByteStream } from "../byte-stream.ts";
import { Readiness } from "../readiness.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { gather } from "./gather.ts";
import { linger } from "./linger.ts";

/** Bytes that are read ahead of the reader; then the socket is paused, and the system stops the peer. */
const READ_AHEAD = 65_536;

/** The most pieces that are read ahead: a peer that sends single bytes must not cost an object for each. */
const PIECES_AHEAD = 32;

/** The most bytes that one write takes over. */
const WRITE_PIECE = 65_536;

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
export abstract class NodeByteStream extends ByteStream {
  override needsNodeLoop: string | null = "sockets of the node reactor";
  protected socket: Socket | null = null;
  protected connected = false;
  private readonly sources: LinkedList<BaseSource>;
  private readonly name: string;
  private readonly chunks = new ChunkQueue();
  /** What arrives has been asked for: the socket flows, or is paused because enough was read ahead. */
  private flows = false;
  /** The peer has ended its side, and everything up to there is in `chunks`. */
  private ended = false;
  /** Our side is being ended, or has been. */
  private ending = false;

  /** @param name - names it in errors */
  constructor(sources: LinkedList<BaseSource>, name: string) {
    super(`the ${name}`);
    this.sources = sources;
    this.name = name;
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

  protected attach(socket: Socket): void {
    this.socket = socket;
    this.sources.pushBack(this);
    socket.on("data", (chunk: Buffer) => this.onData(socket, chunk));
    socket.on("end", () => this.onEnd());
    socket.on("drain", () => this.wakeWriter());
    socket.on("finish", () => this.wakeWriter());
    socket.on("error", (error) => this.onError(socket, error));
    socket.on("close", () => this.onClose());
  }

  /** It can be used. A subclass asks here for what a socket that is closed no longer knows. */
  protected onConnect(socket: Socket): void {
    this.connected = true;
    if (this.waits === 0) socket.unref();
    this.wakeWriter();
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
    this.fail(shaped(error));
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

  override tryReadVectored(bufs: readonly Uint8Array[]): Poll<number> {
    if (this.isClosed) this.refuse();
    const { chunks } = this;
    if (chunks.bytes === 0) return this.nothingRead();
    let size = 0;
    for (const buf of bufs) if (buf.length > 0 && chunks.bytes > 0) size += chunks.take(buf);
    this.bytesRead += size;
    return size;
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

  /** As `sendfile` does, the read waits for the disk. */
  override trySendFile(file: number, count: number): Poll<number> {
    const socket = this.writer();
    if (socket.writableLength >= socket.writableHighWaterMark) return Pending;
    const piece = Buffer.allocUnsafe(Math.min(count, WRITE_PIECE));
    const size = readSync(file, piece, 0, piece.length, null);
    return size === 0 ? 0 : this.send(socket, piece.subarray(0, size));
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
    return this.ending ? `the write side of the ${this.name}` : `the ${this.name}`;
  }

  override detach(): number {
    throw new UnsupportedError(
      "intoFd on the node reactor",
      "Node's sockets do not let go of their descriptors",
    );
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

  override close(): void {
    this.end((socket) => (socket.writableLength > 0 ? linger(socket) : socket.destroy()));
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

/** Where a name has several addresses and all fail, Node's error has only the code: the rest is that of the first. */
function shaped(error: Error): Error {
  if (error instanceof AggregateError) {
    const { errno, syscall, address, port } = error.errors[0];
    Object.assign(error, { errno, syscall, address, port });
  }
  return error;
}
