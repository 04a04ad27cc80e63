import { ClosedError, FullError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { checkCount } from "./count.ts";
import { MpscSend } from "./mpsc-acquire.ts";
import type { MpscChannel } from "./mpsc-channel.ts";
import { MpscHandle, WeakMpscHandle } from "./mpsc-handle.ts";
import { MpscPermit, MpscPermits, MpscReserve, MpscReserveMany } from "./mpsc-permit.ts";

/**
 * A sending half of an {@link mpsc} channel.
 *
 * Those who wait for a place get it strictly in the order in which they came; a place that is freed goes to the first
 * of them, and nobody comes in between.
 */
export class MpscSender<T> extends MpscHandle<T> {
  /**
   * Sends a value, once there is a place for it.
   *
   * **Cancel safety.** A cancelled `send` has not sent; the place in the queue is lost. To keep the value until there is
   * a place, {@link MpscSender.reserve} one.
   *
   * @throws ClosedError (the future) if the receiver is closed, or this sender is
   *
   * @example
   * ```ts
   * const [tx, rx] = mpsc<string>(1);
   * const main = co(function* () {
   *   yield* tx.send("hello");
   *   return yield* rx.recv();
   * });
   * console.log(await run(main())); // "hello"
   * ```
   */
  send(value: T): Future<void> {
    return new MpscSend(this.channel, this.open, value);
  }

  /**
   * Sends a value now, past nobody: while others wait there is no place. `tx.capacity > 0` tells beforehand.
   *
   * @throws FullError if there is no place; it has the value
   * @throws ClosedError if the receiver is closed, or this sender is
   *
   * @example
   * ```ts
   * const [tx, rx] = mpsc<string>(1);
   * tx.trySend("hello");
   * console.log(rx.tryRecv()); // "hello"
   * ```
   */
  trySend(value: T): void {
    this.tryTake(1, value).push(value);
  }

  /**
   * Waits for a place, to be used later.
   *
   * **Cancel safety.** Safe: what is lost is the place in the queue.
   *
   * @throws ClosedError (the future) if the receiver is closed, or this sender is
   *
   * @example
   * ```ts
   * const [tx, rx] = mpsc<number>(1);
   * const main = co(function* () {
   *   const permit = yield* tx.reserve();
   *   try {
   *     yield* sleep(1);
   *     permit.send(42);
   *   } finally {
   *     permit.release(); // had it not been used
   *   }
   *   return yield* rx.recv();
   * });
   * console.log(await run(main())); // 42
   * ```
   */
  reserve(): Future<MpscPermit<T>> {
    return new MpscReserve(this.channel, this.open);
  }

  /**
   * Waits for `count` places, to be used later. It collects them as they are freed: those who come later wait behind it.
   *
   * **Cancel safety.** Safe: what is lost is the place in the queue.
   *
   * @param count - from 0 to {@link MpscSender.maxCapacity}
   * @throws RangeError or TypeError for another count
   * @throws ClosedError (the future) if the receiver is closed, or this sender is
   *
   * @example
   * ```ts
   * const [tx, rx] = mpsc<string>(8);
   * const main = co(function* () {
   *   const permits = yield* tx.reserveMany(2);
   *   permits.send("these two");
   *   permits.send("stand together");
   *   return rx.len;
   * });
   * console.log(await run(main())); // 2
   * ```
   */
  reserveMany(count: number): Future<MpscPermits<T>> {
    checkCount("count", count, 0, this.channel.max);
    return new MpscReserveMany(this.channel, this.open, count);
  }

  /**
   * Takes a place now, to be used later.
   *
   * @throws FullError if there is none
   * @throws ClosedError if the receiver is closed, or this sender is
   */
  tryReserve(): MpscPermit<T> {
    return new MpscPermit(this.tryTake(1, undefined));
  }

  /**
   * Takes `count` places now, or none.
   *
   * @param count - from 0 to {@link MpscSender.maxCapacity}
   * @throws RangeError or TypeError for another count
   * @throws FullError if there are not as many
   * @throws ClosedError if the receiver is closed, or this sender is
   */
  tryReserveMany(count: number): MpscPermits<T> {
    checkCount("count", count, 0, this.channel.max);
    return new MpscPermits(this.tryTake(count, undefined), count);
  }

  private tryTake(count: number, value: T | undefined): MpscChannel<T> {
    const channel = this.channel;
    if (!this.open) throw new ClosedError(`this sender of ${channel.describe()}`);
    if (channel.limit === 0) throw channel.closedError();
    if (channel.limit - channel.used < count) throw new FullError(channel.describe(), value);
    channel.used += count;
    return channel;
  }

  /** Places that are free now: neither filled nor reserved. */
  get capacity(): number {
    return this.channel.max - this.channel.used;
  }

  /** All places: the capacity that the channel was made with. */
  get maxCapacity(): number {
    return this.channel.max;
  }

  /** @throws ClosedError if this sender is closed */
  override clone(): MpscSender<T> {
    const channel = this.use();
    channel.strongCount++;
    return new MpscSender(channel);
  }

  /** @throws ClosedError if this sender is closed */
  override downgrade(): WeakMpscSender<T> {
    return new WeakMpscSender(this.use());
  }
}

/**
 * A reference to an {@link mpsc} channel that does not keep it open; see {@link MpscSender.downgrade}.
 *
 * @example
 * ```ts
 * const [tx, rx] = mpsc<string>(1);
 * const weak = tx.downgrade();
 * const again = weak.upgrade();
 * again?.trySend("hello");
 * again?.close();
 * tx.close();
 * console.log(weak.upgrade(), rx.tryRecv()); // undefined "hello"
 * ```
 */
export class WeakMpscSender<T> extends WeakMpscHandle<T, MpscSender<T>> {
  protected override strong(channel: MpscChannel<T>): MpscSender<T> {
    return new MpscSender(channel);
  }
}
