import type { Context } from "../core/context.ts";
import { blockFuture, co } from "../core/coroutine.ts";
import { AlreadyInitializedError, PollAfterCompletionError, WouldBlockError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { SyncOptions } from "./options.ts";
import { Acquire, PermitQueue } from "./permit-queue.ts";
import type { Body } from "./with-guard.ts";

/**
 * A value that is made once, by the first who needs it, and is there for everybody from then on.
 *
 * @typeParam T - the value
 *
 * @example
 * ```ts
 * const pool = new OnceCell<string>();
 * const connect = co(function* () {
 *   yield* sleep(5);
 *   return "connected";
 * });
 * const query = co(function* () {
 *   return yield* pool.getOrInit(connect);
 * });
 * console.log(await run(query())); // "connected"
 * ```
 */
export class OnceCell<T> {
  private readonly cell: Cell<T>;

  constructor(options?: SyncOptions) {
    this.cell = new Cell(options?.name);
  }

  /** A cell that has its value. */
  static of<T>(value: T, options?: SyncOptions): OnceCell<T> {
    const cell = new OnceCell<T>(options);
    cell.set(value);
    return cell;
  }

  get name(): string | undefined {
    return this.cell.name;
  }

  get isInitialized(): boolean {
    return this.cell.closed;
  }

  /** The value, or `undefined` while there is none. */
  get(): T | undefined {
    return this.cell.value;
  }

  /**
   * Gives the cell its value.
   *
   * @throws AlreadyInitializedError if it has one
   * @throws WouldBlockError if an initializer is at work
   *
   * @example
   * ```ts
   * const port = new OnceCell<number>();
   * port.set(8080);
   * console.log(port.get()); // 8080
   * ```
   */
  set(value: T): void {
    const cell = this.cell;
    if (cell.closed) throw new AlreadyInitializedError(`the ${cell.describe()}`);
    if (!cell.tryTakeNow(1)) {
      throw new WouldBlockError(`the ${cell.describe()} is being initialized: wait with \`getOrInit\``);
    }
    cell.fill(value);
  }

  /**
   * Waits for the value, making it with `init` if there is none. One initializer is at work at a time; those who come
   * meanwhile wait for it. If it fails, only its own caller gets the error, and the next one tries with its own. An
   * initializer that asks the same cell for its value waits forever.
   *
   * **Cancel safety.** Safe: cancelling the one that initializes cancels the initializer and waits for its cleanup; then
   * the next one tries.
   *
   * @param init - a generator function, or a function that returns a future; called at the first poll at the earliest
   * @throws (the future) what `init` fails with
   * @throws TypeError if `init` is no function
   *
   * @example
   * ```ts
   * const config = new OnceCell<{ port: number }>();
   * const main = co(function* () {
   *   const { port } = yield* config.getOrInit(function* () {
   *     yield* sleep(1);
   *     return { port: 8080 };
   *   });
   *   console.log(port); // 8080
   * });
   * await run(main());
   * ```
   */
  getOrInit(init: () => Body<T>): Future<T> {
    if (typeof init !== "function") {
      throw new TypeError("getOrInit needs a function that returns a future: getOrInit(function* () { … })");
    }
    // Once there, a value stays: no need to look for it again at the first poll.
    if (this.cell.closed) return new Initialized(this.cell.value as T);
    return initialize(this.cell, init) as Future<T>;
  }
}

/** One permit, the right to initialize; the queue is closed when the value is there. */
class Cell<T> extends PermitQueue {
  value: T | undefined = undefined;

  constructor(name: string | undefined) {
    super("OnceCell", name, 1);
  }

  /** Called by who has the permit. */
  fill(value: T): void {
    this.value = value;
    this.close();
  }
}

/** Waits for the right to initialize: `true`, or for somebody else to have done so: `false`. */
class Turn extends Acquire<boolean> {
  protected override granted(): boolean {
    return true;
  }

  protected override refused(): boolean {
    return false;
  }

  protected override get op(): string {
    return "initialize";
  }
}

const initialize = co(function* <T>(cell: Cell<T>, init: () => Body<T>) {
  if (!(yield* new Turn(cell, 1))) return cell.value as T;
  try {
    const value = yield* blockFuture(init(), "getOrInit");
    cell.fill(value);
    return value;
  } finally {
    cell.give(1);
  }
});

/** A value that is there already, as a leaf. */
class Initialized<T> extends Future<T> {
  private readonly value: T;
  private done = false;

  constructor(value: T) {
    super();
    this.value = value;
  }

  override poll(cx: Context): Poll<T> {
    if (this.done) throw new PollAfterCompletionError("this getOrInit()");
    if (!cx.takeBudget()) return Pending;
    this.done = true;
    return this.value;
  }

  override cancel(_cx: Context): Poll<void> {
    this.done = true;
  }
}
