import type { Task } from "./task.ts";

/**
 * Called as things happen to tasks; given to a runtime in its options, or with `Runtime.observe`. A hook must not wake,
 * spawn or abort; one that throws is reported as an uncaught error. Without any, each event costs one comparison.
 */
export interface Hooks {
  /** A task was made, and is about to be queued for its first poll. */
  onSpawn?(task: Task): void;
  /** A task is about to be polled, or its cancel to be driven. */
  onPollStart?(task: Task): void;
  /** The poll is over: the task waits, is to be polled again, or is complete. */
  onPollEnd?(task: Task): void;
  /** A task was made runnable; a wake of one that is runnable already is not told. */
  onWake?(task: Task): void;
  /** A task is complete: with a value, an error, or cancelled and cleaned up. Its joiners are woken after this. */
  onEnd?(task: Task): void;
}
