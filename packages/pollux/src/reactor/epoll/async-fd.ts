import type { Context } from "../../core/context.ts";
import { ClosedError, PollAfterCompletionError, WouldBlockError } from "../../core/errors.ts";
import { Future } from "../../core/future.ts";
import { around, type Inspection, type InspectionTarget } from "../../core/inspection.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import { type KeepsAlive, Waiting } from "../waiting.ts";
import { EPOLLONESHOT } from "./constants.ts";
import type { Epoll, Registered } from "./epoll.ts";
import { epollOfThread, requireNative } from "./epoll-of-thread.ts";
import {
  bitsOf,
  CLOSED_BITS,
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

/** What an {@link AsyncFd} hears of; without a direction, of reading and writing. */
export interface AsyncFdOptions extends FdInterest {
  /** Default `"edge"`. */
  readonly trigger?: Trigger;
}

/**
 * A descriptor that tasks wait on until it is ready; it stays whose it was. Whoever has it does the input and output: it
 * must not wait for it (`O_NONBLOCK`).
 *
 * **Edge-triggered**, the default: that it is ready is remembered until an operation has found that it is not. So an
 * operation is tried within {@link AsyncFdGuard.tryIo}, or its caller says {@link AsyncFdGuard.clearReady}; who does neither
 * is told again and again. **Level-triggered**: the system is asked anew by each wait, and nothing is to be cleared.
 * **One-shot**: as edge-triggered, and after the first event nothing is heard until {@link rearm}.
 *
 * Any number of tasks may wait. Close it before the descriptor.
 *
 * @example
 * ```ts
 * import { co, run } from "pollux";
 * import { AsyncFd, OwnedFd } from "pollux/reactor";
 *
 * const timer = OwnedFd.timer(5);
 * const ready = AsyncFd.register(timer, { read: true });
 * const main = co(function* () {
 *   console.log(yield* ready.io({ read: true }, () => timer.readCount())); // 1
 * });
 * await run(main());
 * ready.close();
 * timer.close();
 * ```
 */
export class AsyncFd implements Registered, KeepsAlive, Disposable {
  readonly fd: number;
  readonly trigger: Trigger;
  /** @internal */
  readonly isExternal = true;
  /** @internal */
  readonly needsNodeLoop = null;
  private readonly epoll: Epoll;
  private interest: FdInterest;
  private slot: number;
  private readonly waiters = new Set<WhenFdReady>();
  /** What it is ready for, as far as is remembered. */
  private bits = 0;
  /** How many events have come: one that came since is not to be cleared. */
  private tick = 0;

  private constructor(epoll: Epoll, fd: number, interest: FdInterest, trigger: Trigger) {
    this.epoll = epoll;
    this.fd = fd;
    this.interest = interest;
    this.trigger = trigger;
    this.slot = epoll.register(fd, this, this.flags());
  }

  /**
   * Has the system tell of a descriptor.
   *
   * @throws TypeError, RangeError for what is no descriptor or interest
   * @throws UnsupportedError where the native layer is not to be had
   * @throws the system's error: `EBADF`, `EPERM` for a file, which is always ready, `EEXIST` if it is registered already
   */
  static register(fd: Fd, options: AsyncFdOptions = {}): AsyncFd {
    const number = fdOf(fd);
    const { trigger = "edge", ...rest } = options;
    const interest = Object.keys(rest).length === 0 ? { read: true, write: true } : rest;
    checkInterest(interest, "AsyncFd.register");
    checkTrigger(trigger);
    return new AsyncFd(epollOfThread(requireNative("AsyncFd")), number, interest, trigger);
  }

  /** Level-triggered, the descriptor is armed by those who wait, and else tells of nothing. */
  private flags(): number {
    if (this.trigger !== "level") return eventsOf(this.interest) | flagOf(this.trigger);
    let events = 0;
    for (const { interest } of this.waiters) events |= eventsOf(interest);
    return events | EPOLLONESHOT;
  }

  get isClosed(): boolean {
    return this.slot < 0;
  }

  /** @internal */
  get inspected(): InspectionTarget {
    return { kind: "descriptor", name: String(this.fd), key: this };
  }

  /**
   * Waits until it can be read from.
   *
   * Fails with `ClosedError` when this is closed.
   *
   * **Cancel safety.** Safe.
   */
  readable(): Future<AsyncFdGuard> {
    return this.ready({ read: true });
  }

  /** As {@link readable}, until it can be written to. */
  writable(): Future<AsyncFdGuard> {
    return this.ready({ write: true });
  }

  /**
   * As {@link readable}, until it is ready for some of this.
   *
   * @throws TypeError if nothing is asked for, or what it was not registered with
   */
  ready(interest: FdInterest): Future<AsyncFdGuard> {
    checkInterest(interest, "ready");
    const missing = eventsOf(interest) & ~eventsOf(this.interest);
    if (missing !== 0) throw new TypeError("ready asks for what the descriptor was not registered with");
    return new WhenFdReady(this, interest);
  }

  /**
   * Does an operation as soon as it does not have to wait: it is tried when the descriptor is ready, and again at the next
   * event if it says that it would wait, by throwing `WouldBlockError`, an error with `code: "EAGAIN"`, or giving `Pending`.
   *
   * **Cancel safety.** Safe: the operation has not been done.
   */
  io<T>(interest: FdInterest, operation: () => Poll<T>): Future<T> {
    return new FdOperation(this, interest, operation);
  }

  /**
   * Tries an operation now, if the descriptor is known to be ready for it; else, and if it would wait, this gives `Pending`.
   * See {@link AsyncFdGuard.tryIo}.
   */
  tryIo<T>(interest: FdInterest, operation: () => Poll<T>): Poll<T> {
    checkInterest(interest, "tryIo");
    const bits = this.remembered(bitsOf(interest));
    return bits === 0 ? Pending : new AsyncFdGuard(this, bits).tryIo(operation);
  }

  /**
   * One-shot: has the system tell of the next event, of the same interest or of another one.
   *
   * @throws TypeError if it is not one-shot
   * @throws ClosedError after a close
   */
  rearm(interest: FdInterest = this.interest): void {
    if (this.trigger !== "oneShot")
      throw new TypeError(`rearm is for one-shot descriptors; this is ${this.trigger}`);
    checkInterest(interest, "rearm");
    if (this.isClosed) throw new ClosedError("the AsyncFd");
    this.interest = interest;
    this.epoll.modify(this.slot, this.fd, this.flags());
  }

  /** The system tells of the descriptor no more; those who wait see `ClosedError`. It stays open. Idempotent. */
  close(): void {
    if (this.isClosed) return;
    this.epoll.unregister(this.slot, this.fd);
    this.slot = -1;
    for (const waiter of [...this.waiters]) waiter.wake();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  keepAlive(): void {
    this.epoll.keepAlive();
  }

  /** @internal */
  letGo(): void {
    this.epoll.letGo();
  }

  /** @internal */
  onEvents(events: number): void {
    const bits = readyBits(events);
    this.tick = (this.tick + 1) | 0;
    if (this.trigger !== "level") this.bits |= bits;
    for (const waiter of [...this.waiters]) waiter.onReady(bits);
    // Those for whom it was not, go on waiting.
    if (this.trigger === "level" && this.waiters.size > 0 && !this.isClosed) this.arm();
  }

  private arm(): void {
    this.epoll.modify(this.slot, this.fd, this.flags());
  }

  /** What is remembered of these bits. @internal */
  remembered(bits: number): number {
    return this.bits & bits;
  }

  /** @internal */
  get ticks(): number {
    return this.tick;
  }

  /** Nothing is left of what an event up to this tick has told. @internal */
  clear(bits: number, tick: number): void {
    if (tick === this.tick) this.bits &= ~(bits & ~CLOSED_BITS);
  }

  /** @internal */
  wait(waiter: WhenFdReady): void {
    if (this.waiters.has(waiter)) return;
    this.waiters.add(waiter);
    if (this.trigger === "level") this.arm();
  }

  /** @internal */
  leave(waiter: WhenFdReady): void {
    this.waiters.delete(waiter);
  }
}

/** That a descriptor is ready, and the way to say that it no longer is. */
export class AsyncFdGuard {
  /** What it is ready for, of what was asked. */
  readonly ready: FdReady;
  private readonly owner: AsyncFd;
  private readonly bits: number;
  private readonly tick: number;

  /** @internal */
  constructor(owner: AsyncFd, bits: number) {
    this.owner = owner;
    this.bits = bits;
    this.tick = owner.ticks;
    this.ready = describeBits(bits);
  }

  /**
   * Tries an operation. If it would wait (it throws `WouldBlockError` or an error with `code: "EAGAIN"`, or gives
   * `Pending`), this gives `Pending`, and the descriptor counts as not ready until the next event. Other errors are thrown.
   */
  tryIo<T>(operation: () => Poll<T>): Poll<T> {
    try {
      const result = operation();
      if (result !== Pending) return result;
    } catch (error) {
      if (!wouldBlock(error)) throw error;
    }
    this.clearReady();
    return Pending;
  }

  /**
   * The descriptor counts as not ready until the next event. Only for who knows: an operation has said that it would wait.
   * An event that has come since this guard was given is not forgotten; nor is that a side is closed.
   *
   * @param interest - for what; default: for all that this guard has told
   */
  clearReady(interest?: FdInterest): void {
    this.owner.clear(interest === undefined ? this.bits : this.bits & bitsOf(interest), this.tick);
  }
}

function wouldBlock(error: unknown): boolean {
  if (error instanceof WouldBlockError) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EAGAIN" || code === "EWOULDBLOCK";
}

class WhenFdReady extends Future<AsyncFdGuard> {
  readonly interest: FdInterest;
  private readonly descriptor: AsyncFd;
  private readonly mask: number;
  private readonly waiting: Waiting;
  /** What a level-triggered event has told. */
  private told = 0;
  private over = false;

  constructor(owner: AsyncFd, interest: FdInterest) {
    super();
    this.descriptor = owner;
    this.interest = interest;
    this.mask = bitsOf(interest);
    this.waiting = new Waiting(owner);
  }

  override poll(cx: Context): Poll<AsyncFdGuard> {
    if (this.over) throw new PollAfterCompletionError("ready()");
    if (!cx.takeBudget()) return Pending;
    const { descriptor: owner } = this;
    if (owner.isClosed) {
      this.cancel();
      throw new ClosedError("the AsyncFd");
    }
    const bits = this.told | owner.remembered(this.mask);
    if (bits !== 0) {
      this.cancel();
      return new AsyncFdGuard(owner, bits);
    }
    cx.refundBudget();
    this.waiting.begin(cx);
    try {
      owner.wait(this);
    } catch (error) {
      this.cancel();
      throw error;
    }
    return Pending;
  }

  override cancel(): void {
    this.over = true;
    this.waiting.end();
    this.descriptor.leave(this);
  }

  override inspect(): Inspection {
    return { op: "ready() on", target: this.descriptor.inspected };
  }

  onReady(bits: number): void {
    if ((bits & this.mask) === 0) return;
    if (this.descriptor.trigger === "level") this.told |= bits & this.mask;
    this.wake();
  }

  wake(): void {
    this.descriptor.leave(this);
    this.waiting.wake();
  }
}

class FdOperation<T> extends Future<T> {
  private readonly descriptor: AsyncFd;
  private readonly interest: FdInterest;
  private readonly operation: () => Poll<T>;
  private readiness: Future<AsyncFdGuard> | null;

  constructor(owner: AsyncFd, interest: FdInterest, operation: () => Poll<T>) {
    super();
    this.descriptor = owner;
    this.interest = interest;
    this.operation = operation;
    this.readiness = owner.ready(interest);
  }

  override poll(cx: Context): Poll<T> {
    for (;;) {
      const { readiness } = this;
      if (readiness === null) throw new PollAfterCompletionError("io()");
      let result: Poll<T>;
      try {
        const guard = readiness.poll(cx);
        if (guard === Pending) return Pending;
        result = guard.tryIo(this.operation);
      } catch (error) {
        this.readiness = null;
        throw error;
      }
      this.readiness = result === Pending ? this.descriptor.ready(this.interest) : null;
      if (result !== Pending) return result;
    }
  }

  override cancel(cx: Context): Poll<void> {
    const { readiness } = this;
    this.readiness = null;
    return readiness?.cancel(cx);
  }

  override inspect(): Inspection {
    return around("io()", this.readiness);
  }
}
