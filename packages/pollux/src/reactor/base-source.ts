import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import type { Linked, LinkedList } from "../core/list.ts";
import { Pending } from "../core/poll.ts";
import type { Source } from "./source.ts";
import type { KeepsAlive, Waiting } from "./waiting.ts";

/**
 * What the sources of all back ends have in common: the failure that is thrown once, and the count of those who wait.
 *
 * Invariants:
 * - `list !== null` exactly while it holds a descriptor, or is about to get one;
 * - it holds the process exactly while `waits > 0`, and as the back end sees fit until it has been opened.
 */
export abstract class BaseSource implements Source, KeepsAlive, Linked<BaseSource> {
  before: BaseSource | null = null;
  after: BaseSource | null = null;
  list: LinkedList<BaseSource> | null = null;
  isClosed = false;
  /** What it waits for may come from outside of the runtime. */
  readonly isExternal: boolean;
  /** See `KeepsAlive`. */
  needsNodeLoop: string | null = null;
  /** How many directions somebody waits on. */
  protected waits = 0;
  protected failure: Error | null = null;
  private failureSeen = false;
  protected readonly what: string;

  /**
   * @param what - names the source in errors
   * @param isExternal - whether what it waits for may come from outside of the runtime
   */
  constructor(what: string, isExternal = true) {
    this.what = what;
    this.isExternal = isExternal;
  }

  abstract close(): void;

  /** Somebody waits: the process is to stay alive. */
  protected abstract hold(): void;
  /** Nobody waits any more. */
  protected abstract release(): void;

  keepAlive(): void {
    if (this.waits++ === 0) this.hold();
  }

  letGo(): void {
    if (--this.waits === 0) this.release();
  }

  protected fail(error: Error): void {
    this.failure ??= error;
  }

  /** Throws if the source is closed or has failed: the system's own error once. */
  protected check(): void {
    if (this.isClosed) throw new ClosedError(this.what);
    const { failure } = this;
    if (failure === null) return;
    if (this.failureSeen) throw new ClosedError(this.what, { cause: failure });
    this.failureSeen = true;
    throw failure;
  }

  /** Of what is not open (yet, or any more). */
  protected refuse(what: string = this.what): never {
    this.check();
    throw new ClosedError(what);
  }

  /** Ends a poll that took a unit of budget and found nothing. */
  protected wait(cx: Context, waiting: Waiting): Pending {
    cx.refundBudget();
    waiting.begin(cx);
    return Pending;
  }
}
