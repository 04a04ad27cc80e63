import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLPRI, EPOLLRDHUP } from "./constants.ts";
import type { Epoll, Registered } from "./epoll.ts";

/** Events after which a read does not wait: it gives bytes, the end, or an error. */
const READABLE = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
/** The same for a write. */
const WRITABLE = EPOLLOUT | EPOLLHUP | EPOLLERR;
/**
 * Once these have come, a short read does not mean that nothing is left: an end or an error stands behind the bytes, of
 * which no other event tells again; or the read has stopped at urgent data.
 */
const LASTING = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI;

/** Who is told that a direction is ready. */
export interface DescriptorOwner {
  onReadable(): void;
  onWritable(): void;
}

/**
 * An open descriptor that is registered with epoll, edge-triggered, until it is closed.
 *
 * **Readiness.** `canRead` and `canWrite` say whether the system call is worth trying. An event sets them; the first comes
 * with the registration. An operation tries the call, waits only on `EAGAIN`, and clears the flag then: the next event sets
 * it again. Events are taken between polls, never within one, so none can come between the call and the clearing: with one thread no tick is needed to tell an
 * old `EAGAIN` from a new event.
 *
 * Invariant: `slot >= 0` exactly while it is registered; then `fd` is open.
 */
export class Descriptor implements Registered {
  readonly fd: number;
  canRead = false;
  canWrite = false;
  /** The events of {@link LASTING} that have come. */
  lasting = 0;
  private readonly epoll: Epoll;
  private owner: DescriptorOwner;
  private slot = -1;

  constructor(epoll: Epoll, fd: number, owner: DescriptorOwner) {
    this.epoll = epoll;
    this.fd = fd;
    this.owner = owner;
  }

  /**
   * Hears of events from now on.
   *
   * @throws the system's error, the descriptor staying open
   */
  register(interest: number): void {
    this.slot = this.epoll.register(this.fd, this, interest);
  }

  /** Hears of the events of a slot in which the descriptor is registered already, of those first that have come there. */
  takeOver(slot: number, events: number): void {
    this.slot = slot;
    this.epoll.hand(slot, this);
    this.onEvents(events);
  }

  onEvents(events: number): void {
    this.lasting |= events & LASTING;
    if ((events & READABLE) !== 0) {
      this.canRead = true;
      this.owner.onReadable();
    }
    if ((events & WRITABLE) !== 0) {
      this.canWrite = true;
      this.owner.onWritable();
    }
  }

  /** A read gave less than was asked for: unless there is an end or the like behind it, nothing is left. */
  readShort(): void {
    if (this.lasting === 0) this.canRead = false;
  }

  get hasFailed(): boolean {
    return (this.lasting & EPOLLERR) !== 0;
  }

  /** Another one is told from now on. */
  handTo(owner: DescriptorOwner): void {
    this.owner = owner;
  }

  /** Hears of nothing any more, and leaves the descriptor open; gives its number. */
  detach(): number {
    if (this.slot >= 0) this.epoll.unregister(this.slot, this.fd);
    this.slot = -1;
    return this.epoll.native.release(this.fd);
  }

  /** @param isShared - whether there are other descriptors of the same: it would go on to have events else */
  close(isShared = false): void {
    if (this.slot >= 0) {
      if (isShared) this.epoll.unregister(this.slot, this.fd);
      else this.epoll.leave(this.slot);
    }
    this.slot = -1;
    this.epoll.native.close(this.fd);
  }
}
