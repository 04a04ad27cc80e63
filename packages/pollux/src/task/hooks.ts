import type { Task } from "./task.ts";

/**
 * Called as things happen to tasks. A hook must not wake, spawn or abort; one that throws is reported as an
 * uncaught error. One that is not there costs one comparison.
 */
export interface Hooks {
  onSpawn?(task: Task): void;
  onPollStart?(task: Task): void;
  onPollEnd?(task: Task): void;
  onWake?(task: Task): void;
  onEnd?(task: Task): void;
}
