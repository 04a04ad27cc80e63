import type { MpscChannel } from "./mpsc-channel.ts";
import { MpscHandle, WeakMpscHandle } from "./mpsc-handle.ts";

/** A sending half of an {@link unboundedMpsc} channel. */
export class UnboundedMpscSender<T> extends MpscHandle<T> {
  /**
   * Sends a value: at once, for there is always a place.
   *
   * @throws ClosedError if the receiver is closed, or this sender is
   *
   * @example
   * ```ts
   * const [tx, rx] = unboundedMpsc<string>();
   * tx.send("hello");
   * console.log(rx.tryRecv()); // "hello"
   * ```
   */
  send(value: T): void {
    const channel = this.use();
    if (channel.used >= channel.limit) throw channel.closedError();
    channel.used++;
    channel.push(value);
  }

  /** @throws ClosedError if this sender is closed */
  override clone(): UnboundedMpscSender<T> {
    const channel = this.use();
    channel.strongCount++;
    return new UnboundedMpscSender(channel);
  }

  /** @throws ClosedError if this sender is closed */
  override downgrade(): WeakUnboundedMpscSender<T> {
    return new WeakUnboundedMpscSender(this.use());
  }
}

/** A reference to an {@link unboundedMpsc} channel that does not keep it open. */
export class WeakUnboundedMpscSender<T> extends WeakMpscHandle<T, UnboundedMpscSender<T>> {
  protected override strong(channel: MpscChannel<T>): UnboundedMpscSender<T> {
    return new UnboundedMpscSender(channel);
  }
}
