import { Pending, type Poll } from "../../core/poll.ts";
import { ByteStream } from "../byte-stream.ts";
import { Readiness } from "../readiness.ts";
import { systemError } from "../system-error.ts";
import { EAGAIN, ENOTCONN, MSG_PEEK, SHUT_WR } from "./constants.ts";
import { Descriptor, type DescriptorOwner } from "./descriptor.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { LingeringClose } from "./lingering-close.ts";
import type { Native } from "./native.ts";

/** The buffers that one vectored call takes, at most. */
const MOST_BUFFERS = 64;

/** The most bytes of a file that one call sends, so that one that is large does not keep the thread to itself. */
const MOST_OF_A_FILE = 1 << 20;

/** Where a byte goes that is only looked at. */
const PEEKED = new Uint8Array(1);

/**
 * A connected socket, of whatever kind. The system's buffers are the only ones: a read and a write are the system calls
 * themselves, and what a write has taken over is the kernel's to send, after a close too.
 */
export abstract class EpollByteStream extends ByteStream implements DescriptorOwner {
  protected readonly parts: EpollParts;
  protected readonly native: Native;
  protected descriptor: Descriptor | null = null;
  /** The peer's end has been read. It stays the end, whatever fails later. */
  private readEnd = false;
  /** Our side has been ended. */
  private ended = false;

  /** @param name - names it in errors: `"the TCP stream"` */
  constructor(parts: EpollParts, name: string) {
    super(name);
    this.parts = parts;
    this.native = parts.epoll.native;
  }

  /** It has a descriptor, which is its own from now on. */
  protected opened(fd: number): Descriptor {
    const descriptor = new Descriptor(this.parts.epoll, fd, this);
    this.descriptor = descriptor;
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
    this.wakeWriter();
  }

  override tryRead(buf: Uint8Array): Poll<number> {
    const size = this.receive(buf, 0);
    if (size !== Pending) this.bytesRead += size;
    return size;
  }

  override tryReadVectored(bufs: readonly Uint8Array[]): Poll<number> {
    const descriptor = this.reader();
    if (descriptor === null) return this.readEnd ? 0 : Pending;
    // As many as one call takes: what is short is told by the room in those.
    const taken = bufs.length > MOST_BUFFERS ? bufs.slice(0, MOST_BUFFERS) : bufs;
    const room = taken.reduce((sum, { length }) => sum + length, 0);
    if (room === 0) return 0;
    const size = this.received(descriptor, this.native.readVectored(descriptor.fd, taken), room);
    if (size !== Pending) this.bytesRead += size;
    return size;
  }

  override tryPeek(buf: Uint8Array): Poll<number> {
    return this.receive(buf, MSG_PEEK);
  }

  private receive(buf: Uint8Array, flags: number): Poll<number> {
    const descriptor = this.reader();
    if (descriptor === null) return this.readEnd ? 0 : Pending;
    // A buffer that was transferred meanwhile has no room: that nothing fits is not the end.
    if (buf.length === 0) return 0;
    const size = this.readInto(descriptor.fd, buf, flags);
    // A peek that is short says nothing of what a read would find.
    return this.received(descriptor, size, flags === 0 ? buf.length : 0);
  }

  /** The descriptor, if a read of it is worth the call. */
  private reader(): Descriptor | null {
    const { descriptor } = this;
    if (descriptor === null) return this.refuse();
    if (this.readEnd) return null;
    if (descriptor.canRead) return descriptor;
    this.check();
    return null;
  }

  /**
   * What a system call that reads has given.
   *
   * @param room - how many bytes it could have given
   */
  private received(descriptor: Descriptor, size: number, room: number): Poll<number> {
    if (size > 0) {
      if (size < room) descriptor.readShort();
      return size;
    }
    if (size === 0) {
      // After a failure that a write has met, the system gives an end that is none.
      if (this.failure !== null) this.check();
      this.readEnd = this.endsForGood;
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
    return this.wrote(descriptor, this.writeFrom(descriptor.fd, buf));
  }

  override tryWriteVectored(bufs: readonly Uint8Array[]): Poll<number> {
    const descriptor = this.writer();
    if (bufs.every((buf) => buf.length === 0)) return 0;
    if (!descriptor.canWrite) return Pending;
    return this.wrote(descriptor, this.native.writeVectored(descriptor.fd, bufs));
  }

  override trySendFile(file: number, count: number): Poll<number> {
    const descriptor = this.writer();
    if (!descriptor.canWrite) return Pending;
    return this.wrote(descriptor, this.native.sendFile(descriptor.fd, file, Math.min(count, MOST_OF_A_FILE)));
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
  protected failed(result: number, syscall: string): never {
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
    if (this.ended && !this.isClosed) return undefined;
    if (descriptor === null) return this.refuse(this.nameOfWriter);
    this.check();
    this.ended = true;
    this.endWriting(descriptor);
  }

  private get nameOfWriter(): string {
    return this.ended ? `the write side of ${this.what}` : this.what;
  }

  override get readiness(): number {
    const { descriptor } = this;
    if (this.failure !== null || descriptor === null) return Readiness.Failed;
    let bits = this.inputReadiness(descriptor);
    if (descriptor.canWrite && !this.ended) bits |= Readiness.Writable;
    if (this.ended) bits |= Readiness.WriteClosed;
    if (descriptor.hasFailed) bits |= Readiness.Failed;
    return bits;
  }

  /** An event may be old, what it told of having been read: so it is looked whether a read would give something. */
  private inputReadiness(descriptor: Descriptor): number {
    if (this.readEnd) return Readiness.Readable | Readiness.ReadClosed;
    if (!descriptor.canRead) return 0;
    const size = this.peekByte(descriptor.fd);
    if (size > 0) return Readiness.Readable;
    if (size === 0) return Readiness.Readable | Readiness.ReadClosed;
    if (size === -EAGAIN) {
      descriptor.canRead = false;
      return 0;
    }
    // The system tells of a failure once, so it is kept for the next operation.
    this.fail(systemError(size, "read"));
    return Readiness.Failed;
  }

  /** Gives 1 if there is a byte to read, 0 at the end, or `-errno`. */
  protected peekByte(fd: number): number {
    return this.native.receive(fd, PEEKED, 0, 1, MSG_PEEK);
  }

  /** Whether there is nothing after an end that was read. */
  protected get endsForGood(): boolean {
    return true;
  }

  /** The system calls: those of sockets, unless a subclass is something else. */
  protected readInto(fd: number, buf: Uint8Array, flags: number): number {
    return this.native.receive(fd, buf, 0, buf.length, flags);
  }

  protected writeFrom(fd: number, buf: Uint8Array): number {
    return this.native.send(fd, buf, 0, buf.length, 0);
  }

  protected endWriting({ fd }: Descriptor): void {
    const result = this.native.shutdown(fd, SHUT_WR);
    if (result < 0 && result !== -ENOTCONN) this.failed(result, "shutdown");
  }

  override detach(): number {
    const { descriptor } = this;
    if (descriptor === null) return this.refuse();
    const fd = descriptor.detach();
    this.descriptor = null;
    this.close();
    return fd;
  }

  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.releaseDescriptor();
    this.wakeBoth();
  }

  protected releaseDescriptor(): void {
    const { descriptor } = this;
    this.descriptor = null;
    this.parts.sources.remove(this);
    if (descriptor === null) return;
    if (this.hasUnread(descriptor)) new LingeringClose(this.parts.epoll, descriptor);
    else descriptor.close();
  }

  /** Whether a plain close would reset the connection, and with it discard what is on its way to the peer. */
  protected hasUnread(descriptor: Descriptor): boolean {
    return descriptor.canRead && !this.readEnd && this.failure === null && this.peekByte(descriptor.fd) > 0;
  }
}
