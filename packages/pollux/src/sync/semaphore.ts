import { ClosedError, WouldBlockError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { checkCount } from "./count.ts";
import type { SyncOptions } from "./options.ts";
import { Acquire, MAX_PERMITS, PermitQueue } from "./permit-queue.ts";
import { type Body, withGuard } from "./with-guard.ts";

/**
 * A number of permits that tasks take and give back: to limit how much happens at once.
 *
 * Strictly first come, first served: an acquire of many permits keeps those behind it waiting, even where a few permits
 * would be enough for them, and so it is never starved. A permit that is given back goes straight to the first that
 * waits; nobody else can take it in between.
 *
 * @example At most four at a time.
 * ```ts
 * const slots = new Semaphore(4, { name: "downloads" });
 * const download = co(function* (url: string) {
 *   return yield* slots.with(function* () {
 *     yield* sleep(10);
 *     return url.length;
 *   });
 * });
 * console.log(await run(download("https://example.org")));
 * ```
 */
export class Semaphore {
  /** The most permits that a semaphore can have. */
  static readonly MAX_PERMITS: number = MAX_PERMITS;

  private readonly queue: PermitQueue;

  /**
   * @param permits - how many there are to begin with, from 0 to {@link Semaphore.MAX_PERMITS}
   * @throws RangeError or TypeError for another number of permits
   */
  constructor(permits: number, options?: SyncOptions) {
    checkCount("permits", permits, 0, MAX_PERMITS);
    this.queue = new PermitQueue("semaphore", options?.name, permits);
  }

  get name(): string | undefined {
    return this.queue.name;
  }

  /** Permits that nobody holds. While somebody waits they are kept for the first in the queue. */
  get availablePermits(): number {
    return this.queue.available;
  }

  get isClosed(): boolean {
    return this.queue.closed;
  }

  /**
   * Waits for one permit.
   *
   * **Cancel safety.** Safe: what is lost is the place in the queue. A permit that was granted already goes to the next.
   *
   * @throws ClosedError (the future) once the semaphore is closed
   *
   * @example
   * ```ts
   * const semaphore = new Semaphore(1);
   * const main = co(function* () {
   *   const permit = yield* semaphore.acquire();
   *   try {
   *     console.log(semaphore.availablePermits); // 0
   *   } finally {
   *     permit.release();
   *   }
   * });
   * await run(main());
   * ```
   */
  acquire(): Future<Permit> {
    return new AcquirePermit(this.queue, 1);
  }

  /**
   * Waits for `count` permits, which come all together or not at all; it takes none while it waits.
   *
   * **Cancel safety.** As {@link Semaphore.acquire}.
   *
   * @param count - from 0 to {@link Semaphore.MAX_PERMITS}
   * @throws RangeError or TypeError for another count
   * @throws ClosedError (the future) once the semaphore is closed
   *
   * @example
   * ```ts
   * const memory = new Semaphore(1024);
   * const main = co(function* () {
   *   const permit = yield* memory.acquireMany(256);
   *   console.log(permit.numPermits, memory.availablePermits); // 256 768
   *   permit.release();
   * });
   * await run(main());
   * ```
   */
  acquireMany(count: number): Future<Permit> {
    return new AcquirePermit(this.queue, checkCount("count", count, 0, MAX_PERMITS));
  }

  /**
   * Takes one permit now.
   *
   * @throws WouldBlockError if there is none, or others wait
   * @throws ClosedError if the semaphore is closed
   *
   * @example
   * ```ts
   * const semaphore = new Semaphore(1);
   * const permit = semaphore.tryAcquire();
   * permit.release();
   * ```
   */
  tryAcquire(): Permit {
    return this.tryAcquireMany(1);
  }

  /**
   * Takes `count` permits now, or none.
   *
   * @throws WouldBlockError if there are not as many, or others wait
   * @throws ClosedError if the semaphore is closed
   * @throws RangeError or TypeError if `count` is no integer from 0 to {@link Semaphore.MAX_PERMITS}
   *
   * @example
   * ```ts
   * const semaphore = new Semaphore(3);
   * const permit = semaphore.tryAcquireMany(2);
   * console.log(semaphore.availablePermits); // 1
   * permit.release();
   * ```
   */
  tryAcquireMany(count: number): Permit {
    checkCount("count", count, 0, MAX_PERMITS);
    const queue = this.queue;
    if (queue.closed) throw new ClosedError(`the ${queue.describe()}`);
    if (!queue.tryTakeNow(count)) {
      throw new WouldBlockError(
        `the ${queue.describe()} has no ${count === 1 ? "permit" : `${count} permits`} to give now: wait with \`acquire\``,
      );
    }
    return new Permit(queue, count);
  }

  /**
   * Holds one permit while `body` runs: the form for generators. The permit is given back however the body ends, after
   * its own cleanup.
   *
   * **Cancel safety.** As {@link Semaphore.acquire}; once the body runs, as the body.
   *
   * @throws ClosedError (the future) once the semaphore is closed
   *
   * @example
   * ```ts
   * const semaphore = new Semaphore(2);
   * const main = co(function* () {
   *   const left = yield* semaphore.with(function* () {
   *     yield* sleep(1);
   *     return semaphore.availablePermits;
   *   });
   *   console.log(left); // 1
   * });
   * await run(main());
   * ```
   */
  with<R>(body: (permit: Permit) => Body<R>): Future<R> {
    return withGuard(this.acquire(), body);
  }

  /**
   * Holds `count` permits while `body` runs; see {@link Semaphore.with}.
   *
   * **Cancel safety.** As {@link Semaphore.with}.
   *
   * @throws RangeError or TypeError if `count` is no integer from 0 to {@link Semaphore.MAX_PERMITS}
   * @throws ClosedError (the future) once the semaphore is closed
   *
   * @example
   * ```ts
   * const memory = new Semaphore(1024);
   * const main = co(function* () {
   *   yield* memory.withMany(256, () => sleep(1));
   * });
   * await run(main());
   * ```
   */
  withMany<R>(count: number, body: (permit: Permit) => Body<R>): Future<R> {
    return withGuard(this.acquireMany(count), body);
  }

  /**
   * Adds permits for good.
   *
   * @throws RangeError if there would be more than {@link Semaphore.MAX_PERMITS} at hand
   * @throws RangeError or TypeError if `count` is no such integer
   */
  addPermits(count: number): void {
    checkCount("count", count, 0, MAX_PERMITS);
    const queue = this.queue;
    if (queue.available + count > MAX_PERMITS) {
      throw new RangeError(`the ${queue.describe()} would have more than ${MAX_PERMITS} permits`);
    }
    queue.give(count);
  }

  /**
   * Takes up to `count` of the permits that nobody holds away for good, and returns how many it took.
   *
   * @throws RangeError or TypeError if `count` is no integer from 0 to {@link Semaphore.MAX_PERMITS}
   */
  forgetPermits(count: number): number {
    checkCount("count", count, 0, MAX_PERMITS);
    const queue = this.queue;
    const taken = Math.min(queue.available, count);
    queue.available -= taken;
    return taken;
  }

  /**
   * Closes the semaphore for good: everybody who waits, and every later acquire, gets `ClosedError`. Permits that were
   * granted stay valid.
   */
  close(): void {
    this.queue.close();
  }
}

class AcquirePermit extends Acquire<Permit> {
  protected override granted(): Permit {
    return new Permit(this.queue, this.count);
  }

  protected override get op(): string {
    return "acquire";
  }

  override inspect(): Inspection {
    const waits = super.inspect();
    const behind = waits.state === undefined ? "" : `, ${waits.state}`;
    const state = `${this.count} wanted, ${this.queue.available} free${behind}`;
    // A permit may be handed to another task: whoever took it need not be the one to give it back.
    return { ...waits, state, outside: true };
  }
}

/**
 * One or more permits of a {@link Semaphore}, to be released when the work is done. It may be handed to another task.
 *
 * @example
 * ```ts
 * const semaphore = new Semaphore(3);
 * const permit = semaphore.tryAcquireMany(3);
 * const one = permit.split(1);
 * one.release();
 * permit.release();
 * console.log(semaphore.availablePermits); // 3
 * ```
 */
export class Permit implements Disposable {
  private readonly queue: PermitQueue;
  /** None once they were given back, forgotten or merged into another: so each is given back once. */
  private count: number;

  /** @internal */
  constructor(queue: PermitQueue, count: number) {
    this.queue = queue;
    this.count = count;
  }

  /** How many it stands for; 0 once it was released, forgotten or merged. */
  get numPermits(): number {
    return this.count;
  }

  /** Gives the permits back. A second call does nothing. */
  release(): void {
    const count = this.count;
    this.count = 0;
    if (count > 0) this.queue.give(count);
  }

  /** As {@link Permit.release}; what `using` calls. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** Ends the permits without giving them back: the semaphore has as many fewer from now on. */
  forget(): void {
    this.count = 0;
  }

  /**
   * Takes over the permits of `other`, which is empty afterwards.
   *
   * @throws TypeError if `other` is of another semaphore, or is this very permit
   */
  merge(other: Permit): void {
    if (other === this) throw new TypeError("a permit cannot be merged into itself");
    if (other.queue !== this.queue) throw new TypeError("only permits of the same semaphore can be merged");
    this.count += other.count;
    other.count = 0;
  }

  /**
   * Moves `count` of the permits to a new one.
   *
   * @throws RangeError or TypeError if `count` is no integer from 0 to {@link Permit.numPermits}
   */
  split(count: number): Permit {
    checkCount("count", count, 0, this.count);
    this.count -= count;
    return new Permit(this.queue, count);
  }
}
