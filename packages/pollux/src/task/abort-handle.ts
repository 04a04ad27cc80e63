import type { Task } from "./task.ts";

/** Ends a task and asks after it, without waiting for it and without keeping its value alive for a joiner. */
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
