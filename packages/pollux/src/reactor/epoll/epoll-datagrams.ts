import { Pending, type Poll } from "../../core/poll.ts";
import { Datagrams } from "../datagrams.ts";
import { Readiness } from "../readiness.ts";
import { EAGAIN, EPOLLET, EPOLLIN, EPOLLOUT, MSG_PEEK, MSG_TRUNC } from "./constants.ts";
import { Descriptor, type DescriptorOwner } from "./descriptor.ts";
import type { EpollParts } from "./epoll-parts.ts";
import type { Native } from "./native.ts";
import { ADDRESS_BYTES } from "./socket-address.ts";
import { systemError, type Where } from "./system-error.ts";

/** The interest of a socket for datagrams, for good. */
const DATAGRAMS: number = EPOLLIN | EPOLLOUT | EPOLLET;

/**
 * A socket for datagrams: each operation is the system call itself. A short datagram says nothing of what is behind it, so
 * only `EAGAIN` clears a readiness. Errors are thrown as they come, and are no end.
 */
export abstract class EpollDatagrams<A> extends Datagrams<A> implements DescriptorOwner {
  protected readonly parts: EpollParts;
  protected readonly native: Native;
  protected descriptor: Descriptor | null = null;
  private local: A | undefined;
  /** Of the datagram that was received last, as the system wrote it. */
  private readonly from = new Uint8Array(ADDRESS_BYTES);
  private readonly fromLength = new Uint32Array(this.from.buffer, 0, 1);
  /** That of `sender`: whoever sends many datagrams costs one object. */
  private readonly known = new Uint8Array(ADDRESS_BYTES);

  constructor(parts: EpollParts, what: string) {
    super(what);
    this.parts = parts;
    this.native = parts.epoll.native;
  }

  protected abstract decode(address: Uint8Array): A | null;
  /** The address as the system wants it; borrowed until the next call. */
  protected abstract encoded(address: A): Uint8Array;
  /** As it is told in errors. */
  protected abstract where(address: A): Where | undefined;
  /** For a socket that has no name. */
  protected abstract readonly unnamed: A;

  /** It has a descriptor, which is its own from now on. */
  protected opened(fd: number): void {
    this.descriptor = new Descriptor(this.parts.epoll, fd, this);
    this.parts.sources.pushBack(this);
  }

  protected register(): void {
    const { descriptor } = this;
    if (descriptor === null) return;
    descriptor.register(DATAGRAMS);
    // The first event comes a turn later: until then a call is worth a try.
    descriptor.canRead = true;
    descriptor.canWrite = true;
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

  protected open(): Descriptor {
    this.check();
    return this.descriptor ?? this.refuse();
  }

  override tryReceive(buf: Uint8Array, peek: boolean): Poll<number> {
    const descriptor = this.open();
    if (!descriptor.canRead) return Pending;
    const flags = peek ? MSG_TRUNC | MSG_PEEK : MSG_TRUNC;
    const size = this.native.receiveFrom(descriptor.fd, buf, 0, buf.length, flags, this.from);
    if (size === -EAGAIN) {
      descriptor.canRead = false;
      return Pending;
    }
    if (size < 0) throw systemError(size, "recv");
    this.sizeSent = size;
    this.readSender();
    return Math.min(size, buf.length);
  }

  private readSender(): void {
    const { from, known } = this;
    const end = 4 + (this.fromLength[0] as number); // It has one element.
    let at = 0;
    while (at < end && from[at] === known[at]) at++;
    if (at === end && this.sender !== null) return;
    known.set(from);
    this.sender = this.decode(from);
  }

  override trySend(buf: Uint8Array, to: A | null): Poll<number> {
    const descriptor = this.open();
    if (!descriptor.canWrite) return Pending;
    const size =
      to === null
        ? this.native.send(descriptor.fd, buf, 0, buf.length, 0)
        : this.native.sendTo(descriptor.fd, buf, 0, buf.length, 0, this.encoded(to));
    if (size >= 0) return size;
    if (size !== -EAGAIN) throw systemError(size, "send", to === null ? undefined : this.where(to));
    descriptor.canWrite = false;
    return Pending;
  }

  protected override tryConnect(to: A): Poll<void> {
    const { fd } = this.open();
    const result = this.native.connect(fd, this.encoded(to));
    if (result < 0) throw systemError(result, "connect", this.where(to));
    this.local = undefined; // A socket that is bound to all interfaces has the address of one now.
    return undefined;
  }

  override get readiness(): number {
    const { descriptor } = this;
    if (descriptor === null) return Readiness.Failed;
    return (descriptor.canRead ? Readiness.Readable : 0) | (descriptor.canWrite ? Readiness.Writable : 0);
  }

  override get localAddress(): A {
    // Asked for when it is wanted, and at the latest by the close.
    this.local ??= this.readName(0) ?? this.unnamed;
    return this.local;
  }

  override get peerAddress(): A | null {
    return this.readName(1);
  }

  private readName(ofPeer: number): A | null {
    if (this.descriptor === null) return null;
    const address = new Uint8Array(ADDRESS_BYTES);
    return this.native.name(this.descriptor.fd, ofPeer, address) < 0 ? null : this.decode(address);
  }

  override close(): void {
    if (this.isClosed) return;
    if (this.descriptor !== null) this.local ??= this.localAddress;
    this.isClosed = true;
    this.descriptor?.close();
    this.descriptor = null;
    this.parts.sources.remove(this);
    this.wakeBoth();
  }
}
