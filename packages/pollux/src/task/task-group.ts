import type { Task } from "./task.ts";

/**
 * The tasks that belong together: a scope's, a set's, or those that were spawned detached. Each running task is in
 * exactly one group, so the groups are the tree that a dump shows.
 *
 * Invariant: `tasks[task.place] === task` for each task that has not ended. The order is lost as tasks leave.
 */
export class TaskGroup {
  readonly name: string;
  private readonly tasks: Task[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** How many tasks of the group have not ended. */
  get size(): number {
    return this.tasks.length;
  }

  /** Called by the executor when it spawns a task into the group. */
  add(task: Task): void {
    const { tasks } = this;
    task.place = tasks.length;
    tasks[task.place] = task; // V8 inlines it; a `push` it calls.
  }

  /** Called by the task when it has ended; the last one takes its place. */
  remove(task: Task): void {
    const last = this.tasks.pop() as Task;
    if (last === task) return;
    this.tasks[task.place] = last;
    last.place = task.place;
  }

  /** Called when a task of the group has ended and left it, before its joiners are woken. */
  onEnd(_task: Task): void {}

  /** Asks all tasks to end, in the order in which they were spawned. */
  abortAll(reason: unknown): void {
    for (const task of this) task.abort(reason);
  }

  /** The tasks in the order in which they were spawned, as they are now. */
  [Symbol.iterator](): Iterator<Task> {
    return [...this.tasks].sort((a, b) => a.id - b.id)[Symbol.iterator]();
  }
}
