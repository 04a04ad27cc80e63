import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Closed } from "./closed.ts";
import type { SyncOptions } from "./options.ts";
import { ReceiverIterator, receiveEach } from "./receiving.ts";
import { WatchChanged, WatchChannel, type WatchCursor, WatchFor } from "./watch-channel.ts";
import type { Body } from "./with-guard.ts";

/**
 * Makes a channel that holds one value, of which receivers see the latest only: a configuration, a state, a progress.
 *
 * Each receiver knows which value it has seen, the initial one to begin with. Values that come too fast for it are
 * skipped.
 *
 * A sender or a receiver that is merely forgotten counts as open, for JavaScript does not tell when an object is no
 * longer used: close it in a `finally`, or hold it with `using`.
 *
 * @example
 * ```ts
 * const [tx, rx] = watch({ level: "info" });
 * const main = co(function* () {
 *   tx.send({ level: "debug" });
 *   return (yield* rx.changed()).level;
 * });
 * console.log(await run(main()), rx.value.level); // "debug" "debug"
 * ```
 */
export function watch<T>(initial: T, options?: SyncOptions): [WatchSender<T>, WatchReceiver<T>] {
  const channel = new WatchChannel(initial, options?.name);
  return [new WatchSender(channel), new WatchReceiver(channel, 0)];
}

/** A sending half of a {@link watch} channel. */
export class WatchSender<T> implements Disposable {
  private readonly channel: WatchChannel<T>;
  private open = true;

  /** @internal */
  constructor(channel: WatchChannel<T>) {
    this.channel = channel;
  }

  /** The current value. */
  get value(): T {
    return this.channel.value;
  }

  /**
   * Sets the value, and says whether there is a receiver. If not, the value stays what it was: use
   * {@link WatchSender.sendReplace} to set it all the same.
   *
   * @throws ClosedError if this sender is closed
   */
  send(value: T): boolean {
    const channel = this.use();
    if (channel.receiverCount === 0) return false;
    channel.set(value);
    return true;
  }

  /**
   * Sets the value, also when there is no receiver, and gives the one before.
   *
   * @throws ClosedError if this sender is closed
   */
  sendReplace(value: T): T {
    const channel = this.use();
    const before = channel.value;
    channel.set(value);
    return before;
  }

  /**
   * Sets the value to what `update` makes of the current one, also when there is no receiver. It may be the same object,
   * modified: receivers see a change in any case.
   *
   * @throws ClosedError if this sender is closed
   * @throws whatever `update` throws; the value is then as it was
   *
   * @example
   * ```ts
   * const [tx, rx] = watch(1);
   * tx.sendModify((n) => n + 1);
   * console.log(rx.value); // 2
   * ```
   */
  sendModify(update: (value: T) => T): void {
    const channel = this.use();
    channel.set(update(channel.value));
  }

  /**
   * Sets the value to what `update` makes of the current one. If it makes the same (`Object.is`), receivers see no
   * change. Says whether they do.
   *
   * @throws ClosedError if this sender is closed
   * @throws whatever `update` throws; the value is then as it was
   *
   * @example
   * ```ts
   * const [tx, rx] = watch(1);
   * console.log(tx.sendIfModified((n) => Math.max(n, 1)), rx.hasChanged()); // false false
   * ```
   */
  sendIfModified(update: (value: T) => T): boolean {
    const channel = this.use();
    const value = update(channel.value);
    if (Object.is(value, channel.value)) return false;
    channel.set(value);
    return true;
  }

  /**
   * A new receiver, which has seen the current value.
   *
   * @throws ClosedError if this sender is closed
   */
  subscribe(): WatchReceiver<T> {
    const channel = this.use();
    channel.receiverCount++;
    return new WatchReceiver(channel, channel.version);
  }

  /** Receivers that are open. */
  get receiverCount(): number {
    return this.channel.receiverCount;
  }

  /** Whether nobody sees what is sent: there is no receiver now, or this sender is closed. */
  get isClosed(): boolean {
    return !this.open || this.channel.isDeserted;
  }

  /**
   * Waits until there is no receiver. There may be one again later.
   *
   * **Cancel safety.** Safe: nothing is lost.
   *
   * @example
   * ```ts
   * const [tx, rx] = watch(0);
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
  clone(): WatchSender<T> {
    const channel = this.use();
    channel.senderCount++;
    return new WatchSender(channel);
  }

  /** Senders that are open. */
  get senderCount(): number {
    return this.channel.senderCount;
  }

  /** Closes this sender. When all are, receivers that have seen the latest value get `ClosedError`. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.channel.dropSender();
  }

  /** As {@link WatchSender.close}; what `using` calls. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether both send to the same receivers. */
  sameChannel(other: WatchSender<T>): boolean {
    return this.channel === other.channel;
  }

  private use(): WatchChannel<T> {
    if (!this.open) throw new ClosedError(`this sender of ${this.channel.describe()}`);
    return this.channel;
  }
}

/**
 * A receiving half of a {@link watch} channel.
 *
 * `Stream.from(rx)` is the stream of the values that it has not seen, the latest each time, and owns it: to give that up
 * closes the receiver. Call {@link WatchReceiver.markChanged} first to have it begin with the current value.
 */
export class WatchReceiver<T> implements StreamSource<T>, AsyncIterable<T>, Disposable {
  private readonly channel: WatchChannel<T>;
  private readonly cursor: WatchCursor;
  /** What waits for who polls the receiver itself. */
  private waiting: WatchChanged<T> | null = null;

  /** @internal */
  constructor(channel: WatchChannel<T>, seen: number) {
    this.channel = channel;
    this.cursor = { seen, isOpen: true, waiting: 0 };
  }

  /** The current value, also after the channel is closed. Reading it does not mark it seen. */
  get value(): T {
    return this.channel.value;
  }

  /** The current value, which is now seen: {@link WatchReceiver.changed} waits for the next. */
  borrowAndUpdate(): T {
    this.markUnchanged();
    return this.channel.value;
  }

  /**
   * Waits for a value that this receiver has not seen, marks it seen, and gives it.
   *
   * **Cancel safety.** Safe: what was not given is not marked.
   *
   * @throws ClosedError (the future) when the latest value was seen and every sender is closed
   *
   * @example
   * ```ts
   * const [tx, rx] = watch(0);
   * const main = co(function* () {
   *   tx.send(1);
   *   tx.send(2);
   *   return yield* rx.changed();
   * });
   * console.log(await run(main())); // 2
   * ```
   */
  changed(): Future<T> {
    return new WatchChanged(this.channel, this.cursor);
  }

  /**
   * Waits for a value that `predicate` accepts, and gives it. The current one is asked first, seen or not.
   *
   * **Cancel safety.** Safe: nothing is lost. The values that `predicate` has refused are marked seen.
   *
   * @throws ClosedError (the future) when the latest value was refused and every sender is closed
   * @throws whatever `predicate` throws
   *
   * @example
   * ```ts
   * const [tx, rx] = watch(0);
   * const main = co(function* () {
   *   spawn(co(function* () {
   *     for (let n = 1; n <= 3; n++) {
   *       yield* sleep(1);
   *       tx.send(n);
   *     }
   *   })());
   *   return yield* rx.waitFor((n) => n > 1);
   * });
   * console.log(await run(main())); // 2
   * ```
   */
  waitFor(predicate: (value: T) => boolean): Future<T> {
    if (typeof predicate !== "function")
      throw new TypeError("waitFor needs a predicate: waitFor((value) => …)");
    return new WatchFor(this.channel, this.cursor, predicate);
  }

  /**
   * Whether there is a value that this receiver has not seen.
   *
   * @throws ClosedError if every sender is closed, or this receiver; {@link WatchReceiver.changed} still gives a value
   *   that was not seen
   */
  hasChanged(): boolean {
    this.channel.checkOpen(this.cursor);
    return this.cursor.seen !== this.channel.version;
  }

  /** Marks the current value as not seen: {@link WatchReceiver.changed} gives it. */
  markChanged(): void {
    this.channel.markChanged(this.cursor);
  }

  /** Marks the current value as seen. */
  markUnchanged(): void {
    this.cursor.seen = this.channel.version;
  }

  /** As {@link WatchReceiver.changed}, for streams: polls, and gives `End` when the latest was seen and no other can come. */
  pollNext(cx: Context): Poll<T | End> {
    this.waiting ??= new WatchChanged(this.channel, this.cursor);
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

  /** Whoever waits in {@link WatchReceiver.pollNext} waits no longer. */
  cancelNext(): void {
    this.waiting?.cancel();
    this.waiting = null;
  }

  /** Gives the receiver up, as its stream does: the same as {@link WatchReceiver.close}. */
  cancel(): Poll<void> {
    this.cancelNext();
    this.close();
  }

  /**
   * Calls `fn` with each value that this receiver has not seen, the latest each time, until every sender is closed: `for
   * await` for coroutines. `fn` may be a generator function, or return a future; values that come meanwhile are skipped.
   *
   * To begin with the current value, call {@link WatchReceiver.markChanged} first.
   *
   * **Cancel safety.** As {@link WatchReceiver.changed}.
   *
   * @throws whatever `fn` throws
   */
  forEach(fn: (value: T) => Body<unknown>): Future<void>;
  forEach(fn: (value: T) => void): Future<void>;
  forEach(fn: (value: T) => unknown): Future<void> {
    return receiveEach(() => this.changed(), fn);
  }

  /** As {@link WatchReceiver.forEach}, for code outside of the runtime. Leaving the loop leaves the receiver open. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined, undefined> {
    return new ReceiverIterator(() => this.changed());
  }

  /**
   * Another receiver, which has seen what this one has.
   *
   * @throws ClosedError if this one is closed
   */
  clone(): WatchReceiver<T> {
    const { channel, cursor } = this;
    if (!cursor.isOpen) throw new ClosedError(`this receiver of ${channel.describe()}`);
    channel.receiverCount++;
    return new WatchReceiver(channel, cursor.seen);
  }

  /** Whether every sender is closed, or this receiver. */
  get isClosed(): boolean {
    return this.channel.senderCount === 0 || !this.cursor.isOpen;
  }

  /** Closes this receiver: a value can still be read, and nothing be waited for. A second call does nothing. */
  close(): void {
    this.channel.dropReceiver(this.cursor);
  }

  /** As {@link WatchReceiver.close}; what `using` calls. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether both receive from the same senders. */
  sameChannel(other: WatchReceiver<T>): boolean {
    return this.channel === other.channel;
  }

  inspectNext(): Inspection {
    return this.waiting?.inspect() ?? { op: "receive" };
  }
}
