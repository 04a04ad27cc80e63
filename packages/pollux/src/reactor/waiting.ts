import type { Context, RuntimeHandle, Waker } from "../core/context.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";

/** A source as whoever waits on it sees it: told to keep the process alive, and that it need no longer. */
export interface KeepsAlive {
  /** Whether what it waits for may come from outside of the runtime. */
  readonly isExternal: boolean;
  /** What it is, in the plural, if nothing but Node's loop, as it turns, can end the wait; else `null`. */
  readonly needsNodeLoop: string | null;
  keepAlive(): void;
  letGo(): void;
}

/**
 * The place of the one operation that waits on a direction of a source.
 *
 * Invariants: `runtime` is null as `waker` is; while `waker` is not null, the wait of an external source is counted in the runtime's `outstanding`, and the
 * source was told to keep the process alive once more often than to let go.
 */
export class Waiting {
  private readonly source: KeepsAlive;
  /** Noted, as sources are of many classes: to read it of each takes V8 longer. */
  private readonly isExternal: boolean;
  private waker: Waker | null = null;
  private runtime: RuntimeHandle | null = null;

  constructor(source: KeepsAlive) {
    this.source = source;
    this.isExternal = source.isExternal;
  }

  get isWaiting(): boolean {
    return this.waker !== null;
  }

  /**
   * Waits, in place of whoever did before.
   *
   * @throws NeedsNodeLoopError where the wait could not end
   */
  begin(cx: Context): void {
    if (this.runtime !== cx.runtime) {
      // A task of another runtime had it on loan, and has given it up.
      this.end();
      const { needsNodeLoop } = this.source;
      if (needsNodeLoop !== null) requireNodeLoop(cx.runtime, needsNodeLoop);
      this.runtime = cx.runtime;
      if (this.isExternal) cx.runtime.outstanding++;
      this.source.keepAlive();
    }
    this.waker = cx.waker;
  }

  /** Ends the wait without waking; harmless when nobody waits. */
  end(): void {
    const { runtime } = this;
    if (this.waker === null || runtime === null) return;
    this.waker = null;
    this.runtime = null;
    if (this.isExternal) runtime.outstanding--;
    this.source.letGo();
  }

  /** Ends the wait and wakes who waited. The source's state must be consistent by now. */
  wake(): void {
    const { waker } = this;
    if (waker === null) return;
    this.end();
    waker.wake();
  }
}
