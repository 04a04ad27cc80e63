import { Frame } from "../core/frame.ts";
import type { Future } from "../core/future.ts";
import type { Place } from "../core/places.ts";
import type { Task } from "./task.ts";

/** One coroutine of a task that waits. */
export interface SuspendedFrame {
  /** The coroutine's name. */
  readonly name: string;
  /** Where it waits, and what it holds; `null` if it was not compiled. */
  readonly place: Place | null;
}

/**
 * The coroutines of a task from its own to the innermost, each with the line where it waits and its live variables. Compiled
 * coroutines tell; of others there is the name. Empty for a task that has ended.
 *
 * @example
 * ```ts
 * const hooks: Hooks = {
 *   onPollEnd: (task) => {
 *     for (const { name, place } of suspendedFrames(task)) {
 *       console.log(name, place?.file, place?.line, place?.variables);
 *     }
 *   },
 * };
 * ```
 */
export function suspendedFrames(task: Task): SuspendedFrame[] {
  const frames: SuspendedFrame[] = [];
  let at: Future<unknown> | null = task.future;
  while (at instanceof Frame) {
    frames.push({ name: at.name, place: at.place });
    at = at.awaited;
  }
  return frames;
}
