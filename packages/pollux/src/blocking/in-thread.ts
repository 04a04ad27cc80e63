import type { TransferListItem } from "node:worker_threads";

/**
 * What a thread of the pool has around the code that it runs. It lives on `globalThis` under a versioned symbol, as the
 * thread itself knows no copy of Pollux.
 *
 * @internal
 */
export interface Surroundings {
  /** Whether the call under way is cancelled. */
  readonly isCancelled: () => boolean;
  /** Has the calling thread run one of its services, and sleeps until the answer is there. */
  readonly ask: (name: string, args: readonly unknown[]) => unknown;
  /** What of a value is moved and not copied. */
  readonly transfers: WeakMap<object, readonly TransferListItem[]>;
}

const KEY = Symbol.for("pollux.blocking.v1");

/**
 * Those of this thread; `undefined` in one that is none of a pool.
 *
 * @internal
 */
export function surroundings(): Surroundings | undefined {
  return (globalThis as { [KEY]?: Surroundings })[KEY];
}
