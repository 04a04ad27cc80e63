import type { Task } from "./task.ts";

/**
 * Ends a task and asks after it, without waiting for it and without keeping its value alive for a joiner.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const handle = spawn(sleep(60_000));
 *   const stop = handle.abortHandle();
 *   stop.abort();
 *   yield* allSettled([handle]);
 *   console.log(stop.isFinished); // true
 * });
 * await run(main());
 * ```
 */
export class AbortHandle {
  private readonly task: Task;

  /** @internal */
  constructor(task: Task) {
    this.task = task;
  }

  /** See `JoinHandle.abort`. */
  abort(reason?: unknown): void {
    this.task.abort(reason);
  }

  get isFinished(): boolean {
    return this.task.isComplete;
  }

  get id(): number {
    return this.task.id;
  }

  get name(): string | undefined {
    return this.task.name;
  }
}
