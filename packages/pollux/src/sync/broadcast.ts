import type { Context } from "../core/context.ts";
import { ClosedError, WouldBlockError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import {
  BroadcastChannel,
  type BroadcastCursor,
  BroadcastRecv,
  MAX_BROADCAST_CAPACITY,
} from "./broadcast-channel.ts";
import { Closed } from "./closed.ts";
import { checkCount } from "./count.ts";
import type { SyncOptions } from "./options.ts";
import { ReceiverIterator, receiveEach } from "./receiving.ts";
import type { Body } from "./with-guard.ts";

/**
 * Makes a channel from many senders to many receivers, in which every receiver gets every value that is sent after it
 * has subscribed.
 *
 * Nobody waits for a slow receiver. The channel keeps the last `capacity` values; a receiver that falls further behind
 * gets a `LaggedError`, once, with the number of values that it has missed, and then the oldest that is kept.
 *
 * A sender or a receiver that is merely forgotten counts as open, for JavaScript does not tell when an object is no
 * longer used: close it in a `finally`, or hold it with `using`.
 *
 * @param capacity - from 1 to 2^30, rounded up to a power of two
 * @throws RangeError or TypeError for another capacity
 *
 * @example
 * ```ts
 * const [tx, rx] = broadcast<string>(16);
 * const other = tx.subscribe();
 * tx.send("hello");
 * const main = co(function* () {
 *   return [yield* rx.recv(), yield* other.recv()];
 * });
 * console.log(await run(main())); // ["hello", "hello"]
 * ```
 */
export function broadcast<T>(
  capacity: number,
  options?: SyncOptions,
): [BroadcastSender<T>, BroadcastReceiver<T>] {
  checkCount("capacity", capacity, 1, MAX_BROADCAST_CAPACITY);
  const channel = new BroadcastChannel<T>(2 ** Math.ceil(Math.log2(capacity)), options?.name);
  return [new BroadcastSender(channel), new BroadcastReceiver(channel, 0)];
}

/** A sending half of a {@link broadcast} channel. */
export class BroadcastSender<T> implements Disposable {
  private readonly channel: BroadcastChannel<T>;
  private open = true;

  /** @internal */
  constructor(channel: BroadcastChannel<T>) {
    this.channel = channel;
  }

  /**
   * Sends a value to every receiver there is, at once, and says how many there are. With 0 nobody will ever see it.
   *
   * @throws ClosedError if this sender is closed
   */
  send(value: T): number {
    return this.use().send(value);
  }

  /**
   * A new receiver, of what is sent from now on.
   *
   * @throws ClosedError if this sender is closed
   */
  subscribe(): BroadcastReceiver<T> {
    const channel = this.use();
    return new BroadcastReceiver(channel, channel.subscribe());
  }

  /** Receivers that are open. */
  get receiverCount(): number {
    return this.channel.receiverCount;
  }

  /** Values that are kept and that a receiver has still to see. O(log capacity). */
  get len(): number {
    return this.channel.len;
  }

  get isEmpty(): boolean {
    return this.channel.len === 0;
  }

  /**
   * Waits until there is no receiver. There may be one again later.
   *
   * **Cancel safety.** Safe: nothing is lost.
   *
   * @example
   * ```ts
   * const [tx, rx] = broadcast<string>(16);
   * rx.close();
   * await run(tx.closed());
   * ```
   */
  closed(): Future<void> {
    return new Closed(this.channel);
  }

  /**
   * Another sender into the same channel, to be closed on its own.
   *
   * @throws ClosedError if this one is closed
   */
  clone(): BroadcastSender<T> {
    const channel = this.use();
    channel.strongCount++;
    return new BroadcastSender(channel);
  }

  /**
   * A reference that does not keep the channel open.
   *
   * @throws ClosedError if this sender is closed
   */
  downgrade(): WeakBroadcastSender<T> {
    return new WeakBroadcastSender(this.use());
  }

  /** Closes this sender. When all are, receivers get what is kept, and then `ClosedError`. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.channel.dropSender();
  }

  /** As {@link BroadcastSender.close}; what `using` calls. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Senders that are open. */
  get strongCount(): number {
    return this.channel.strongCount;
  }

  /** Weak senders that are open. */
  get weakCount(): number {
    return this.channel.weakCount;
  }

  /** Whether both send to the same receivers. */
  sameChannel(other: BroadcastSender<T>): boolean {
    return this.channel === other.channel;
  }

  private use(): BroadcastChannel<T> {
    if (!this.open) throw new ClosedError(`this sender of ${this.channel.describe()}`);
    return this.channel;
  }
}

/** A reference to a {@link broadcast} channel that does not keep it open; see {@link BroadcastSender.downgrade}. */
export class WeakBroadcastSender<T> implements Disposable {
  private readonly channel: BroadcastChannel<T>;
  private open = true;

  /** @internal */
  constructor(channel: BroadcastChannel<T>) {
    this.channel = channel;
    channel.weakCount++;
  }

  /** A new sender, to be closed on its own; `undefined` when all are closed. */
  upgrade(): BroadcastSender<T> | undefined {
    const channel = this.channel;
    if (!this.open || channel.strongCount === 0) return undefined;
    channel.strongCount++;
    return new BroadcastSender(channel);
  }

  /** Ends the reference: it cannot be upgraded any more. A second call does nothing. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.channel.weakCount--;
  }

  /** As {@link WeakBroadcastSender.close}; what `using` calls. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Senders that are open. */
  get strongCount(): number {
    return this.channel.strongCount;
  }

  /** Weak senders that are open. */
  get weakCount(): number {
    return this.channel.weakCount;
  }
}

/**
 * A receiving half of a {@link broadcast} channel.
 *
 * Close those that are not used any more: the channel keeps values for them, and counts them.
 *
 * `Stream.from(rx)` is the stream of what it receives, which owns it: to give that up closes the receiver. The stream throws
 * `LaggedError` where values were missed, and goes on after it.
 */
export class BroadcastReceiver<T> implements StreamSource<T>, AsyncIterable<T>, Disposable {
  private readonly channel: BroadcastChannel<T>;
  private readonly cursor: BroadcastCursor;
  /** What waits for who polls the receiver itself. */
  private waiting: BroadcastRecv<T> | null = null;

  /** @internal */
  constructor(channel: BroadcastChannel<T>, next: number) {
    this.channel = channel;
    this.cursor = { next, isOpen: true, waiting: 0 };
  }

  /**
   * Waits for the next value.
   *
   * **Cancel safety.** Safe: no value is lost.
   *
   * @throws LaggedError (the future) once, if values were missed; the next gives the oldest that is kept
   * @throws ClosedError (the future) when every sender is closed and everything was received
   *
   * @example
   * ```ts
   * const [tx, rx] = broadcast<number>(2);
   * const main = co(function* () {
   *   for (let n = 1; n <= 3; n++) tx.send(n);
   *   try {
   *     yield* rx.recv();
   *   } catch (error) {
   *     if (!(error instanceof LaggedError)) throw error;
   *     console.log(error.missed); // 1
   *   }
   *   return yield* rx.recv();
   * });
   * console.log(await run(main())); // 2
   * ```
   */
  recv(): Future<T> {
    return new BroadcastRecv(this.channel, this.cursor);
  }

  /**
   * Takes the next value if there is one; `rx.isEmpty` tells beforehand.
   *
   * @throws WouldBlockError if there is none yet
   * @throws LaggedError once, if values were missed
   * @throws ClosedError when every sender is closed and everything was received
   */
  tryRecv(): T {
    const poll = this.channel.receive(this.cursor);
    if (poll === Pending)
      throw new WouldBlockError(`${this.channel.describe()} is empty: wait with \`recv\``);
    return poll;
  }

  /**
   * As {@link BroadcastReceiver.recv}, for streams: polls, and gives `End` when every sender is closed and everything was
   * received.
   *
   * @throws LaggedError once, if values were missed
   */
  pollNext(cx: Context): Poll<T | End> {
    if (this.waiting === null) {
      if (!cx.takeBudget()) return Pending;
      const poll = this.receiveNext();
      if (poll !== Pending) return poll;
      cx.refundBudget();
      this.waiting = new BroadcastRecv(this.channel, this.cursor);
    }
    let poll: Poll<T>;
    try {
      poll = this.waiting.poll(cx);
    } catch (error) {
      this.waiting = null;
      if (error instanceof ClosedError) return End;
      throw error;
    }
    if (poll !== Pending) this.waiting = null;
    return poll;
  }

  private receiveNext(): Poll<T | End> {
    const { channel, cursor } = this;
    if (!cursor.isOpen || (cursor.next === channel.tail && channel.strongCount === 0)) return End;
    return channel.receive(cursor);
  }

  /** Whoever waits in {@link BroadcastReceiver.pollNext} waits no longer. */
  cancelNext(): void {
    this.waiting?.cancel();
    this.waiting = null;
  }

  /** Gives the receiver up, as its stream does: the same as {@link BroadcastReceiver.close}. */
  cancel(): Poll<void> {
    this.cancelNext();
    this.close();
  }

  /**
   * Calls `fn` with each value until every sender is closed: `for await` for coroutines. `fn` may be a generator
   * function, or return a future; the next value is received after that has ended.
   *
   * **Cancel safety.** Values that `fn` was not called with are still to be received.
   *
   * @throws LaggedError (the future) if values were missed; another `forEach` goes on with the oldest that is kept
   * @throws whatever `fn` throws
   */
  forEach(fn: (value: T) => Body<unknown>): Future<void>;
  forEach(fn: (value: T) => void): Future<void>;
  forEach(fn: (value: T) => unknown): Future<void> {
    return receiveEach(() => this.recv(), fn);
  }

  /**
   * The values until every sender is closed, for code outside of the runtime. Leaving the loop leaves the receiver open.
   *
   * @throws LaggedError (a step) if values were missed; another loop goes on with the oldest that is kept
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined, undefined> {
    return new ReceiverIterator(() => this.recv());
  }

  /**
   * Another receiver, of what is sent from now on.
   *
   * @throws ClosedError if this one is closed
   */
  resubscribe(): BroadcastReceiver<T> {
    const channel = this.channel;
    if (!this.cursor.isOpen) throw new ClosedError(`this receiver of ${channel.describe()}`);
    return new BroadcastReceiver(channel, channel.subscribe());
  }

  /** Closes this receiver: it gets `ClosedError` from now on. A second call does nothing. */
  close(): void {
    this.channel.unsubscribe(this.cursor);
  }

  /** As {@link BroadcastReceiver.close}; what `using` calls. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Values sent and not received, those among them that were missed and not told yet. */
  get len(): number {
    return this.cursor.isOpen ? this.channel.tail - this.cursor.next : 0;
  }

  get isEmpty(): boolean {
    return this.len === 0;
  }

  /** Whether nothing more can come, though something may be left: every sender is closed, or this receiver. */
  get isClosed(): boolean {
    return this.channel.strongCount === 0 || !this.cursor.isOpen;
  }

  /** Whether both receive from the same senders. */
  sameChannel(other: BroadcastReceiver<T>): boolean {
    return this.channel === other.channel;
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
    return this.waiting?.inspect() ?? { op: "receive" };
  }
}
