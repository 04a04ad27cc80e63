import { ClosedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { maker, origins } from "../task/origins.ts";
import { Closed } from "./closed.ts";
import type { MpscChannel } from "./mpsc-channel.ts";

/**
 * What the senders of bounded and unbounded channels have in common. Each is counted, and closed on its own: when all
 * are, the receiver gets what is left and then `ClosedError`.
 *
 * A sender that is merely forgotten keeps the channel open, for JavaScript does not tell when an object is no longer
 * used: close it in a `finally`, or hold it with `using`.
 */
export abstract class MpscHandle<T> implements Disposable {
  /** @internal */
  readonly channel: MpscChannel<T>;
  /** @internal */
  open = true;

  /** @internal */
  constructor(channel: MpscChannel<T>) {
    this.channel = channel;
    if (origins.tracked) (channel.makers ??= new Map()).set(this, maker());
  }

  /** Another sender into the same channel, to be closed on its own. */
  abstract clone(): MpscHandle<T>;

  /** A reference that does not keep the channel open. */
  abstract downgrade(): WeakMpscHandle<T, MpscHandle<T>>;

  /**
   * Closes this sender. What it has begun to send and what it has reserved can still be completed. A second call does
   * nothing.
   */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.channel.makers?.delete(this);
    this.channel.dropSender();
  }

  /** As {@link close}; what `using` calls. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether nothing can be sent any more: the receiver is closed, or this sender is. */
  get isClosed(): boolean {
    return !this.open || this.channel.isDeserted;
  }

  /**
   * Waits until the receiver is closed. To be raced with the work that makes values.
   *
   * **Cancel safety.** Safe: nothing is lost.
   */
  closed(): Future<void> {
    return new Closed(this.channel);
  }

  /** Senders that are open. */
  get strongCount(): number {
    return this.channel.strongCount;
  }

  /** Weak senders that are open. */
  get weakCount(): number {
    return this.channel.weakCount;
  }

  /** Whether both send to the same receiver. */
  sameChannel(other: MpscHandle<T>): boolean {
    return this.channel === other.channel;
  }

  /**
   * The channel, for a new handle.
   *
   * @throws ClosedError if this one is closed
   */
  protected use(): MpscChannel<T> {
    if (!this.open) throw new ClosedError(`this sender of ${this.channel.describe()}`);
    return this.channel;
  }
}

/**
 * A reference to a channel that does not keep it open: for who sends now and then, and must not keep the receiver from
 * seeing the end. It is counted until it is closed, which matters to the count alone.
 */
export abstract class WeakMpscHandle<T, S extends MpscHandle<T>> implements Disposable {
  private readonly channel: MpscChannel<T>;
  private open = true;

  /** @internal */
  constructor(channel: MpscChannel<T>) {
    this.channel = channel;
    channel.weakCount++;
  }

  /** Makes the sender; it has been counted. */
  protected abstract strong(channel: MpscChannel<T>): S;

  /** A new sender, to be closed on its own; `undefined` when all are closed and nothing that they began is left. */
  upgrade(): S | undefined {
    const channel = this.channel;
    if (!this.open || channel.isEnded) return undefined;
    channel.strongCount++;
    return this.strong(channel);
  }

  /** Senders that are open. */
  get strongCount(): number {
    return this.channel.strongCount;
  }

  /** Weak senders that are open. */
  get weakCount(): number {
    return this.channel.weakCount;
  }

  /** Ends the reference: it cannot be upgraded any more. A second call does nothing. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.channel.weakCount--;
  }

  /** As {@link close}; what `using` calls. */
  [Symbol.dispose](): void {
    this.close();
  }
}
