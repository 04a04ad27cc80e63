import type { Hooks } from "../task/hooks.ts";
import type { Task } from "../task/task.ts";

/** A poll that took too long. */
export interface SlowPoll {
  readonly task: Task;
  /** How long it took, in ms, with the polls that were nested in it. */
  readonly ms: number;
}

/** Hooks that measure polls; made by {@link slowPolls}. */
export interface SlowPolls extends Hooks {
  /** The longest poll so far, in ms. */
  readonly longest: number;
}

/**
 * Hooks that tell of polls which took longer than `limit` ms, when they have ended: each held up all other tasks, timers
 * and I/O for so long. They read the clock twice for each poll. A poll that never ends is for the `watchdog`.
 *
 * @param limit - ms, 0 or more
 * @param report - must not wake, spawn or abort
 * @throws RangeError if `limit` is negative or not a number
 *
 * @example
 * ```ts
 * const slow = slowPolls(20, ({ task, ms }) => console.log(task.name, ms >= 20));
 * const main = co(function* main() {
 *   for (const end = performance.now() + 25; performance.now() < end; ); // main true
 * });
 * await new Runtime({ hooks: slow }).run(main());
 * console.log(slow.longest >= 20); // true
 * ```
 */
export function slowPolls(limit: number, report: (poll: SlowPoll) => void): SlowPolls {
  if (!(limit >= 0)) throw new RangeError(`slowPolls needs a limit in ms, 0 or more; got ${limit}`);
  // A stack: a join polls the task that it waits for within its own poll.
  const began: number[] = [];
  let longest = 0;
  return {
    get longest(): number {
      return longest;
    },
    onPollStart(): void {
      began.push(performance.now());
    },
    onPollEnd(task: Task): void {
      const start = began.pop();
      if (start === undefined) return; // It began before these hooks were there.
      const ms = performance.now() - start;
      longest = Math.max(longest, ms);
      if (ms > limit) report({ task, ms });
    },
  };
}
