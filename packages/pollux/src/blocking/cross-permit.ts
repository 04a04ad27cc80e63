import { ReleasedError } from "../core/errors.ts";
import { CrossAcquire } from "./cross-acquire.ts";
import type { CrossSender } from "./cross-sender.ts";

/**
 * The right to send one value into a channel between threads without waiting; see `CrossSender.reserve`. The channel stays
 * open for it, even when the sender is closed: use it or release it.
 *
 * @example
 * ```ts
 * const [tx, rx] = crossMpsc<string>(1);
 * const permit = tx.tryReserve();
 * permit.send("hello");
 * console.log(await rx.recv()); // "hello"
 * ```
 */
export class CrossPermit<T> implements Disposable {
  /** `null` once it was used or released. */
  private sender: CrossSender<T> | null;
  private readonly granted: boolean;

  /** @internal */
  constructor(sender: CrossSender<T>, granted: boolean) {
    this.sender = sender;
    this.granted = granted;
  }

  /**
   * Sends a clone of a value, at once. A receiver that was closed after the permit had been given still receives it.
   *
   * @throws ReleasedError if the permit was used or released before
   * @throws NotCloneableError if the value cannot pass from thread to thread; the permit is released then
   */
  send(value: T): void {
    const { sender } = this;
    if (sender === null) throw new ReleasedError("this permit of a channel between threads");
    this.sender = null;
    sender.usePermit(value, this.granted);
  }

  /** Gives the place back, to the first sender that waits. Does nothing once the permit was used or released. */
  release(): void {
    const { sender } = this;
    this.sender = null;
    sender?.releasePermit(this.granted);
  }

  /** As {@link CrossPermit.release}; what `using` calls. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/** Waits for a place, to be used later. */
export class CrossReserve<T> extends CrossAcquire<T, CrossPermit<T>> {
  protected override get what(): string {
    return "reserve";
  }

  protected override taken(granted: boolean): CrossPermit<T> {
    return this.sender.permit(granted);
  }
}
