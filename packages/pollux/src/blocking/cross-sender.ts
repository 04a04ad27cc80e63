import { MessageChannel, type MessagePort } from "node:worker_threads";
import { ClosedError, FullError, NotCloneableError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import { LinkedList } from "../core/list.ts";
import type { OwnedThread } from "../core/owned-thread.ts";
import type { KeepsAlive } from "../reactor/waiting.ts";
import { type CrossAcquire, CrossSend } from "./cross-acquire.ts";
import { CrossClosed } from "./cross-closed.ts";
import {
  CLOSED,
  type CrossEnd,
  FREE,
  type ToReceiver,
  type ToSender,
  tryTakePlace,
  WAKER,
  wakeThread,
} from "./cross-messages.ts";
import { CrossPermit, CrossReserve } from "./cross-permit.ts";
import { TakenPort } from "./taken-port.ts";
import { transfer, transfersOf } from "./transfer.ts";

/**
 * A sending half of a {@link crossMpsc} channel.
 *
 * A place that is free is taken at once, in memory that the threads share. Where there is none, the receiver is asked for
 * one: it grants places as they are freed, to those who have asked, first come, first served.
 *
 * Invariants: `wants` is how many places were asked for and have not come, and never less than how many wait for one;
 * `granted` is how many have come for a `send` that has not used it yet.
 */
export class CrossSender<T> implements Disposable, KeepsAlive {
  /** @internal */
  readonly isExternal = true;
  /** @internal */
  readonly needsNodeLoop = null;
  /** All places: the capacity that the channel was made with. */
  readonly maxCapacity: number;
  /** @internal */
  readonly waiting: LinkedList<CrossAcquire<T, unknown>> = new LinkedList();
  private readonly port: MessagePort;
  private readonly state: Int32Array;
  private open: boolean;
  /** The other thread has ended, or its receiver is closed. */
  private gone: boolean;
  private wants: number;
  private granted: number;
  /** Permits that are out. */
  private permits: number;
  private readonly watchers: Set<CrossClosed>;
  private listens: boolean;
  private hasEnded: boolean;
  private waits: number;
  private readonly taken: TakenPort;
  /** Set while it is waited on in a thread that a runtime owns. */
  private looking: { readonly stop: () => void; readonly waker: number } | null;

  /** @internal */
  constructor({ port, state, capacity }: CrossEnd<T>) {
    this.maxCapacity = capacity;
    this.port = port;
    this.state = state;
    this.open = true;
    this.gone = false;
    this.wants = 0;
    this.granted = 0;
    this.permits = 0;
    this.watchers = new Set();
    this.listens = false;
    this.hasEnded = false;
    this.waits = 0;
    this.taken = new TakenPort(port, {
      onMessage: (message) => this.onMessage(message as ToSender), // Nobody else has the other end.
      // A receiver sends nothing that could not be cloned.
      onMessageError: () => {},
      onGone: () => this.onGone(),
    });
    this.looking = null;
    port.on("close", () => this.onGone());
    port.unref();
  }

  /**
   * Sends a clone of a value, once there is a place for it. What `transfer` names is moved.
   *
   * **Cancel safety.** A cancelled `send` has not sent; the place in the queue is lost.
   *
   * @throws ClosedError (the future) if the receiver is closed or its thread has ended, or this sender is closed
   * @throws NotCloneableError (the future) if the value cannot pass from thread to thread
   */
  send(value: T): Future<void> {
    return new CrossSend(this, this.open, value);
  }

  /**
   * Sends now, past nobody of this sender.
   *
   * @throws FullError if there is no place; it has the value
   * @throws ClosedError and NotCloneableError as {@link CrossSender.send}
   */
  trySend(value: T): void {
    this.takeNow(value);
    this.post(value, false);
  }

  private takeNow(value: T | undefined): void {
    if (!this.open || this.isDeserted) throw this.closedError(this.open);
    if (!this.tryTake()) throw new FullError("the channel between threads", value);
  }

  /**
   * Waits for a place, to be used later.
   *
   * **Cancel safety.** Safe: what is lost is the place in the queue.
   *
   * @throws ClosedError (the future) if the receiver is closed or its thread has ended, or this sender is closed
   *
   * @example
   * ```ts
   * const [tx, rx] = crossMpsc<number>(1);
   * const main = co(function* () {
   *   const permit = yield* tx.reserve();
   *   permit.send(42);
   *   return yield* rx.recv();
   * });
   * console.log(await run(main())); // 42
   * ```
   */
  reserve(): Future<CrossPermit<T>> {
    return new CrossReserve(this, this.open);
  }

  /**
   * Takes a place now, to be used later, past nobody of this sender.
   *
   * @throws FullError if there is none
   * @throws ClosedError as {@link CrossSender.reserve}
   */
  tryReserve(): CrossPermit<T> {
    this.takeNow(undefined);
    return this.permit(false);
  }

  /**
   * Waits until the receiver is closed or its thread has ended. To be raced with the work that makes values.
   *
   * **Cancel safety.** Safe: nothing is lost.
   *
   * @example
   * ```ts
   * const [tx, rx] = crossMpsc<number>(1);
   * const main = co(function* () {
   *   const closed = spawn(tx.closed());
   *   rx.close();
   *   yield* closed;
   *   return tx.isClosed;
   * });
   * console.log(await run(main())); // true
   * ```
   */
  closed(): Future<void> {
    return new CrossClosed(this);
  }

  /** Whether both send to the same receiver. */
  sameChannel(other: CrossSender<T>): boolean {
    return this.state.buffer === other.state.buffer;
  }

  /**
   * Another sender into the same channel, to be closed on its own.
   *
   * @throws ClosedError if this one is closed
   */
  clone(): CrossSender<T> {
    this.requireOpen();
    const { port1, port2 } = new MessageChannel();
    const message: ToReceiver = { kind: "clone", port: port2 };
    this.port.postMessage(message, [port2]);
    wakeThread(Atomics.load(this.state, WAKER));
    return new CrossSender({ kind: "sender", port: port1, state: this.state, capacity: this.maxCapacity });
  }

  /**
   * Takes this sender out of this thread, for another one, which makes one of it again with `crossSender`. Here it is
   * closed from now on, and the channel does not notice.
   *
   * @throws ClosedError if it is closed
   * @throws TypeError while something waits on it, or a permit is out
   */
  detach(): CrossEnd<T> {
    this.requireOpen();
    if (this.wants > 0 || this.granted > 0 || this.permits > 0 || this.watchers.size > 0)
      throw new TypeError("this sender waits, or has permits out: detach it before it sends, or clone it");
    this.open = false;
    this.hasEnded = true;
    this.port.removeAllListeners();
    const { port, state, maxCapacity: capacity } = this;
    return transfer({ kind: "sender", port, state, capacity }, [port]);
  }

  /** Closes this sender. What it has begun to send can still be completed. A second call does nothing. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.endIfDone();
  }

  /** As {@link CrossSender.close}; what `using` calls. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether nothing can be sent any more: the receiver is closed or its thread has ended, or this sender is closed. */
  get isClosed(): boolean {
    return !this.open || this.isDeserted;
  }

  /** Places that were free a moment ago: other threads take and free them meanwhile. */
  get capacity(): number {
    return Math.max(0, Atomics.load(this.state, FREE));
  }

  private requireOpen(): void {
    if (!this.open) throw this.closedError(false);
  }

  /** @internal */
  get isDeserted(): boolean {
    return this.gone || Atomics.load(this.state, CLOSED) === 1;
  }

  /** @internal */
  get target(): InspectionTarget {
    return { kind: "channel between threads", key: this.state };
  }

  /** @internal */
  closedError(open: boolean): ClosedError {
    return new ClosedError(open ? "the channel between threads" : "this sender of a channel between threads");
  }

  /**
   * Sends a value for which there is a place.
   *
   * @internal
   */
  post(value: T, granted: boolean): void {
    try {
      this.say({ kind: "value", value, granted }, value);
    } catch (cause) {
      this.say({ kind: "refund", granted }, null);
      throw new NotCloneableError("the value", { cause });
    }
  }

  /** @internal */
  tryTake(): boolean {
    return this.waiting.size === 0 && tryTakePlace(this.state);
  }

  /**
   * Has one wait for a place.
   *
   * @internal
   */
  park(send: CrossAcquire<T, unknown>, thread: OwnedThread | null): void {
    this.listen(thread);
    this.waiting.pushBack(send);
    if (this.waiting.size > this.wants) {
      this.wants++;
      this.say({ kind: "want", waker: this.looking?.waker ?? 0 }, null);
    }
    // A place that nobody waited for any more may have come meanwhile.
    if (thread !== null) this.taken.take();
  }

  /**
   * Hears what the receiver says; in a thread that a runtime owns, until nothing waits.
   *
   * @internal
   */
  listen(thread: OwnedThread | null): void {
    if (thread !== null && this.looking === null)
      this.looking = { stop: thread.onUnpark(() => this.taken.look()), waker: thread.wakerId };
    if (this.listens) return;
    this.listens = true;
    this.port.on("message", (message: ToSender) => this.onMessage(message));
    if (this.waits === 0) this.port.unref();
  }

  /**
   * Has one told when nobody receives any more.
   *
   * @internal
   */
  watch(closed: CrossClosed, thread: OwnedThread | null): void {
    this.listen(thread);
    this.watchers.add(closed);
    if (thread !== null) this.taken.take();
  }

  /** @internal */
  unwatch(closed: CrossClosed): void {
    this.watchers.delete(closed);
  }

  /**
   * A permit for a place that was taken.
   *
   * @internal
   */
  permit(granted: boolean): CrossPermit<T> {
    if (granted) this.granted--;
    this.permits++;
    return new CrossPermit(this, granted);
  }

  /** @internal */
  usePermit(value: T, granted: boolean): void {
    this.permits--;
    try {
      this.post(value, granted);
    } finally {
      this.endIfDone();
    }
  }

  /** @internal */
  releasePermit(granted: boolean): void {
    this.permits--;
    if (granted) this.place();
    else this.say({ kind: "refund", granted: false }, null);
    this.endIfDone();
  }

  /**
   * The `send` that a place was granted to has used it.
   *
   * @internal
   */
  useGranted(value: T): void {
    this.granted--;
    try {
      this.post(value, true);
    } finally {
      this.endIfDone();
    }
  }

  /**
   * The `send` that a place was granted to needs it no longer: the next one has it, or it goes back.
   *
   * @internal
   */
  passOn(): void {
    this.granted--;
    this.place();
    this.endIfDone();
  }

  private place(): void {
    const next = this.waiting.shift();
    if (next === null) this.say({ kind: "refund", granted: true }, null);
    else {
      this.granted++;
      next.grant();
    }
  }

  /**
   * Tells the other side of the end, once nothing that was begun is left.
   *
   * @internal
   */
  endIfDone(): void {
    if (this.open || this.hasEnded || this.waiting.size > 0 || this.granted > 0 || this.permits > 0) return;
    this.hasEnded = true;
    this.say({ kind: "close" }, null);
    this.port.close();
  }

  private say(message: ToReceiver, moved: unknown): void {
    this.port.postMessage(message, transfersOf(moved));
    wakeThread(Atomics.load(this.state, WAKER));
  }

  private onMessage(message: ToSender): void {
    if (message.kind === "closed") this.onGone();
    else if (message.kind === "grant") {
      this.wants--;
      this.place();
    }
  }

  private onGone(): void {
    if (this.gone) return;
    this.gone = true;
    for (let send = this.waiting.shift(); send !== null; send = this.waiting.shift()) send.wake();
    for (const closed of this.watchers) closed.wake();
    this.watchers.clear();
    this.endIfDone();
  }

  /** @internal */
  keepAlive(): void {
    if (this.waits++ === 0) this.port.ref();
  }

  /** @internal */
  letGo(): void {
    if (--this.waits > 0) return;
    this.port.unref();
    this.looking?.stop();
    this.looking = null;
  }
}
