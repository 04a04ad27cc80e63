import { Pending, type Poll } from "../../core/poll.ts";
import { Acceptor } from "../acceptor.ts";
import { systemError } from "../system-error.ts";
import { EAGAIN, ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM } from "./constants.ts";
import { Descriptor, type DescriptorOwner } from "./descriptor.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { ADDRESS_BYTES } from "./socket-address.ts";

/** What the system lacks for a while: the listener goes on. */
const SHORTAGES: ReadonlySet<number> = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM]);

/** How long it is left alone then, in ms, so that a loop that accepts again at once does not spin. */
const SHORTAGE_PAUSE = 100;

/** A listening socket. Connections stand in the kernel's queue until they are asked for: none is ever dropped here. */
export abstract class EpollListener<S> extends Acceptor<S> implements DescriptorOwner {
  override readonly dropped = 0;
  /** Others have descriptors of the same socket, so that to close this one does not take it out of the kernel's set. */
  protected isShared = false;
  protected readonly parts: EpollParts;
  private descriptor: Descriptor | null = null;
  /** Until a connection is asked for again that could not be accepted. */
  private stopLater: (() => void) | null = null;
  /** Of the connection that was accepted last. */
  private readonly peer = new Uint8Array(ADDRESS_BYTES);

  constructor(parts: EpollParts, what: string) {
    super(what);
    this.parts = parts;
  }

  /** A connection that came in. */
  protected abstract accepted(fd: number, peer: Uint8Array): S;

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
    this.accepting.wake();
  }

  onWritable(): void {
    // Nothing is written to a listening socket.
  }

  override tryAccept(): Poll<S> {
    this.check();
    const { descriptor } = this;
    if (descriptor === null) return this.refuse();
    if (!descriptor.canRead) return Pending;
    for (;;) {
      const fd = this.parts.epoll.native.accept(descriptor.fd, this.peer);
      if (fd >= 0) return this.accepted(fd, this.peer);
      // It was reset before it was accepted: there may be another.
      if (fd === -ECONNABORTED) continue;
      descriptor.canRead = false;
      if (fd === -EAGAIN) return Pending;
      if (SHORTAGES.has(-fd)) this.tryLater(descriptor);
      throw systemError(fd, "accept");
    }
  }

  /** The connection stands in the kernel's queue, and no event tells of it again. */
  private tryLater(descriptor: Descriptor): void {
    this.stopLater?.();
    const retry = (): void => {
      this.stopLater = null;
      descriptor.canRead = true;
      this.accepting.wake();
    };
    this.stopLater = this.parts.epoll.later.after(SHORTAGE_PAUSE, retry, false);
  }

  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.stopLater?.();
    this.descriptor?.close(this.isShared);
    this.descriptor = null;
    this.parts.sources.remove(this);
    this.accepting.wake();
  }
}
