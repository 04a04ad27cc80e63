import type { ReactorSlot } from "../core/context.ts";
import { describe } from "../core/errors.ts";
import type { Executor } from "../task/executor.ts";
import { waitsFor } from "../task/waits-for.ts";

/**
 * What may still wake a task: `"nothing"`, the host's loop being empty; only `"code outside"`, as the runtime has no timer
 * and waits for nothing that it knows of; or more than that.
 */
export type Rest = "nothing" | "code outside" | "timers or I/O";

/**
 * What makes a dump. `runtime/take-snapshot.ts` puts itself here when it is loaded, and a program that imports Pollux
 * loads it. A bundler leaves it out where nothing of it is used, for it is as large as an executor; dumps then are the
 * short list that stands here at first.
 */
export const dumper: { dump: (executor: Executor, rest: Rest) => string } = { dump: list };

/** The reactor, if there is one, and the tasks that have not ended, a line each. */
function list(executor: Executor): string {
  const lines = executor.reactor === undefined ? [] : [reactorText(executor.reactor)];
  for (const { group, tasks } of executor.liveTasks())
    lines.push(`${group}:`, ...tasks.map((task) => `  ${task.describe()} in ${waitsFor(task)}`));
  return lines.join("\n");
}

/** Which reactor runs, and why, where another would have been better. */
export function reactorText({ name, why }: Pick<ReactorSlot, "name" | "why">): string {
  return `reactor: ${name}${why === undefined ? "" : ` (${why})`}`;
}

/** A dump for a report that must not fail: one that throws is told in its place. */
export function dumpOrWhy(executor: Executor, rest: Rest): string {
  try {
    return dumper.dump(executor, rest);
  } catch (error) {
    return `the tasks cannot be listed: ${describe(error)}`;
  }
}
