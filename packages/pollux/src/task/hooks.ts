import type { Task } from "./task.ts";

/**
 * Called as things happen to tasks; given to a runtime in its options, or with `Runtime.observe`. A hook must not wake,
 * spawn or abort; one that throws is reported as an uncaught error. Without any, each event costs one comparison.
 */
export interface Hooks {
  onSpawn?(task: Task): void;
  onPollStart?(task: Task): void;
  onPollEnd?(task: Task): void;
  onWake?(task: Task): void;
  onEnd?(task: Task): void;
}
