import { ReleasedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { checkCount } from "./count.ts";
import { Guarded } from "./guarded.ts";
import type { SyncOptions } from "./options.ts";
import { Acquire, MAX_PERMITS } from "./permit-queue.ts";
import { type Body, withGuard } from "./with-guard.ts";

/** How a {@link RwLock} is made. */
export interface RwLockOptions extends SyncOptions {
  /** How many may read at once, from 1; by default 2^30 - 1, which is as many as want to. */
  maxReaders?: number;
}

/**
 * A value that many may read at once, or one may write.
 *
 * Strictly first come, first served: a reader that comes after a waiting writer waits behind it, so neither readers nor
 * writers are starved. A task that reads and asks to read again can therefore wait forever, if a writer came in between.
 *
 * An error while the lock is held releases it; nothing is poisoned. There is no guard for a part of the value: take a
 * reference out of `value`.
 *
 * @typeParam T - the value it guards
 *
 * @example
 * ```ts
 * const config = new RwLock({ port: 80 });
 * const main = co(function* () {
 *   yield* config.withWrite(function* (guard) {
 *     guard.value = { port: 8080 };
 *   });
 *   const port = yield* config.withRead(function* (guard) {
 *     return guard.value.port;
 *   });
 *   console.log(port); // 8080
 * });
 * await run(main());
 * ```
 */
export class RwLock<T> {
  readonly maxReaders: number;
  /** A reader takes one permit, a writer takes all. */
  private readonly state: Guarded<T>;

  /**
   * @throws RangeError or TypeError if `maxReaders` is no integer from 1 to 2^30 - 1
   */
  constructor(value: T, options?: RwLockOptions) {
    this.maxReaders = checkCount("maxReaders", options?.maxReaders ?? MAX_PERMITS, 1, MAX_PERMITS);
    this.state = new Guarded("RwLock", options?.name, this.maxReaders, value);
  }

  get name(): string | undefined {
    return this.state.name;
  }

  /**
   * Waits until it may read.
   *
   * **Cancel safety.** Safe: what is lost is the place in the queue. A lock that was granted already goes to the next.
   *
   * @throws ClosedError (the future) once the value was taken out with {@link RwLock.intoInner}
   *
   * @example
   * ```ts
   * const lock = new RwLock("x");
   * const main = co(function* () {
   *   const guard = yield* lock.read();
   *   try {
   *     console.log(guard.value); // "x"
   *   } finally {
   *     guard.release();
   *   }
   * });
   * await run(main());
   * ```
   */
  read(): Future<RwLockReadGuard<T>> {
    return new Read(this.state, 1);
  }

  /**
   * Waits until it may write.
   *
   * **Cancel safety.** Safe: what is lost is the place in the queue; readers that had to wait behind it go on. A lock
   * that was granted already goes to the next.
   *
   * @throws ClosedError (the future) once the value was taken out with {@link RwLock.intoInner}
   *
   * @example
   * ```ts
   * const lock = new RwLock(1);
   * const main = co(function* () {
   *   const guard = yield* lock.write();
   *   guard.value += 1;
   *   const reading = guard.downgrade();
   *   console.log(reading.value); // 2
   *   reading.release();
   * });
   * await run(main());
   * ```
   */
  write(): Future<RwLockWriteGuard<T>> {
    return new Write(this.state, this.maxReaders);
  }

  /**
   * Takes the lock for reading now.
   *
   * @throws WouldBlockError if somebody writes or waits, or `maxReaders` read
   * @throws ClosedError once the value was taken out with {@link RwLock.intoInner}
   *
   * @example
   * ```ts
   * const lock = new RwLock("x");
   * const guard = lock.tryRead();
   * guard.release();
   * ```
   */
  tryRead(): RwLockReadGuard<T> {
    this.state.takeNow(1, "read");
    return new RwLockReadGuard(this.state);
  }

  /**
   * Takes the lock for writing now.
   *
   * @throws WouldBlockError if somebody reads, writes or waits
   * @throws ClosedError once the value was taken out with {@link RwLock.intoInner}
   *
   * @example
   * ```ts
   * const lock = new RwLock("x");
   * const guard = lock.tryWrite();
   * guard.value = "y";
   * guard.release();
   * ```
   */
  tryWrite(): RwLockWriteGuard<T> {
    this.state.takeNow(this.maxReaders, "write");
    return new RwLockWriteGuard(this.state, this.maxReaders);
  }

  /**
   * Reads while `body` runs: the form for generators. The lock is released however the body ends, after its own cleanup.
   *
   * **Cancel safety.** As {@link RwLock.read}; once the body runs, as the body.
   *
   * @throws ClosedError (the future) once the value was taken out with {@link RwLock.intoInner}
   */
  withRead<R>(body: (guard: RwLockReadGuard<T>) => Body<R>): Future<R> {
    return withGuard(this.read(), body);
  }

  /**
   * Writes while `body` runs: the form for generators. The lock is released however the body ends, after its own cleanup.
   *
   * **Cancel safety.** As {@link RwLock.write}; once the body runs, as the body.
   *
   * @throws ClosedError (the future) once the value was taken out with {@link RwLock.intoInner}
   */
  withWrite<R>(body: (guard: RwLockWriteGuard<T>) => Body<R>): Future<R> {
    return withGuard(this.write(), body);
  }

  /**
   * Takes the value out, which ends the lock: a later `read` or `write` gets `ClosedError`.
   *
   * @throws WouldBlockError if somebody reads or writes
   * @throws ClosedError if the value was taken out before
   */
  intoInner(): T {
    return this.state.takeOut(this.maxReaders, "write");
  }
}

class Read<T> extends Acquire<RwLockReadGuard<T>> {
  declare protected readonly queue: Guarded<T>;

  protected override granted(): RwLockReadGuard<T> {
    return new RwLockReadGuard(this.queue);
  }

  protected override get op(): string {
    return "read";
  }

  override inspect(): Inspection {
    // Where readers are limited, another one may make place.
    return { ...super.inspect(), outside: this.queue.total < MAX_PERMITS };
  }
}

class Write<T> extends Acquire<RwLockWriteGuard<T>> {
  declare protected readonly queue: Guarded<T>;

  protected override granted(): RwLockWriteGuard<T> {
    return new RwLockWriteGuard(this.queue, this.count);
  }

  protected override get op(): string {
    return "write";
  }
}

/**
 * The right to read the value of a {@link RwLock}, until it is released.
 *
 * @typeParam T - the value
 */
export class RwLockReadGuard<T> implements Disposable {
  /** `null` once released. */
  private held: Guarded<T> | null;

  /** @internal */
  constructor(held: Guarded<T>) {
    this.held = held;
  }

  /** @throws ReleasedError once the guard was released */
  get value(): T {
    const held = this.held;
    if (held === null) throw new ReleasedError("this read guard of an RwLock");
    return held.value;
  }

  /** Stops reading. A second call does nothing. */
  release(): void {
    const held = this.held;
    this.held = null;
    held?.give(1);
  }

  /** As {@link RwLockReadGuard.release}; what `using` calls. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * The right to write the value of a {@link RwLock}, until it is released or made the right to read.
 *
 * @typeParam T - the value
 */
export class RwLockWriteGuard<T> implements Disposable {
  /** `null` once released or downgraded. */
  private held: Guarded<T> | null;
  /** All the permits that the lock has. */
  private readonly count: number;

  /** @internal */
  constructor(held: Guarded<T>, count: number) {
    this.held = held;
    this.count = count;
  }

  /** @throws ReleasedError once the guard was released or downgraded */
  get value(): T {
    return this.check().value;
  }

  set value(value: T) {
    this.check().value = value;
  }

  /**
   * Makes it the right to read, without letting a writer in between; readers that wait first in the queue come in.
   *
   * @throws ReleasedError once the guard was released or downgraded
   */
  downgrade(): RwLockReadGuard<T> {
    const held = this.check();
    this.held = null;
    held.give(this.count - 1);
    return new RwLockReadGuard(held);
  }

  /** Stops writing. A second call, or one after {@link RwLockWriteGuard.downgrade}, does nothing. */
  release(): void {
    const held = this.held;
    this.held = null;
    held?.give(this.count);
  }

  /** As {@link RwLockWriteGuard.release}; what `using` calls. */
  [Symbol.dispose](): void {
    this.release();
  }

  private check(): Guarded<T> {
    if (this.held === null) throw new ReleasedError("this write guard of an RwLock");
    return this.held;
  }
}
