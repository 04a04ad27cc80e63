import { systemError } from "../system-error.ts";
import { EPOLLET, EPOLLIN } from "./constants.ts";
import type { Epoll, Registered } from "./epoll.ts";
import { OwnedFd } from "./owned-fd.ts";

/**
 * Wakes its thread out of {@link Epoll.park} from others: an `eventfd` that nobody reads, since edge-triggered each write is
 * an event of its own. It would be full after 2^64 - 2 of them.
 */
export class ParkWaker implements Registered {
  /** What `ThreadWaker.wake` is given; never used again. */
  readonly id: number;
  private readonly epoll: Epoll;
  private readonly counter: OwnedFd;
  private readonly slot: number;

  /** @throws the system's error: `EMFILE` */
  constructor(epoll: Epoll) {
    this.epoll = epoll;
    this.counter = OwnedFd.event();
    try {
      this.id = epoll.native.share(this.counter.fd);
      if (this.id < 0) throw systemError(this.id, "share");
      this.slot = epoll.register(this.counter.fd, this, EPOLLIN | EPOLLET);
    } catch (error) {
      this.counter.close();
      throw error;
    }
  }

  onEvents(): void {
    // That the thread is awake is all.
  }

  close(): void {
    this.epoll.unregister(this.slot, this.counter.fd);
    this.counter.close();
  }
}
