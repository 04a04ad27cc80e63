import type { Future } from "../../core/future.ts";
import { AsyncFd } from "./async-fd.ts";
import { requireNative } from "./epoll-of-thread.ts";
import { OwnedFd } from "./owned-fd.ts";
import { systemError } from "./system-error.ts";

const EAGAIN = -11;
const ENOENT = -2;

/**
 * Wakes a task from other threads (an `eventfd`): a worker needs no more than its number. It wakes a thread that waits in
 * Node's loop as one that is blocked in the system.
 *
 * @example
 * ```ts
 * import { run } from "pollux";
 * import { ThreadWaker } from "pollux/reactor";
 *
 * const waker = ThreadWaker.create();
 * // A worker would be given waker.id, and call this itself.
 * ThreadWaker.wake(waker.id);
 * ThreadWaker.wake(waker.id);
 * console.log(await run(waker.woken())); // 2
 * waker.close();
 * console.log(ThreadWaker.wake(waker.id)); // false
 * ```
 */
export class ThreadWaker implements Disposable {
  /** By which other threads name it; never used again. */
  readonly id: number;
  private readonly counter: OwnedFd;
  private readonly ready: AsyncFd;

  private constructor(counter: OwnedFd, id: number, ready: AsyncFd) {
    this.counter = counter;
    this.id = id;
    this.ready = ready;
  }

  /**
   * Of this thread, whose tasks wait for it.
   *
   * @throws UnsupportedError where the native layer is not to be had
   * @throws the system's error: `EMFILE`
   */
  static create(): ThreadWaker {
    const native = requireNative("ThreadWaker");
    const counter = OwnedFd.event();
    try {
      const id = native.share(counter.fd);
      if (id < 0) throw systemError(id, "share");
      return new ThreadWaker(counter, id, AsyncFd.register(counter, { read: true }));
    } catch (error) {
      counter.close();
      throw error;
    }
  }

  /**
   * Wakes whoever waits for it, in whatever thread. What is woken while nobody waits is not lost.
   *
   * @returns whether it is there still
   * @throws UnsupportedError where the native layer is not to be had
   */
  static wake(id: number): boolean {
    const result = requireNative("ThreadWaker").signal(id);
    // A counter that is full has woken whoever waits long since.
    if (result === ENOENT) return false;
    if (result < 0 && result !== EAGAIN) throw systemError(result, "signal");
    return true;
  }

  /**
   * Waits until it is woken; gives how often it was since the last time.
   *
   * Fails with `ClosedError` when it is closed.
   *
   * **Cancel safety.** Safe: what was not given stays.
   */
  woken(): Future<number> {
    return this.ready.io({ read: true }, () => this.counter.readCount());
  }

  /** Idempotent. */
  close(): void {
    this.ready.close();
    this.counter.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
