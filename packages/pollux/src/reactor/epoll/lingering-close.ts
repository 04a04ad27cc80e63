import { EAGAIN, SHUT_WR } from "./constants.ts";
import type { Descriptor, DescriptorOwner } from "./descriptor.ts";
import type { Epoll } from "./epoll.ts";

/** How long the peer may take to read what was written, and to end its side, in ms. Node's sockets have as long here. */
const LIMIT = 10_000;

/** What is discarded of the peer's bytes in one go, and then others have their turn. */
const PIECE = 65_536;

/** Where all of it goes. */
const discarded = new Uint8Array(PIECE);

/**
 * The end of a connection that was closed with bytes of the peer's unread. The system would reset it then, and so discard
 * what was written and has not arrived. So the write side is ended, and what comes in is read and dropped until the peer ends
 * its side too, or has had its time. It keeps the process alive until then.
 */
export class LingeringClose implements DescriptorOwner {
  private readonly epoll: Epoll;
  private readonly descriptor: Descriptor;
  private readonly stopTimer: () => void;
  private isOver = false;

  constructor(epoll: Epoll, descriptor: Descriptor) {
    this.epoll = epoll;
    this.descriptor = descriptor;
    this.stopTimer = epoll.later.after(LIMIT, () => this.end(), true);
    descriptor.handTo(this);
    epoll.keepAlive();
    epoll.native.shutdown(descriptor.fd, SHUT_WR);
    this.onReadable();
  }

  onReadable(): void {
    if (this.isOver) return;
    const size = this.epoll.native.receive(this.descriptor.fd, discarded, 0, PIECE, 0);
    if (size === -EAGAIN) return;
    if (size <= 0) this.end();
    else this.epoll.later.turn(() => this.onReadable());
  }

  onWritable(): void {
    // Nothing more is written.
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopTimer();
    this.epoll.letGo();
    this.descriptor.close();
  }
}
