import type { Context, Waker } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { noteMaker } from "../task/origins.ts";
import type { SyncOptions } from "./options.ts";

/**
 * Tells tasks that something has happened, without saying what.
 *
 * It holds at most one notification for later: `notifyOne` with nobody waiting stores it, and the next to wait takes it
 * at once. `notifyWaiters` stores none: it reaches those who wait, and those who have called `notified()` already, even
 * where their future has not been polled yet.
 *
 * @example
 * ```ts
 * const ready = new Notify();
 * const main = co(function* () {
 *   spawn(co(function* () {
 *     yield* sleep(1);
 *     ready.notifyOne();
 *   })());
 *   yield* ready.notified();
 * });
 * await run(main());
 * ```
 */
export class Notify {
  private readonly state: NotifyState;

  constructor(options?: SyncOptions) {
    this.state = new NotifyState(options?.name);
  }

  get name(): string | undefined {
    return this.state.name;
  }

  /**
   * Waits for a notification; first come, first served, in the order of the first polls (or of {@link Notified.enable}).
   *
   * **Cancel safety.** Safe: what is lost is the place in the queue. A notification by `notifyOne` or `notifyLast` that had
   * been received already goes to another one that waits, or is stored.
   *
   * @example
   * ```ts
   * const notify = new Notify();
   * notify.notifyOne();
   * await run(notify.notified());
   * ```
   */
  notified(): Notified {
    return new Notified(this.state);
  }

  /** Notifies the one that has waited longest; stores the notification if nobody waits and none is stored. */
  notifyOne(): void {
    this.state.notify(ByOne);
  }

  /** Notifies the one that has waited shortest; stores the notification if nobody waits and none is stored. */
  notifyLast(): void {
    this.state.notify(ByLast);
  }

  /** Notifies everybody who waits, and every future that `notified` has returned so far. Stores nothing. */
  notifyWaiters(): void {
    this.state.notifyWaiters();
  }
}

/**
 * The life of a {@link Notified}: `New`, perhaps `Waiting` (it stands in the queue), then notified in one of three ways,
 * of which two have to be passed on if it is cancelled; `Completed` or `Cancelled` in the end.
 */
const New = 0;
const Waiting = 1;
const ByOne = 2;
const ByLast = 3;
const ByAll = 4;
const Completed = 5;
const Cancelled = 6;

/** Invariant: nobody waits while a notification is stored. */
class NotifyState {
  readonly name: string | undefined;
  stored = false;
  /** Calls of `notifyWaiters`: a future that was made before the last of them is notified. */
  rounds = 0;
  readonly waiters: LinkedList<Notified> = new LinkedList();

  constructor(name: string | undefined) {
    this.name = name;
    noteMaker(this);
  }

  notify(how: typeof ByOne | typeof ByLast): void {
    const waiters = this.waiters;
    const waiter = how === ByOne ? waiters.first : waiters.last;
    if (waiter === null) this.stored = true;
    else {
      waiters.remove(waiter);
      waiter.notify(how);
    }
  }

  notifyWaiters(): void {
    this.rounds++;
    if (this.waiters.first === null) return;
    // Those who come while wakers are called wait for another round.
    const batch = this.waiters.takeAll();
    for (let waiter = batch.shift(); waiter !== null; waiter = batch.shift()) waiter.notify(ByAll);
  }
}

/** Waits for one notification of a {@link Notify}; made by {@link Notify.notified}. */
export class Notified extends Future<void> implements Linked<Notified>, Disposable {
  private readonly notifier: NotifyState;
  private readonly round: number;
  private state: number = New;
  private waker: Waker | null = null;
  /** @internal */
  before: Notified | null = null;
  /** @internal */
  after: Notified | null = null;
  /** @internal */
  list: LinkedList<Notified> | null = null;

  /** @internal */
  constructor(notifier: NotifyState) {
    super();
    this.notifier = notifier;
    this.round = notifier.rounds;
  }

  /**
   * Begins to wait, without a poll, and says whether it has been notified: from now on a `notifyOne` can reach it. So
   * one can get in line, look once more whether there is need to wait, and only then wait. Who does not wait after all
   * leaves the line by disposing of it: else it takes the notification that another one waits for.
   *
   * @throws PollAfterCompletionError once it was cancelled
   *
   * @example
   * ```ts
   * const notify = new Notify();
   * const queue: number[] = [];
   * const pop = co(function* () {
   *   for (;;) {
   *     const notified = notify.notified();
   *     try {
   *       notified.enable();
   *       const value = queue.shift();
   *       if (value !== undefined) return value;
   *       yield* notified;
   *     } finally {
   *       notified[Symbol.dispose]();
   *     }
   *   }
   * });
   * queue.push(7);
   * notify.notifyOne();
   * console.log(await run(pop())); // 7
   * ```
   */
  enable(): boolean {
    if (this.state === New) this.begin();
    if (this.state === Cancelled) throw this.misuse();
    return this.state !== Waiting;
  }

  override poll(cx: Context): Poll<void> {
    if (this.state >= Completed) throw this.misuse();
    if (!cx.takeBudget()) return Pending;
    if (this.state === New) this.begin();
    if (this.state === Waiting) {
      cx.refundBudget();
      this.waker = cx.waker;
      return Pending;
    }
    this.state = Completed;
    return undefined;
  }

  /**
   * Gives up on it, as a cancel does: it leaves the line, and what it has received goes to another one. What `using`
   * calls. Does nothing once it was awaited to its end or cancelled.
   */
  [Symbol.dispose](): void {
    if (this.state >= Completed) return;
    const waker = this.waker;
    this.cancel();
    waker?.wake(); // Who awaits it all the same gets an error rather than wait forever.
  }

  override cancel(_cx?: Context): Poll<void> {
    const state = this.state;
    this.state = Cancelled;
    this.waker = null;
    if (state === Waiting) this.list?.remove(this);
    else if (state === ByOne || state === ByLast) this.notifier.notify(state);
  }

  override inspect(): Inspection {
    return {
      op: "notified by",
      target: { kind: "Notify", name: this.notifier.name, key: this.notifier },
      state: `${this.notifier.waiters.size} waiting`,
    };
  }

  /**
   * The queue has taken this future out.
   * @internal
   */
  notify(how: typeof ByOne | typeof ByLast | typeof ByAll): void {
    this.state = how;
    const waker = this.waker;
    this.waker = null;
    waker?.wake();
  }

  private begin(): void {
    const notifier = this.notifier;
    if (this.round !== notifier.rounds) this.state = ByAll;
    else if (notifier.stored) {
      notifier.stored = false;
      this.state = ByOne;
    } else {
      this.state = Waiting;
      notifier.waiters.pushBack(this);
    }
  }

  private misuse(): PollAfterCompletionError {
    return new PollAfterCompletionError("this notified()");
  }
}
