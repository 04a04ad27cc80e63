import type { OwnedThread } from "../core/owned-thread.ts";
import type { Hooks } from "./hooks.ts";

/**
 * What the executor needs of the program it runs in. `runtime/host/` has one for Node and one for the Web's globals; a
 * test or an embedder can write its own.
 */
export interface Host {
  /** Milliseconds on a monotonic clock, with fractions. */
  now(): number;
  /** Runs `task` after the code that is running now, before the host's loop goes on. */
  microtask(task: () => void): void;
  /** Runs `task` once the host's loop has turned: timers and I/O that were ready have had their chance. */
  turn(task: () => void): void;
  /** Runs `task` after `ms` (at most 2^31 - 1); the host stays alive for it. Returns what takes it back. */
  timer(task: () => void, ms: number): () => void;
  /** Reports an error that nobody handled, as loudly as the host reports an uncaught one. Does not throw itself. */
  uncaught(error: unknown): void;
  /**
   * Calls `report` if the loop runs empty, so that the host is about to end though something is unfinished, and makes
   * the host's exit a failure then. Returns what takes it back.
   */
  onLoopEmpty(report: () => void): () => void;
  /** Writes a line where a person who runs the program looks for trouble. */
  warn(text: string): void;
  /** The async context that is current now, as a function that runs another one in it; `null` if it holds nothing. */
  captureContext(): ((run: () => void) => void) | null;
  /**
   * Hooks for those that listen at the host, such as to `node:diagnostics_channel`; `null` while nobody does. Asked at the
   * beginning of each drain.
   */
  diagnostics?(): Hooks | null;
  /** The thread, where the host is all that turns in it; see `blockOn`. */
  readonly ownedThread?: OwnedThread;
  /** Whether runtimes track origins that do not say themselves; see `RuntimeOptions`. */
  readonly trackOrigins?: boolean;
  /** Runs `run` outside of every caller's async context, in one that belongs to the runtime. */
  ownContext(run: () => void): void;
}
