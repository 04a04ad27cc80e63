import type { Executor } from "../task/executor.ts";
import { type Task, TaskBit } from "../task/task.ts";
import { waitsFor } from "../task/waits-for.ts";

/** The tasks of a runtime that have not ended, a line each, by group. */
export function dump(executor: Executor): string {
  const lines: string[] = [];
  for (const { group, tasks } of executor.liveTasks()) {
    lines.push(`${group}:`);
    for (const task of tasks) lines.push(`  ${describe(task)}`);
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
  return `${task.describe()}: ${state} in ${waitsFor(task)}`;
}
