import { ReleasedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Guarded } from "./guarded.ts";
import type { SyncOptions } from "./options.ts";
import { Acquire } from "./permit-queue.ts";
import { type Body, withGuard } from "./with-guard.ts";

/**
 * A value that one task at a time may use, across its suspensions. Strictly first come, first served.
 *
 * The value is reached through the guard alone, and only while it is held. (Code that does not suspend needs no mutex:
 * nothing runs in between.) An error while the lock is held releases it; nothing is poisoned. To lock a mutex that the
 * same task holds waits forever.
 *
 * There is no guard for a part of the value, as `MappedMutexGuard` is one in Rust: take a reference out of `value`.
 *
 * @typeParam T - the value it guards
 *
 * @example
 * ```ts
 * const balance = new Mutex(100);
 * const withdraw = co(function* (amount: number) {
 *   yield* balance.with(function* (guard) {
 *     const before = guard.value;
 *     yield* sleep(1);
 *     guard.value = before - amount;
 *   });
 * });
 * const main = co(function* () {
 *   const other = spawn(withdraw(30));
 *   yield* withdraw(50);
 *   yield* other;
 *   console.log(balance.intoInner()); // 20
 * });
 * await run(main());
 * ```
 */
export class Mutex<T> {
  private readonly state: Guarded<T>;

  constructor(value: T, options?: SyncOptions) {
    this.state = new Guarded("mutex", options?.name, 1, value);
  }

  get name(): string | undefined {
    return this.state.name;
  }

  /** Whether somebody holds the lock, or has just been granted it. */
  get isLocked(): boolean {
    return this.state.available === 0;
  }

  /**
   * Waits for the lock.
   *
   * **Cancel safety.** Safe: what is lost is the place in the queue. A lock that was granted already goes to the next.
   *
   * @throws ClosedError (the future) once the value was taken out with {@link Mutex.intoInner}
   *
   * @example
   * ```ts
   * const hits = new Mutex(0);
   * const main = co(function* () {
   *   const guard = yield* hits.lock();
   *   try {
   *     guard.value += 1;
   *   } finally {
   *     guard.release();
   *   }
   * });
   * await run(main());
   * ```
   */
  lock(): Future<MutexGuard<T>> {
    return new Lock(this.state, 1);
  }

  /**
   * Takes the lock now.
   *
   * @throws WouldBlockError if it is held
   * @throws ClosedError once the value was taken out with {@link Mutex.intoInner}
   *
   * @example
   * ```ts
   * const hits = new Mutex(0);
   * const guard = hits.tryLock();
   * guard.value = 1;
   * guard.release();
   * ```
   */
  tryLock(): MutexGuard<T> {
    this.state.takeNow(1, "lock");
    return new MutexGuard(this.state);
  }

  /**
   * Holds the lock while `body` runs: the form for generators. It is released however the body ends, after its own
   * cleanup.
   *
   * **Cancel safety.** As {@link Mutex.lock}; once the body runs, as the body.
   *
   * @throws ClosedError (the future) once the value was taken out with {@link Mutex.intoInner}
   *
   * @example
   * ```ts
   * const log = new Mutex<string[]>([]);
   * const main = co(function* () {
   *   const length = yield* log.with(function* (guard) {
   *     yield* sleep(1);
   *     return guard.value.push("started");
   *   });
   *   console.log(length); // 1
   * });
   * await run(main());
   * ```
   */
  with<R>(body: (guard: MutexGuard<T>) => Body<R>): Future<R> {
    return withGuard(this.lock(), body);
  }

  /**
   * Takes the value out, which ends the mutex: a later `lock` gets `ClosedError`.
   *
   * @throws WouldBlockError if the lock is held
   * @throws ClosedError if the value was taken out before
   */
  intoInner(): T {
    return this.state.takeOut(1, "lock");
  }
}

class Lock<T> extends Acquire<MutexGuard<T>> {
  declare protected readonly queue: Guarded<T>;

  protected override granted(): MutexGuard<T> {
    return new MutexGuard(this.queue);
  }

  protected override get op(): string {
    return "lock";
  }
}

/**
 * The right to use the value of a {@link Mutex}, until it is released.
 *
 * @typeParam T - the value
 */
export class MutexGuard<T> implements Disposable {
  /** `null` once released. */
  private held: Guarded<T> | null;

  /** @internal */
  constructor(held: Guarded<T>) {
    this.held = held;
  }

  /** @throws ReleasedError once the guard was released */
  get value(): T {
    return this.check().value;
  }

  set value(value: T) {
    this.check().value = value;
  }

  /** Unlocks the mutex. A second call does nothing. */
  release(): void {
    const held = this.held;
    this.held = null;
    held?.give(1);
  }

  /** As {@link MutexGuard.release}; what `using` calls. */
  [Symbol.dispose](): void {
    this.release();
  }

  private check(): Guarded<T> {
    if (this.held === null) throw new ReleasedError("this guard of a mutex");
    return this.held;
  }
}
