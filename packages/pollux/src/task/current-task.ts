import { ambient } from "../core/ambient.ts";
import type { Context } from "../core/context.ts";
import { NoContextError } from "../core/errors.ts";
import type { Task } from "./task.ts";

/** The task that a context belongs to; `null` for one that was made outside of any executor. */
export function taskOf(cx: Context | null): Task | null {
  const task = cx?.task;
  return task !== undefined && "extras" in task ? (task as Task) : null;
}

/**
 * Tells which task the calling code runs in.
 *
 * @returns its `id`, which is unique among the tasks of one runtime, and the `name` that it was spawned with
 * @throws NoContextError outside of any task
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   console.log(currentTask().name); // main
 * });
 * await run(main());
 * ```
 */
export function currentTask(): { id: number; name: string | undefined } {
  const task = taskOf(ambient.cx);
  if (task === null) throw new NoContextError("currentTask()");
  return { id: task.id, name: task.name };
}
