import { LinkedList } from "../core/list.ts";
import type { Task } from "./task.ts";

/**
 * The tasks that belong together: a scope's, a set's, or those that were spawned detached. Each running task is in
 * exactly one group, so the groups are the tree that a dump shows.
 */
export class TaskGroup extends LinkedList<Task> {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }

  /** Called when a task of the group has ended and left it. */
  onEnd(_task: Task): void {}

  /** Asks all tasks to end. */
  abortAll(reason: unknown): void {
    for (const task of this) task.abort(reason);
  }
}
