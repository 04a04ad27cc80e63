import { ambient } from "../core/ambient.ts";
import type { Context, Waker } from "../core/context.ts";
import { ClosedError, PollAfterCompletionError, WouldBlockError } from "../core/errors.ts";
import { admit, Future, pendingOn, type Suspend, suspendOn } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import type { LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { noteMaker } from "../task/origins.ts";
import { Closed, type HasReceivers, wakeDeserted } from "./closed.ts";
import { disposeUndelivered } from "./undelivered.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const current = ambient;

/**
 * The state of a channel, in its receiver:
 *
 * | bit        | set                                                            |
 * |------------|----------------------------------------------------------------|
 * | `Sent`     | by `send`; cleared when the value is taken or given up         |
 * | `Ended`    | by the sender's `close`, unless it has sent                    |
 * | `Deserted` | when the receiver is closed or given up, or has taken the value |
 * | `Done`     | when the receiver has told the outcome, or was given up        |
 *
 * `send` takes effect only while no bit is set: its race with a close is decided once, by whoever comes first.
 */
const Sent = 1;
const Ended = 2;
const Deserted = 4;
const Done = 8;

/**
 * Makes a channel for one value: the answer to one request, say.
 *
 * `send` is synchronous and says whether the value was taken; the receiver is itself the future of the value.
 *
 * A sender that is merely forgotten leaves its receiver waiting, for JavaScript does not tell when an object is no
 * longer used: close it in a `finally`, or hold it with `using`.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const [tx, rx] = oneshot<number>();
 *   const worker = co(function* () {
 *     try {
 *       yield* sleep(1);
 *       tx.send(42);
 *     } finally {
 *       tx.close(); // had it failed, the receiver would now get ClosedError
 *     }
 *   });
 *   spawn(worker());
 *   return yield* rx;
 * });
 * console.log(await run(main())); // 42
 * ```
 */
export function oneshot<T>(): [OneshotSender<T>, OneshotReceiver<T>] {
  const receiver = new OneshotReceiver<T>();
  return [new OneshotSender(receiver), receiver];
}

/** The sending half of a {@link oneshot} channel. */
export class OneshotSender<T> implements Disposable {
  private readonly receiver: OneshotReceiver<T>;

  /** @internal */
  constructor(receiver: OneshotReceiver<T>) {
    this.receiver = receiver;
  }

  /**
   * Hands the value over, and says whether the receiver took it. It does not if it is closed, or if this is not the
   * first value; the caller then still has it.
   */
  send(value: T): boolean {
    return this.receiver.accept(value);
  }

  /** Says that there will be no value: the receiver gets `ClosedError`. Does nothing after `send`. */
  close(): void {
    this.receiver.endBySender();
  }

  /** As {@link OneshotSender.close}; what `using` calls. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether nobody waits for a value any more: the receiver is closed, was given up, or has its value. */
  get isClosed(): boolean {
    return this.receiver.isDeserted;
  }

  /**
   * Waits until nobody waits for a value any more; see {@link OneshotSender.isClosed}. To be raced with the work that
   * makes the value.
   *
   * **Cancel safety.** Safe: nothing is lost.
   *
   * @example
   * ```ts
   * const [tx, rx] = oneshot<string>();
   * rx.close();
   * await run(tx.closed());
   * console.log(tx.send("too late")); // false
   * ```
   */
  closed(): Future<void> {
    return new Closed(this.receiver);
  }
}

/**
 * The receiving half of a {@link oneshot} channel: the future of its value. Fails with `ClosedError` if the sender is
 * closed without having sent.
 *
 * **Cancel safety.** A cancelled receiver is closed: the sender sees it, and a value that was sent already is disposed of
 * if it is `Disposable`. Where it is to be awaited again, in a `select` in a loop, lend it with `rx.ref()`.
 *
 * @example
 * ```ts
 * const [tx, rx] = oneshot<string>();
 * tx.send("hello");
 * console.log(await run(rx)); // "hello"
 * ```
 */
export class OneshotReceiver<T> extends Future<T> implements HasReceivers, Disposable {
  private bits = 0;
  private value: T | undefined = undefined;
  private waker: Waker | null = null;
  /** @internal */
  desertionWaiters: LinkedList<Closed> | null = null;

  constructor() {
    super();
    noteMaker(this);
  }

  /** As `Future.next`, which says why it is repeated. */
  override next(): IteratorResult<Suspend, T> {
    const cx = current.cx;
    if (cx === null || (this.owner !== null && this.owner !== cx.resumed)) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING) return { done: true, value: poll };
    if (this.owner === null) this.owner = cx.resumed;
    return suspendOn(cx, this);
  }

  /** As `Future.awaitIn`, likewise. */
  override awaitIn(cx: Context): Poll<T> {
    if (this.owner !== null && this.owner !== cx.resumed) admit(cx, this);
    const poll = this.poll(cx);
    if (poll !== PENDING) return poll;
    if (this.owner === null) this.owner = cx.resumed;
    return pendingOn(cx, this);
  }

  override poll(cx: Context): Poll<T> {
    if ((this.bits & Done) !== 0) throw new PollAfterCompletionError("this oneshot receiver");
    if (!cx.takeBudget()) return Pending;
    if ((this.bits & Sent) !== 0) return this.take();
    if (this.bits !== 0) throw this.fail();
    cx.refundBudget();
    this.waker = cx.waker;
    return Pending;
  }

  override cancel(_cx?: Context): Poll<void> {
    const { bits, value } = this;
    this.end();
    if ((bits & Sent) !== 0) disposeUndelivered(value);
  }

  /**
   * Takes the value if it is there. It is then gone: a later poll throws `PollAfterCompletionError`.
   *
   * @throws WouldBlockError if there is none yet
   * @throws ClosedError if there will be none: a side is closed, or the value has been taken
   */
  tryRecv(): T {
    if ((this.bits & Sent) !== 0) return this.take();
    if (this.bits !== 0) throw this.fail();
    throw new WouldBlockError("the oneshot channel has no value yet: await the receiver");
  }

  /** Refuses a value that has not been sent yet. One that has can still be received. */
  close(): void {
    if ((this.bits & Deserted) !== 0) return;
    this.bits |= Deserted;
    wakeDeserted(this);
    if ((this.bits & Sent) === 0) this.wake();
  }

  /** Closes the receiver and gives up on what was sent: it is disposed of if it is `Disposable`. */
  [Symbol.dispose](): void {
    this.close();
    const { bits, value } = this;
    this.bits = bits & ~Sent;
    this.value = undefined;
    if ((bits & Sent) !== 0) disposeUndelivered(value);
  }

  /** Whether there is no value to be received now. */
  get isEmpty(): boolean {
    return (this.bits & Sent) === 0;
  }

  /** Whether the outcome has been told, by a poll or {@link tryRecv}, so that no value can come any more. */
  get isTerminated(): boolean {
    return (this.bits & Done) !== 0;
  }

  override inspect(): Inspection {
    return {
      op: "receive from",
      target: this.target,
      state: "the sender is open and has sent nothing",
    };
  }

  /** @internal */
  get target(): InspectionTarget {
    return { kind: "oneshot channel", key: this };
  }

  /** @internal */
  get isDeserted(): boolean {
    return (this.bits & Deserted) !== 0;
  }

  /** @internal */
  accept(value: T): boolean {
    if (this.bits !== 0) return false;
    this.bits = Sent;
    this.value = value;
    this.wake();
    return true;
  }

  /** @internal */
  endBySender(): void {
    if (this.bits !== 0) return;
    this.bits = Ended;
    this.wake();
  }

  private take(): T {
    // `Sent` says that there is one, be it `undefined` itself.
    const value = this.value as T;
    this.end();
    return value;
  }

  private fail(): ClosedError {
    this.end();
    return new ClosedError("the oneshot channel");
  }

  private end(): void {
    const wasDeserted = this.isDeserted;
    this.bits = (this.bits & ~Sent) | Deserted | Done;
    this.value = undefined;
    this.waker = null;
    if (!wasDeserted) wakeDeserted(this);
  }

  private wake(): void {
    const waker = this.waker;
    this.waker = null;
    waker?.wake();
  }
}
