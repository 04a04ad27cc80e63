import { NeedsNodeLoopError } from "./errors.ts";

/**
 * The thread of a runtime that owns it: it parks in the reactor, and the loop of the host does not turn meanwhile.
 * `runtime/host/owned.ts` implements it.
 */
export interface OwnedThread {
  /** By which other threads wake it from its park, in whatever they are; see `ThreadWaker.wake`. */
  readonly wakerId: number;
  /**
   * Has `look` called whenever the thread has been parked, until the function that this returns is called: for what comes
   * from other threads, and what nothing but a look tells of.
   */
  onUnpark(look: () => void): () => void;
}

/**
 * Refuses what can never go on in a thread that a runtime owns. Called before anything is begun.
 *
 * @param what - in the plural: "promises"
 * @throws NeedsNodeLoopError in such a thread
 */
export function requireNodeLoop(runtime: { readonly ownedThread: OwnedThread | null }, what: string): void {
  if (runtime.ownedThread !== null) throw new NeedsNodeLoopError(what);
}
