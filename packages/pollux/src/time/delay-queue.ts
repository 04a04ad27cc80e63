import type { Context, TimerDriver, Waker } from "../core/context.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { TimerEntry } from "../core/timer-entry.ts";
import { currentTimers } from "./clock.ts";
import { checkDuration, checkInstant } from "./duration.ts";
import { TimerList } from "./timer-list.ts";
import { Wheel } from "./wheel.ts";

/** A value in a {@link DelayQueue}: the key to it while it is there, and what comes out when its time has come. */
export interface Delayed<T> {
  readonly value: T;
  /** The instant at which it is due. */
  readonly deadline: number;
}

/** Stands in the queue's wheel, in its list of what is due, or (taken or removed) in none. */
class Entry<T> extends TimerEntry implements Delayed<T> {
  readonly value: T;
  deadline: number;
  readonly queue: DelayQueue<T>;
  readonly expired: TimerList;

  constructor(queue: DelayQueue<T>, expired: TimerList, value: T, deadline: number) {
    super();
    this.queue = queue;
    this.expired = expired;
    this.value = value;
    this.deadline = deadline;
  }

  override fire(): void {
    this.expired.pushBack(this);
  }
}

/** The queue's one timer in the runtime's wheel. */
class QueueTimer extends TimerEntry {
  readonly #onFire: () => void;

  constructor(onFire: () => void) {
    super();
    this.#onFire = onFire;
  }

  override fire(): void {
    this.#onFire();
  }
}

class Next<T> extends Future<Delayed<T> | undefined> {
  readonly #queue: DelayQueue<T>;
  #done = false;

  constructor(queue: DelayQueue<T>) {
    super();
    this.#queue = queue;
  }

  override poll(cx: Context): Poll<Delayed<T> | undefined> {
    if (this.#done) throw new PollAfterCompletionError("DelayQueue.next()");
    const poll = this.#queue.pollFor(this, cx);
    if (poll !== Pending) this.#done = true;
    return poll;
  }

  override inspect(): Inspection {
    return this.#queue.inspect();
  }

  override cancel(): Poll<void> {
    this.#done = true;
    this.#queue.leave(this);
  }
}

/**
 * Holds values until their deadlines, and gives them out in that order; those of the same millisecond in the order in
 * which they went in. For what expires: sessions, caches, retries of many things.
 *
 * Insert, remove and reset are O(1), and the whole queue takes one timer, and only while somebody waits for
 * {@link next}. It counts on the clock of the runtime in which it was first used. One at a time may wait.
 *
 * `Stream.from` makes a stream of what expires, which gives `End` when the queue is empty, and clears it when it is given up.
 *
 * @typeParam T - what it holds
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const sessions = new DelayQueue<string>();
 *   const castor = sessions.insert("castor", 10);
 *   sessions.insert("pollux", 20);
 *   sessions.reset(castor, 30);
 *   for (let expired; (expired = yield* sessions.next()); ) console.log(expired.value); // pollux, castor
 * });
 * await run(main());
 * ```
 */
export class DelayQueue<T> implements StreamSource<Delayed<T>> {
  readonly #wheel = new Wheel();
  /** What is due and has not been taken. */
  readonly #expired = new TimerList();
  readonly #timer: QueueTimer = new QueueTimer(() => this.#onTimer());
  /** What `#timer` is armed for. Not later than the first deadline, while a waker is there. */
  #armedFor = Number.POSITIVE_INFINITY;
  #timers: TimerDriver | null = null;
  #waker: Waker | null = null;
  #waiting: Next<T> | null = null;

  /** How many values are in the queue, those included that are due and have not been taken. */
  get size(): number {
    return this.#wheel.size + this.#expired.size;
  }

  /**
   * Puts a value in, to come out in `ms` milliseconds.
   *
   * @returns the key to remove or reset it
   * @throws TypeError, RangeError if `ms` is not a number, negative or `NaN`
   */
  insert(value: T, ms: number): Delayed<T> {
    checkDuration("DelayQueue.insert", ms);
    return this.insertAt(value, this.#clock().now() + ms);
  }

  /**
   * Puts a value in, to come out at an instant of `now()`.
   *
   * @returns the key to remove or reset it
   * @throws TypeError, RangeError if `instant` is not a number, or `NaN`
   */
  insertAt(value: T, instant: number): Delayed<T> {
    checkInstant("DelayQueue.insertAt", instant);
    const entry = new Entry<T>(this, this.#expired, value, instant);
    this.#place(entry);
    return entry;
  }

  /** Takes a value out before its time, and says whether it was still there. Its value is in the key. */
  remove(key: Delayed<T>): boolean {
    if (!this.#unlink(this.#entry(key))) return false;
    this.#wakeIfEmpty();
    return true;
  }

  /**
   * Gives a value a new deadline, `ms` from now, and says whether it was still there.
   *
   * @throws TypeError, RangeError if `ms` is not a number, negative or `NaN`
   */
  reset(key: Delayed<T>, ms: number): boolean {
    checkDuration("DelayQueue.reset", ms);
    return this.resetAt(key, this.#clock().now() + ms);
  }

  /**
   * Gives a value a new deadline, and says whether it was still there.
   *
   * @throws TypeError, RangeError if `instant` is not a number, or `NaN`
   */
  resetAt(key: Delayed<T>, instant: number): boolean {
    checkInstant("DelayQueue.resetAt", instant);
    const entry = this.#entry(key);
    if (!this.#unlink(entry)) return false;
    entry.deadline = instant;
    this.#place(entry);
    return true;
  }

  /** Drops everything. */
  clear(): void {
    while (this.#expired.shift() !== null);
    this.#wheel.clear();
    this.#wakeIfEmpty();
  }

  /** What comes out next, due or not, without taking it; `undefined` if the queue is empty. */
  peek(): Delayed<T> | undefined {
    // The queue's lists hold nothing but its own entries.
    return (this.#expired.first ?? this.#wheel.peek() ?? undefined) as Entry<T> | undefined;
  }

  /**
   * Waits for what is due next, and takes it. Gives `undefined` if the queue is empty, also when it becomes so.
   *
   * **Cancel safety.** Safe: nothing is taken.
   *
   * @throws FutureInUseError if another `next` of this queue is being waited for
   */
  next(): Future<Delayed<T> | undefined> {
    return new Next(this);
  }

  /** As {@link next}, for futures of one's own. The waker of the last poll counts. */
  pollExpired(cx: Context): Poll<Delayed<T> | undefined> {
    if (!cx.takeBudget()) return Pending;
    const timers = this.#clock(cx);
    if (this.#expired.size === 0) this.#wheel.advance(Math.floor(timers.now()));
    const entry = this.#expired.shift();
    if (entry !== null || this.#wheel.size === 0) {
      // The list holds nothing but this queue's entries.
      return (entry ?? undefined) as Entry<T> | undefined;
    }
    cx.refundBudget();
    this.#waker = cx.waker;
    this.#arm(this.#wheel.next());
    return Pending;
  }

  /** As {@link pollExpired}, with `End` when the queue is empty. */
  pollNext(cx: Context): Poll<Delayed<T> | End> {
    const poll = this.pollExpired(cx);
    if (poll === Pending) return Pending;
    this.#stopWaiting();
    return poll ?? End;
  }

  /** Whoever waits in {@link pollNext} waits no longer. */
  cancelNext(): void {
    if (this.#waiting === null) this.#stopWaiting();
  }

  /** Drops everything, as a stream of it does when it is given up. */
  cancel(): Poll<void> {
    this.#stopWaiting();
    this.clear();
  }

  /** @internal */
  pollFor(next: Next<T>, cx: Context): Poll<Delayed<T> | undefined> {
    if (this.#waiting !== null && this.#waiting !== next) {
      throw new FutureInUseError("another next() of this queue is being awaited");
    }
    const poll = this.pollExpired(cx);
    if (poll === Pending) this.#waiting = next;
    else this.#stopWaiting();
    return poll;
  }

  /** @internal */
  inspect(): Inspection {
    const due = this.#wheel.next();
    const target = { kind: "DelayQueue", key: this };
    const state = this.size === 0 ? "empty" : `${this.size} not due`;
    return { op: "next of", target, state, ...(Number.isFinite(due) ? { due } : {}) };
  }

  /** @internal */
  leave(next: Next<T>): void {
    if (this.#waiting === next) this.#stopWaiting();
  }

  #stopWaiting(): void {
    this.#waiting = null;
    this.#waker = null;
    this.#timers?.disarm(this.#timer);
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  /** The entry behind a key of this queue. */
  #entry(key: Delayed<T>): Entry<T> {
    if (!(key instanceof Entry) || key.queue !== this)
      throw new TypeError("the key is of another DelayQueue");
    return key;
  }

  #unlink(entry: Entry<T>): boolean {
    return this.#expired.remove(entry) || this.#wheel.remove(entry);
  }

  #place(entry: Entry<T>): void {
    const now = this.#clock().now();
    const due = Math.ceil(entry.deadline);
    if (this.#wheel.size === 0 || due <= now) this.#wheel.advance(Math.floor(now));
    if (due <= now) {
      // After what was due before it, and without waiting for a tick.
      this.#expired.pushBack(entry);
      this.#wake();
      return;
    }
    this.#wheel.insert(entry, due);
    if (this.#waker !== null && due < this.#armedFor) this.#arm(due);
  }

  #arm(due: number): void {
    if (due === this.#armedFor || due === Number.POSITIVE_INFINITY) return;
    this.#armedFor = due;
    this.#timers?.arm(this.#timer, due);
  }

  /** Moves the wheel; wakes who waits only if there is something for them. */
  #onTimer(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    const timers = this.#clock();
    this.#wheel.advance(Math.floor(timers.now()));
    if (this.#expired.size > 0) this.#wake();
    else this.#arm(this.#wheel.next());
  }

  #wake(): void {
    const waker = this.#waker;
    this.#waker = null;
    waker?.wake();
  }

  #wakeIfEmpty(): void {
    if (this.size > 0) return;
    this.#timers?.disarm(this.#timer);
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#wake();
  }

  #clock(cx?: Context): TimerDriver {
    this.#timers ??= cx?.runtime.timers ?? currentTimers("a DelayQueue");
    return this.#timers;
  }

  /** What expires, until the queue is empty: for code outside the runtime. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Delayed<T>, void, void> {
    for (let next = await this.next(); next !== undefined; next = await this.next()) yield next;
  }

  inspectNext(): Inspection {
    return this.inspect();
  }
}
