import { ClosedError } from "../../core/errors.ts";
import { EINTR, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD } from "./constants.ts";
import { requireNative } from "./epoll-of-thread.ts";
import {
  checkInterest,
  checkTrigger,
  describeBits,
  eventsOf,
  type Fd,
  type FdInterest,
  type FdReady,
  fdOf,
  flagOf,
  readyBits,
  type Trigger,
} from "./fd-interest.ts";
import type { Native } from "./native.ts";
import { systemError } from "./system-error.ts";

/** What an {@link EventQueue} hears of a descriptor. */
export interface QueueInterest extends FdInterest {
  /** Default `"level"`, as the system has it. */
  readonly trigger?: Trigger;
}

/** What has become ready. */
export interface QueueEvent extends FdReady {
  /** That of the registration. */
  readonly token: number;
}

/** Bytes of an event. */
const EVENT_BYTES = 12;

/** The most events of one call. */
const MOST = 256;

/**
 * The system's queue of events by itself (`epoll`): descriptors are registered with a token, and {@link poll} gives those
 * that are ready, **blocking the thread** until there are some. It has nothing to do with tasks: to see what a reactor rests
 * on, or for a thread that does nothing else.
 *
 * @example
 * ```ts
 * import { EventQueue, OwnedFd } from "pollux/reactor";
 *
 * const queue = new EventQueue();
 * const [slow, fast] = [OwnedFd.timer(20), OwnedFd.timer(1)];
 * queue.register(slow, 1, { read: true, trigger: "oneShot" });
 * queue.register(fast, 2, { read: true, trigger: "oneShot" });
 * console.log(queue.poll()[0]?.token); // 2
 * console.log(queue.poll()[0]?.token); // 1
 * for (const each of [slow, fast, queue]) each.close();
 * ```
 */
export class EventQueue implements Disposable {
  private readonly native: Native;
  private fd: number;
  private readonly bytes = new Uint8Array(MOST * EVENT_BYTES);
  private readonly words = new Uint32Array(this.bytes.buffer);

  /**
   * @throws UnsupportedError where the native layer is not to be had
   * @throws the system's error: `EMFILE`
   */
  constructor() {
    this.native = requireNative("EventQueue");
    this.fd = this.native.epollCreate();
    if (this.fd < 0) throw systemError(this.fd, "epoll_create");
  }

  /**
   * Has the queue tell of a descriptor, which must be left out again before it is closed.
   *
   * @param token - comes with its events: a whole number from 0 to 2,147,483,647
   * @throws TypeError, RangeError for what is no descriptor, token or interest
   * @throws the system's error: `EEXIST`, `EPERM` for a file
   */
  register(fd: Fd, token: number, interest: QueueInterest): void {
    this.control(EPOLL_CTL_ADD, fd, token, interest);
  }

  /** Another token or interest for a registered descriptor; one-shot, it is armed again. */
  modify(fd: Fd, token: number, interest: QueueInterest): void {
    this.control(EPOLL_CTL_MOD, fd, token, interest);
  }

  /** Ends a registration. */
  deregister(fd: Fd): void {
    const result = this.native.epollControl(this.open(), EPOLL_CTL_DEL, fdOf(fd), 0, 0, 0);
    if (result < 0) throw systemError(result, "epoll_ctl");
  }

  private control(operation: number, fd: Fd, token: number, interest: QueueInterest): void {
    checkInterest(interest, "an event queue");
    const { trigger = "level" } = interest;
    checkTrigger(trigger);
    if (!(Number.isInteger(token) && token >= 0 && token <= 0x7fff_ffff))
      throw new RangeError(`a token is a whole number from 0 to 2147483647; got ${token}`);
    const events = eventsOf(interest) | flagOf(trigger);
    const result = this.native.epollControl(this.open(), operation, fdOf(fd), events, token, 0);
    if (result < 0) throw systemError(result, "epoll_ctl");
  }

  /**
   * The events that there are, at most 256; with none, the thread waits for the first, or for `timeoutMs` to pass. A signal
   * ends the wait, too, with no events.
   *
   * @param timeoutMs - 0 does not wait; default: without end
   * @throws RangeError for what is no time
   */
  poll(timeoutMs?: number): QueueEvent[] {
    if (timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs <= 0x7fff_ffff))
      throw new RangeError(`timeoutMs must be a number of ms, 0 or more; got ${timeoutMs}`);
    // Rounded up: less than 1 ms must not become none.
    const count = this.native.epollWait(
      this.open(),
      this.bytes,
      timeoutMs === undefined ? -1 : Math.ceil(timeoutMs),
    );
    if (count === -EINTR) return [];
    if (count < 0) throw systemError(count, "epoll_wait");
    return Array.from({ length: count }, (_, at) => {
      const [events = 0, token = 0] = this.words.subarray(3 * at, 3 * at + 2);
      return { token, ...describeBits(readyBits(events)) };
    });
  }

  /** Idempotent. */
  close(): void {
    if (this.fd < 0) return;
    this.native.close(this.fd);
    this.fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private open(): number {
    if (this.fd >= 0) return this.fd;
    throw new ClosedError("the event queue");
  }
}
