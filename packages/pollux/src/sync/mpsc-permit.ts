import { ReleasedError } from "../core/errors.ts";
import { MpscAcquire } from "./mpsc-acquire.ts";
import type { MpscChannel } from "./mpsc-channel.ts";

/**
 * The right to send one value without waiting; see {@link MpscSender.reserve}. The channel stays open for it, even when
 * every sender is closed: use it or release it.
 *
 * @example
 * ```ts
 * const [tx, rx] = mpsc<string>(1);
 * const permit = tx.tryReserve();
 * permit.send("hello");
 * console.log(rx.tryRecv()); // "hello"
 * ```
 */
export class MpscPermit<T> implements Disposable {
  /** `null` once it was used or released. */
  private channel: MpscChannel<T> | null;

  /** @internal */
  constructor(channel: MpscChannel<T>) {
    this.channel = channel;
  }

  /**
   * Sends a value, at once. A receiver that was closed after the permit had been given still receives it.
   *
   * @throws ReleasedError if the permit was used or released before
   */
  send(value: T): void {
    const channel = this.channel;
    if (channel === null) throw new ReleasedError("this permit of an mpsc channel");
    this.channel = null;
    channel.fill(value);
  }

  /** Gives the place back, to the first sender that waits. Does nothing once the permit was used or released. */
  release(): void {
    const channel = this.channel;
    this.channel = null;
    channel?.giveBack(1);
  }

  /** As {@link MpscPermit.release}; what `using` calls. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * The right to send a number of values without waiting; see {@link MpscSender.reserveMany}. To be sent through it
 * directly, or through the single permits that iterating takes out of it.
 *
 * @example
 * ```ts
 * const [tx, rx] = mpsc<number>(8);
 * const permits = tx.tryReserveMany(3);
 * permits.send(1);
 * for (const permit of permits) permit.send(2);
 * console.log(rx.len, permits.remaining); // 3 0
 * ```
 */
export class MpscPermits<T> implements Disposable, Iterable<MpscPermit<T>> {
  private readonly channel: MpscChannel<T>;
  private left: number;

  /** @internal */
  constructor(channel: MpscChannel<T>, count: number) {
    this.channel = channel;
    this.left = count;
  }

  /** How many values can still be sent through it. */
  get remaining(): number {
    return this.left;
  }

  /**
   * Sends a value, at once; see {@link MpscPermit.send}.
   *
   * @throws ReleasedError if none remains
   */
  send(value: T): void {
    if (this.left === 0) throw new ReleasedError("the last of these permits of an mpsc channel");
    this.left--;
    this.channel.fill(value);
  }

  /** Takes out one permit after the other. Those that are left when a loop is left early stay in it. */
  *[Symbol.iterator](): Generator<MpscPermit<T>, void, void> {
    while (this.left > 0) {
      this.left--;
      yield new MpscPermit(this.channel);
    }
  }

  /** Gives back the places that remain. */
  release(): void {
    const left = this.left;
    this.left = 0;
    if (left > 0) this.channel.giveBack(left);
  }

  /** As {@link MpscPermits.release}; what `using` calls. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/** @internal */
export class MpscReserve<T> extends MpscAcquire<T, MpscPermit<T>> {
  protected override granted(): MpscPermit<T> {
    return new MpscPermit(this.channel);
  }
}

/** @internal */
export class MpscReserveMany<T> extends MpscAcquire<T, MpscPermits<T>> {
  private readonly wanted: number;

  constructor(channel: MpscChannel<T>, open: boolean, count: number) {
    super(channel, open);
    this.wanted = count;
  }

  protected override get count(): number {
    return this.wanted;
  }

  protected override granted(): MpscPermits<T> {
    return new MpscPermits(this.channel, this.wanted);
  }
}
