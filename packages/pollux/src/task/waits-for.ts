import { Frame } from "../core/frame.ts";
import type { Future } from "../core/future.ts";
import type { Task } from "./task.ts";

/** The name that a task was spawned with, or that of its coroutine, for dumps. */
export function nameOf({ name, future }: Task): string | undefined {
  return name ?? (future instanceof Frame ? future.name : undefined);
}

/**
 * What a task waits for, for people to read: the coroutines from its own to the innermost, and the future at the end of
 * the chain, as `"main > fetchUser > Sleep"`; compiled coroutines with the line that waits. Empty for a task that has ended.
 *
 * @example
 * ```ts
 * const hooks: Hooks = {
 *   onPollEnd: (task) => {
 *     if (!task.isComplete) console.log(`${task.name} waits for ${waitsFor(task)}`);
 *   },
 * };
 * ```
 */
export function waitsFor(task: Task): string {
  const chain: string[] = [];
  let at: Future<unknown> | null = task.future;
  while (at instanceof Frame) {
    const place = at.place;
    chain.push(place === null ? at.name : `${at.name} (${place.file}:${place.line})`);
    at = at.awaited;
  }
  if (at !== null) chain.push(at.constructor.name);
  return chain.join(" > ");
}
