import { ambient } from "../core/ambient.ts";
import type { Context, Waker } from "../core/context.ts";
import { PollAfterCompletionError, WouldBlockError } from "../core/errors.ts";
import { Future, type Suspend } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { checkCount } from "./count.ts";
import type { MpscChannel, Receiving } from "./mpsc-channel.ts";
import { ReceiverIterator, receiveEach } from "./receiving.ts";
import type { Body } from "./with-guard.ts";

// A constant of this module: V8 folds it into optimised code, while it would load an import at each use.
const current = ambient;

/**
 * The receiving half of an {@link mpsc} or {@link unboundedMpsc} channel.
 *
 * It receives what was sent in the order in which it was sent. When every sender is closed it gets what is left, and
 * then `ClosedError`; `recvMany`, `forEach` and `for await` end instead.
 *
 * One at a time can wait on it: a second gets `FutureInUseError`.
 *
 * `Stream.from(rx)` is the stream of what it receives, which owns it: to give that up closes the receiver for good.
 */
export class MpscReceiver<T> implements StreamSource<T>, AsyncIterable<T>, Disposable {
  private readonly channel: MpscChannel<T>;
  /** Stands for whoever polls the receiver itself, who may change without a word. */
  private polling: Receiving | null = null;

  /** @internal */
  constructor(channel: MpscChannel<T>) {
    this.channel = channel;
  }

  /**
   * Waits for the next value.
   *
   * **Cancel safety.** Safe: no value is lost.
   *
   * @throws ClosedError (the future) when the channel is closed and everything was received
   *
   * @example
   * ```ts
   * const [tx, rx] = mpsc<number>(2);
   * const main = co(function* () {
   *   yield* tx.send(1);
   *   tx.close();
   *   console.log(yield* rx.recv()); // 1
   *   yield* rx.recv(); // throws ClosedError
   * });
   * await run(main()).catch((error) => console.log(error.code)); // "POLLUX_CLOSED"
   * ```
   */
  recv(): Future<T> {
    return new MpscRecv(this.channel);
  }

  /**
   * Waits until there is a value, and then moves those that are there to the end of `buffer`, `limit` at the most.
   * Gives how many: 0 when the channel is closed and everything was received, or at once if `limit` is 0.
   *
   * **Cancel safety.** Safe: no value is lost.
   *
   * @throws RangeError or TypeError if `limit` is no integer of 0 or more
   *
   * @example
   * ```ts
   * const [tx, rx] = unboundedMpsc<string>();
   * tx.send("a");
   * tx.send("b");
   * tx.close();
   * const main = co(function* () {
   *   const batch: string[] = [];
   *   while ((yield* rx.recvMany(batch, 100)) > 0) {
   *     console.log(batch); // ["a", "b"]
   *     batch.length = 0;
   *   }
   * });
   * await run(main());
   * ```
   */
  recvMany(buffer: T[], limit: number): Future<number> {
    if (!Array.isArray(buffer) || !Object.isExtensible(buffer))
      throw new TypeError("recvMany needs an array that can grow, to which it adds what it receives");
    checkCount("limit", limit, 0, Number.MAX_SAFE_INTEGER);
    return new MpscRecvMany(this.channel, buffer, limit);
  }

  /**
   * Takes the next value if there is one; `rx.isEmpty` tells beforehand.
   *
   * @throws WouldBlockError if there is none yet
   * @throws ClosedError when the channel is closed and everything was received
   *
   * @example
   * ```ts
   * const [tx, rx] = mpsc<number>(2);
   * tx.trySend(1);
   * while (!rx.isEmpty) console.log(rx.tryRecv()); // 1
   * ```
   */
  tryRecv(): T {
    const channel = this.channel;
    if (channel.values.size > 0) return channel.shift();
    if (channel.isOver) throw channel.closedError();
    throw new WouldBlockError(`${channel.describe()} is empty: wait with \`recv\``);
  }

  /**
   * As {@link MpscReceiver.recv}, for who writes a future of their own: polls, and has the context woken. Only the
   * latest one is.
   *
   * @throws ClosedError when the channel is closed and everything was received
   */
  pollRecv(cx: Context): Poll<T> {
    this.polling ??= { waker: null, isExclusive: false };
    return pollChannel(this.channel, this.polling, cx);
  }

  /** As {@link MpscReceiver.pollRecv}, with `End` when the channel is closed and everything was received. */
  pollNext(cx: Context): Poll<T | End> {
    const { channel } = this;
    if (!cx.takeBudget()) return Pending;
    if (channel.values.size > 0) return channel.shift();
    if (channel.isOver) return End;
    cx.refundBudget();
    this.polling ??= { waker: null, isExclusive: false };
    channel.park(this.polling, cx);
    return Pending;
  }

  /** Whoever waits in {@link MpscReceiver.pollNext} or {@link MpscReceiver.pollRecv} waits no longer. */
  cancelNext(): void {
    if (this.polling !== null) this.channel.unpark(this.polling);
  }

  /** Gives the receiver up, as its stream does: the same as to dispose of it. */
  cancel(): Poll<void> {
    this.cancelNext();
    this[Symbol.dispose]();
  }

  /**
   * Calls `fn` with each value until the channel is closed and everything was received: `for await` for coroutines.
   * `fn` may be a generator function, or return a future; the next value is received after that has ended.
   *
   * **Cancel safety.** Values that `fn` was not called with stay in the channel.
   *
   * @throws whatever `fn` throws
   *
   * @example
   * ```ts
   * const [tx, rx] = unboundedMpsc<number>();
   * tx.send(1);
   * tx.send(2);
   * tx.close();
   * const main = co(function* () {
   *   yield* rx.forEach(function* (n) {
   *     yield* sleep(n);
   *     console.log(n); // 1, then 2
   *   });
   * });
   * await run(main());
   * ```
   */
  forEach(fn: (value: T) => Body<unknown>): Future<void>;
  forEach(fn: (value: T) => void): Future<void>;
  forEach(fn: (value: T) => unknown): Future<void> {
    return receiveEach(() => this.recv(), fn);
  }

  /** The values until the channel is closed, for code outside of the runtime. Leaving the loop leaves it open. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined, undefined> {
    return new ReceiverIterator(() => this.recv());
  }

  /**
   * Accepts nothing more: senders that wait, and all later ones, get `ClosedError`. What was sent can still be
   * received, and what permits that are out stand for.
   */
  close(): void {
    this.channel.desert();
  }

  /**
   * Closes the receiver for good: what was sent and not received is lost to it, and disposed of where it is `Disposable`.
   *
   * @throws CleanupError with what went wrong in disposing
   */
  [Symbol.dispose](): void {
    this.channel.abandon();
  }

  /** Whether nothing more can be sent, though something may be left: this or every sender is closed. */
  get isClosed(): boolean {
    return this.channel.limit === 0;
  }

  /** Values that can be received now. */
  get len(): number {
    return this.channel.values.size;
  }

  get isEmpty(): boolean {
    return this.channel.values.size === 0;
  }

  /** Places that are free now: neither filled nor reserved. */
  get capacity(): number {
    return this.channel.max - this.channel.used;
  }

  /** All places: the capacity that the channel was made with. */
  get maxCapacity(): number {
    return this.channel.max;
  }

  /** Senders that are open. */
  get senderStrongCount(): number {
    return this.channel.strongCount;
  }

  /** Weak senders that are open. */
  get senderWeakCount(): number {
    return this.channel.weakCount;
  }

  inspectNext(): Inspection {
    return inspectReceiving(this.channel);
  }
}

function pollChannel<T>(channel: MpscChannel<T>, receiving: Receiving, cx: Context): Poll<T> {
  if (!cx.takeBudget()) return Pending;
  if (channel.values.size > 0) return channel.shift();
  if (channel.isOver) throw channel.closedError();
  cx.refundBudget();
  channel.park(receiving, cx);
  return Pending;
}

function inspectReceiving(channel: MpscChannel<unknown> | null): Inspection {
  if (channel === null) return { op: "receive" };
  return { op: "receive from", target: channel.target, state: channel.receiverState() };
}

class MpscRecv<T> extends Future<T> implements Receiving {
  /** `null` once it has ended. */
  private channel: MpscChannel<T> | null;
  waker: Waker | null = null;

  constructor(channel: MpscChannel<T>) {
    super();
    this.channel = channel;
  }

  get isExclusive(): boolean {
    return true;
  }

  /** What `yield*` calls; see `MpscSend.next`. */
  override next(): IteratorResult<Suspend, T> {
    const cx = current.cx;
    const channel = this.channel;
    if (channel !== null && this.owner === null && channel.values.size > 0 && cx?.takeBudget() === true) {
      this.channel = null;
      return { done: true, value: channel.shift() };
    }
    return super.next();
  }

  /** As {@link next}. */
  override awaitIn(cx: Context): Poll<T> {
    const channel = this.channel;
    if (channel !== null && this.owner === null && channel.values.size > 0 && cx.takeBudget()) {
      this.channel = null;
      return channel.shift();
    }
    return super.awaitIn(cx);
  }

  override poll(cx: Context): Poll<T> {
    const channel = this.channel;
    if (channel === null) throw new PollAfterCompletionError("this `recv`");
    let poll: Poll<T>;
    try {
      poll = pollChannel(channel, this, cx);
    } catch (error) {
      this.channel = null;
      throw error;
    }
    if (poll !== Pending) this.channel = null;
    return poll;
  }

  override cancel(): Poll<void> {
    this.channel?.unpark(this);
    this.channel = null;
  }

  override inspect(): Inspection {
    return inspectReceiving(this.channel);
  }
}

class MpscRecvMany<T> extends Future<number> implements Receiving {
  /** `null` once it has ended. */
  private channel: MpscChannel<T> | null;
  private readonly buffer: T[];
  private readonly limit: number;
  waker: Waker | null = null;

  constructor(channel: MpscChannel<T>, buffer: T[], limit: number) {
    super();
    this.channel = channel;
    this.buffer = buffer;
    this.limit = limit;
  }

  get isExclusive(): boolean {
    return true;
  }

  override poll(cx: Context): Poll<number> {
    const channel = this.channel;
    if (channel === null) throw new PollAfterCompletionError("this `recvMany`");
    if (!cx.takeBudget()) return Pending;
    if (this.limit > 0 && channel.values.size === 0 && !channel.isOver) {
      cx.refundBudget();
      channel.park(this, cx);
      return Pending;
    }
    this.channel = null;
    let count = 0;
    for (; count < this.limit && channel.values.size > 0; count++) this.buffer.push(channel.shift());
    return count;
  }

  override cancel(): Poll<void> {
    this.channel?.unpark(this);
    this.channel = null;
  }

  override inspect(): Inspection {
    return inspectReceiving(this.channel);
  }
}
