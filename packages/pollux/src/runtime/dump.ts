import { Frame } from "../core/frame.ts";
import type { Future } from "../core/future.ts";
import type { Executor } from "../task/executor.ts";
import { type Task, TaskBit } from "../task/task.ts";

/** The tasks of a runtime that have not ended, a line each, by group. */
export function dump(executor: Executor): string {
  const lines: string[] = [];
  for (const group of executor.liveGroups()) {
    lines.push(`${group.name}:`);
    for (const task of group) lines.push(`  ${describe(task)}`);
  }
  return lines.join("\n");
}

function describe(task: Task): string {
  const { bits } = task;
  const state =
    (bits & TaskBit.Running) !== 0
      ? "running"
      : (bits & TaskBit.Notified) !== 0
        ? "runnable"
        : (bits & TaskBit.Cancelled) !== 0
          ? "cleaning up"
          : "waiting";
  return `${task.describe()}: ${state} in ${waitsFor(task.future)}`;
}

/** The coroutines from the task's own to the innermost, and the future at the end of the chain. */
function waitsFor(future: Future<unknown> | null): string {
  const chain: string[] = [];
  let at = future;
  while (at instanceof Frame) {
    chain.push(at.name);
    at = at.awaited;
  }
  if (at !== null) chain.push(at.constructor.name);
  return chain.join(" > ");
}
