import { Executor, type ExecutorParts } from "../../src/task/executor.ts";
import type { Host } from "../../src/task/host.ts";
import type { Task } from "../../src/task/task.ts";
import { Timers } from "../../src/time/timers.ts";

/** A host's loop that the test turns by hand, with a clock that moves only when it is told to. */
export class FakeHost implements Host {
  time = 0;
  readonly microtasks: (() => void)[] = [];
  readonly turns: (() => void)[] = [];
  readonly timers: { due: number; task: () => void }[] = [];
  readonly warnings: string[] = [];
  readonly errors: unknown[] = [];

  now(): number {
    return this.time;
  }

  microtask(task: () => void): void {
    this.microtasks.push(task);
  }

  turn(task: () => void): void {
    this.turns.push(task);
  }

  timer(task: () => void, ms: number): () => void {
    const timer = { due: this.time + ms, task };
    this.timers.push(timer);
    return () => {
      const i = this.timers.indexOf(timer);
      if (i >= 0) this.timers.splice(i, 1);
    };
  }

  uncaught(error: unknown): void {
    this.errors.push(error);
  }

  onLoopEmpty(): () => void {
    return () => {};
  }

  warn(text: string): void {
    this.warnings.push(text);
  }

  captureContext(): null {
    return null;
  }

  ownContext(run: () => void): void {
    run();
  }

  /** Runs the microtasks that are there, and those that they make: what a loop does before it goes on. */
  runMicrotasks(): void {
    for (let task = this.microtasks.shift(); task !== undefined; task = this.microtasks.shift()) task();
  }

  /** One turn of the loop: microtasks, timers that are due, and what was asked for before the turn began. */
  turnLoop(): void {
    this.runMicrotasks();
    for (const timer of [...this.timers].filter(({ due }) => due <= this.time)) {
      this.timers.splice(this.timers.indexOf(timer), 1);
      timer.task();
      this.runMicrotasks();
    }
    for (const task of this.turns.splice(0)) {
      task();
      this.runMicrotasks();
    }
  }
}

/** An executor in a loop that the test turns, and what it reported. */
export function fakeExecutor(parts: Partial<ExecutorParts> = {}): {
  host: FakeHost;
  executor: Executor;
  unhandled: { error: unknown; task: Task }[];
} {
  const host = new FakeHost();
  const unhandled: { error: unknown; task: Task }[] = [];
  const executor: Executor = new Executor({
    host,
    timers: new Timers({ host, isIdle: () => executor.isIdle }),
    cleanupLimit: Number.POSITIVE_INFINITY,
    asyncContext: false,
    hooks: null,
    onUnhandledError: (error, task) => unhandled.push({ error, task }),
    ...parts,
  });
  return { host, executor, unhandled };
}
