import { Context, type RuntimeHandle } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Parent } from "./parent.ts";

/**
 * How a child stands: `Idle` until its first poll, `Begun` from then on, and in the end one of the last three. `GivenUp`
 * is between: its cancel is under way.
 */
export const Idle = 0;
export const Begun = 1;
export const GivenUp = 2;
export const Fulfilled = 3;
export const Rejected = 4;
export const Cancelled = 5;

/**
 * One future of a combinator, and the context that it is polled with. Its waker notes that this child is to be polled,
 * and wakes whoever polled the combinator last.
 *
 * Invariants; only the combinator writes the fields:
 * - `queued` is set exactly while the child stands in the parent's ready queue.
 * - from `Begun` on the child is the owner of its future: so one that was given twice is found out by its second claim.
 */
export class Child extends Context {
  /** Of the parent's most recent poll. */
  declare runtime: RuntimeHandle;
  readonly parent: Parent<unknown>;
  future: Future<unknown>;
  /** The next one in the order in which they were given. */
  sibling: Child | null;
  /** The next one in the ready queue. */
  link: Child | null;
  queued: boolean;
  state: number;
  /** Its value when `Fulfilled`, its error when `Rejected`, its `Cleanup` when `GivenUp`. */
  value: unknown;
  readonly index: number;
  readonly key: string;

  constructor(parent: Parent<unknown>, future: Future<unknown>, index: number, key: string) {
    super();
    this.parent = parent;
    this.future = future;
    this.sibling = null;
    this.link = null;
    this.queued = true;
    this.state = Idle;
    this.value = undefined;
    this.index = index;
    this.key = key;
  }

  override wake(): void {
    if (!this.queued && this.state < Fulfilled) this.parent.woken(this);
  }

  get isOver(): boolean {
    return this.state >= Fulfilled;
  }

  override get task(): Context {
    return this.parent.cx?.task ?? this;
  }
}
